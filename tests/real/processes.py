"""What Linux says about processes: who belongs to whom, and who listens."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import subprocess

PROC: Final = Path("/proc")
LISTENING: Final = "0A"


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    group: int
    alive: bool


def all_processes() -> list[Process]:
    """Everything that runs; what ends meanwhile is left out."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The second field is the name in brackets and may hold anything, so count from its end.
            state, parent, group, *_ = (folder / "stat").read_text().rpartition(") ")[2].split()
            found.append(Process(int(folder.name), int(parent), int(group), alive=state not in "ZX"))
    return found


def wait_for_end_of_group(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while left := [process.pid for process in all_processes() if process.group == group and process.alive]:
        assert time.monotonic() < deadline, f"still running after SIGKILL: {left}"
        time.sleep(0.005)


def kill_group(leader: subprocess.Popen[bytes], seconds: float) -> None:
    """Kill every process of a group at once, as a power cut would, and wait until none is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait(seconds)
    wait_for_end_of_group(leader.pid, seconds)


def workers(supervisor: int, port: int) -> set[int]:
    """The descendants that serve a port: those that hold its listening socket and have no such child."""
    everything = [process for process in all_processes() if process.alive]
    family = {supervisor}
    while more := {process.pid for process in everything if process.parent in family} - family:
        family |= more
    inodes = _listening_inodes(port)
    serving = {pid for pid in family - {supervisor} if _sockets(pid) & inodes}
    return serving - {process.parent for process in everything if process.pid in serving}


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                    inodes.add(rest[5])
    return inodes


def _sockets(pid: int) -> set[str]:
    inodes = set()
    with contextlib.suppress(OSError):
        for handle in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(handle.readlink()).removeprefix("socket:[").removesuffix("]"))
    return inodes
