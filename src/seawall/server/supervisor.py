"""The parent process: starts workers, replaces those that die, renews them, and stops them.

Workers are forked, so that what they have in common is in memory once; each then opens its own sockets on the same
ports (``SO_REUSEPORT``), so the kernel spreads connections over them and one's death does not touch the others.

SIGTERM, SIGINT: stop, finishing what is in flight. SIGHUP, or a certificate file that changes: replace workers one by
one; new ones read certificates anew.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import socket
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkProcess
    from pathlib import Path
    from types import FrameType

    from seawall.server.node import Node

__all__ = ["PortError", "check_ports", "supervise"]

_CHECK_SECONDS: Final = 1.0
_CRASH_PAUSE_SECONDS: Final = 1.0
_START_SECONDS: Final = 30.0
_RENEW_SECONDS: Final = 12 * 3600.0


class PortError(OSError):
    """A port cannot be listened on. The message says which, why, and what to do."""


def check_ports(node: Node) -> None:
    """Try every address.

    With ``SO_REUSEPORT`` a second server of the same user would share a port in silence.

    Raises:
        PortError: For the first that does not work.
    """
    for address, port in [*((one.address, one.port) for one in node.listeners), node.operations]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address.strip("[]"), port))
            except OSError as error:
                raise PortError(f"cannot listen on {address}:{port}: {error.strerror}; choose another port") from None


def supervise(node: Node, ready: Callable[[], None]) -> None:
    """Run a node until it is told to stop.

    Args:
        node: What to run.
        ready: Called once every worker answers.
    """
    check_ports(node)
    _reset_metrics(node.state.metrics)
    Supervisor(node).run(ready)


class Supervisor:
    """The workers of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._workers: list[ForkProcess] = []
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
        import seawall.server.worker  # noqa: F401, PLC0415

        gc.collect()
        gc.freeze()
        self._workers = [self._start() for _ in range(self._node.workers)]
        self._await_listening()
        if not self._stopping:
            ready()
        while not self._stopping:
            wait([worker.sentinel for worker in self._workers], timeout=_CHECK_SECONDS)
            if self._renewing or self._certificates_changed():
                self._replace_all()
            self._replace_dead()
        self._end(self._workers)

    def _start(self) -> ForkProcess:
        process = multiprocessing.get_context("fork").Process(target=_work, args=(self._node,))
        process.start()
        return process

    def _await_listening(self) -> None:
        # All workers share the ports, so the last to come is known by the number of sockets, not by an answer.
        until = time.monotonic() + _START_SECONDS
        address, port = self._node.operations
        while time.monotonic() < until and not self._stopping:
            if any(worker.exitcode is not None for worker in self._workers):
                raise RuntimeError("a worker process ended while starting; its message is above")
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                if probe.connect_ex((address.strip("[]"), port)) == 0:
                    return
            time.sleep(0.02)

    def _replace_dead(self) -> None:
        for index, worker in enumerate(self._workers):
            if worker.exitcode is not None and not self._stopping:
                _forget_metrics(worker.pid)
                time.sleep(_CRASH_PAUSE_SECONDS if worker.exitcode > 0 else 0)
                self._workers[index] = self._start()

    def _certificates_changed(self) -> bool:
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + _RENEW_SECONDS
            self._node.renew_certificates()
        return _versions(self._node) not in {self._certificates, None}

    def _replace_all(self) -> None:
        self._renewing = False
        self._certificates = _versions(self._node)
        for index, old in enumerate(self._workers):
            self._workers[index] = self._start()
            # The new one listens before the old one stops, so no connection is refused in between.
            time.sleep(_CRASH_PAUSE_SECONDS)
            self._end([old])

    def _end(self, workers: list[ForkProcess]) -> None:
        for worker in workers:
            worker.terminate()
        until = time.monotonic() + self._node.shutdown_seconds + 1
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()))
            if worker.is_alive():
                worker.kill()
                worker.join()
            _forget_metrics(worker.pid)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _renew(self, _number: int, _frame: FrameType | None) -> None:
        self._renewing = True


def _versions(node: Node) -> tuple[tuple[int, int], ...] | None:
    """Tell the certificate files of a moment from those of another; ``None`` while one is being replaced."""
    try:
        stats = [path.stat() for one in node.listeners for path in (one.certificate, one.key)]
    except FileNotFoundError:
        return None
    return tuple((stat.st_ino, stat.st_mtime_ns) for stat in stats)


def _work(node: Node) -> None:
    from seawall.server.worker import run_worker  # noqa: PLC0415 - see run()

    # The parent is told to stop first, and tells us; a terminal's Ctrl-C reaches everybody at once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    run_worker(node)


def _reset_metrics(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)


def _forget_metrics(pid: int | None) -> None:
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see run()

    if pid is not None:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
