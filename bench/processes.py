"""What the kernel tells of the processes of a session: what they used, and at which ports they listen."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROC = Path("/proc")
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
LISTENING = "0A"


class Process(NamedTuple):
    """A process, its parent, and the processor time it has used."""

    pid: int
    parent: int
    cpu_seconds: float


def of_session(session: int) -> list[Process]:
    """Every process of a session, the oldest first."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name in parentheses may hold anything; the fields from the third on follow the last one.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session:
                    used = (int(fields[11]) + int(fields[12])) * TICK_SECONDS
                    found.append(Process(int(entry.name), int(fields[1]), used))
    return sorted(found)


def ports_of(pid: int) -> set[int]:
    """The TCP ports at which a process listens."""
    sockets = set(_sockets(pid))
    lines = [line.split() for line in (PROC / str(pid) / "net" / "tcp").read_text().splitlines()[1:]]
    return {
        int(fields[1].rpartition(":")[2], 16) for fields in lines if fields[3] == LISTENING and fields[9] in sockets
    }


def _sockets(pid: int) -> Iterator[str]:
    for entry in (PROC / str(pid) / "fd").iterdir():
        with contextlib.suppress(OSError):
            target = str(entry.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")
