"""The parent process: starts workers, replaces those that die, renews them, and stops them.

Workers are forked, so that what they have in common is in memory once; each then opens its own sockets on the same
ports (``SO_REUSEPORT``), so the kernel spreads connections over them and one's death does not touch the others.

SIGTERM, SIGINT: stop, finishing what is in flight. SIGHUP, or a certificate file that changes: replace workers one by
one; new ones read certificates anew, old ones finish what is in flight however long it takes.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkProcess
    from multiprocessing.synchronize import Event
    from types import FrameType

    from seawall.server.node import Node

    _Work = Callable[[Node, Event], None]

__all__ = ["PortError", "StartError", "check_ports", "supervise"]

_STOPPING: Final = {signal.SIGTERM}
_CHECK_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.01
_CRASH_PAUSE_SECONDS: Final = 1.0
_SOON_SECONDS: Final = 60.0
_START_SECONDS: Final = 30.0
_RENEW_SECONDS: Final = 12 * 3600.0


class StartError(RuntimeError):
    """A worker did not come up. The message says where to look."""


class PortError(OSError):
    """A port cannot be listened on. The message says which, why, and what to do."""


def check_ports(node: Node) -> None:
    """Try every address.

    With ``SO_REUSEPORT`` a second server of the same user would share a port in silence.

    Raises:
        PortError: For the first that does not work.
    """
    # All are held until the last is tried, so that two doors on one address are noticed too.
    with contextlib.ExitStack() as probes:
        for address, port in [*((one.address, one.port) for one in node.listeners), node.operations]:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            probe = probes.enter_context(socket.socket(family, socket.SOCK_STREAM))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen()
            except OSError as error:
                raise PortError(f"cannot listen on {address}:{port}: {error.strerror}; choose another port") from None


def supervise(node: Node, ready: Callable[[], None]) -> None:
    """Run a node until it is told to stop.

    Args:
        node: What to run.
        ready: Called once every worker answers.
    """
    check_ports(node)
    metrics = _make_metrics_directory(node.state.root)
    try:
        Supervisor(node).run(ready)
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


class Worker(NamedTuple):
    """A process, whether it has begun its work yet, when it was started (monotonic seconds), and the work."""

    process: ForkProcess
    listening: Event
    started: float
    work: _Work


class Supervisor:
    """The workers of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._workers: list[Worker] = []
        self._retiring: list[Worker] = []
        self._stopping = False
        self._renewing = False
        self._certificates = _versions(node)
        self._next_renewal = time.monotonic() + _RENEW_SECONDS

    def run(self, ready: Callable[[], None]) -> None:
        """Run until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._renew)
        # Imported before forking, to be shared; after the metrics directory is known, which the library needs.
        import seawall.server.replicator  # noqa: PLC0415
        import seawall.server.worker  # noqa: F401, PLC0415

        gc.collect()
        gc.freeze()
        self._workers = [self._start(_serve) for _ in range(self._node.workers)]
        # Last, so that it is replaced last as well: a new worker may have to fetch from other regions for itself.
        self._workers.append(self._start(_replicate))
        try:
            if self._await_listening(self._workers):
                ready()
            elif not self._stopping:
                raise StartError("a worker process did not start; its message is above")
            while not self._stopping and not _is_orphan():
                wait([worker.process.sentinel for worker in self._workers], timeout=_CHECK_SECONDS)
                if self._renewing or self._certificates_changed():
                    self._replace_all()
                self._replace_dead()
        finally:
            self._end([*self._workers, *self._retiring])

    def _start(self, work: _Work) -> Worker:
        context = multiprocessing.get_context("fork")
        listening = context.Event()
        process = context.Process(target=work, args=(self._node, listening))
        # A signal that came to the child before it has handlers of its own would only be noted in its copy of ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        return Worker(process, listening, time.monotonic(), work)

    def _await_listening(self, workers: list[Worker]) -> bool:
        """Wait until workers listen; return whether all do."""
        until = time.monotonic() + _START_SECONDS
        while not all(worker.listening.is_set() for worker in workers):
            if self._stopping or time.monotonic() > until:
                return False
            if any(worker.process.exitcode is not None for worker in workers):
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _replace_dead(self) -> None:
        self._retiring = [worker for worker in self._retiring if worker.process.exitcode is None]
        for index, worker in enumerate(self._workers):
            if worker.process.exitcode is not None and not self._stopping:
                if time.monotonic() - worker.started < _SOON_SECONDS:
                    time.sleep(_CRASH_PAUSE_SECONDS)
                self._workers[index] = self._start(worker.work)

    def _certificates_changed(self) -> bool:
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + _RENEW_SECONDS
            try:
                self._node.renew_certificates()
            except (OSError, ValueError) as error:
                _tell(f"certificates could not be renewed: {error}")
        return _versions(self._node) not in {self._certificates, None}

    def _replace_all(self) -> None:
        self._renewing = False
        self._certificates = _versions(self._node)
        for index, old in enumerate(self._workers):
            new = self._start(old.work)
            # Only once the new one listens does the old one stop: no connection is refused in between, and a
            # certificate that cannot be used costs nothing but a message.
            if not self._await_listening([new]):
                self._end([new])
                if not self._stopping:
                    _tell("new workers do not start; the old ones go on")
                return
            self._workers[index] = new
            _tell_to_retire(old)
            self._retiring.append(old)

    def _end(self, workers: list[Worker]) -> None:
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + self._node.shutdown_seconds + 1
        for worker in workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        self._renewing = True


def _is_orphan() -> bool:
    """Say whether whoever runs several nodes, and this one among them, is gone; a node by itself never is one."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _tell_to_retire(worker: Worker) -> None:
    if worker.process.pid is not None and worker.process.exitcode is None:
        os.kill(worker.process.pid, signal.SIGUSR1)


def _tell(message: str) -> None:
    print(f"seawall: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the workers' log is not the parent's


def _versions(node: Node) -> tuple[tuple[int, int], ...] | None:
    """Tell the certificate files of a moment from those of another; ``None`` while one is being replaced."""
    try:
        stats = [path.stat() for one in node.listeners for path in (one.certificate, one.key)]
    except OSError:
        return None
    return tuple((stat.st_ino, stat.st_mtime_ns) for stat in stats)


def _serve(node: Node, listening: Event) -> None:
    from seawall.server.worker import run_worker  # noqa: PLC0415 - see run()

    _heed_signals()
    run_worker(node, listening.set)


def _replicate(node: Node, listening: Event) -> None:
    from seawall.server.replicator import run_replicator  # noqa: PLC0415 - see run()

    _heed_signals()
    run_replicator(node, listening.set)


def _heed_signals() -> None:
    # The parent is told to stop first, and tells us; a terminal's Ctrl-C reaches everybody at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _make_metrics_directory(state: Path) -> Path:
    # The library maps sparse files, and a full disk then kills whoever counts (SIGBUS): keep them off the state's disk.
    name = f"seawall-{hashlib.sha256(str(state).encode()).hexdigest()[:16]}"
    for directory in (Path("/dev/shm") / name, state / "metrics"):  # noqa: S108 - 0700, and not another user's
        shutil.rmtree(directory, ignore_errors=True)
        try:
            directory.mkdir(mode=0o700)
        except OSError:
            continue
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
        return directory
    raise OSError(f"no place for metrics in {state}")
