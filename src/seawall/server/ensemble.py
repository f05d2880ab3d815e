"""Several regions on one machine: a supervisor for each, in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final

from seawall.server.supervisor import PortError, StartError, supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.context import ForkProcess
    from multiprocessing.synchronize import Event
    from types import FrameType

    from seawall.server.node import Node

__all__ = ["supervise_all"]

_POLL_SECONDS: Final = 0.01
_CHECK_SECONDS: Final = 1.0
_SLACK_SECONDS: Final = 5.0


def supervise_all(nodes: Sequence[Node], ready: Callable[[], None]) -> None:
    """Run nodes until told to stop; when one ends, all do.

    Args:
        nodes: What to run.
        ready: Called once every worker of every node answers.

    Raises:
        StartError: One did not come up, or ended.
        PortError: A port cannot be listened on.
    """
    if len(nodes) == 1:
        supervise(nodes[0], ready)
        return
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    context = multiprocessing.get_context("fork")
    events = [context.Event() for _ in nodes]
    processes = [context.Process(target=_run, args=pair) for pair in zip(nodes, events, strict=True)]
    for process in processes:
        process.start()
    try:
        told = False
        while not stopping:
            wait([process.sentinel for process in processes], timeout=_CHECK_SECONDS if told else _POLL_SECONDS)
            if any(process.exitcode is not None for process in processes):
                raise StartError("a region's node ended; its message is above")
            if not told and all(event.is_set() for event in events):
                ready()
                told = True
    finally:
        _end(processes, max(node.shutdown_seconds for node in nodes) + _SLACK_SECONDS)


def _run(node: Node, listening: Event) -> None:
    try:
        supervise(node, listening.set)
    except (PortError, StartError) as error:
        raise SystemExit(f"seawall: {node.region}: {error}") from None


def _end(processes: Sequence[ForkProcess], seconds: float) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()
