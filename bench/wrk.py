"""GET load from wrk: rates and latencies, taken only when every response was whole and a success."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.client import ACCEPT, Client, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Sequence

THREADS = 2
CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value, in the unit of its row, and where it applies the 99th percentile of latency."""

    value: float
    p99_ms: float | None = None
    busy: float | None = None
    """The share of the processors' time that was used, by the load and the server together."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of one origin, and what each answer must be."""

    origin: str
    authority: Path
    token: str | None
    paths: tuple[str, ...]
    status: int
    length: int
    """Bytes of the shortest body."""


def measure(target: Target, seconds: int, warm_seconds: int) -> Reading:
    """Requests a second over `seconds`, after a warm-up that is not counted."""
    check(target)
    if warm_seconds:
        # A server that takes seconds for an answer may not give one before the warm-up is over.
        _run(target, warm_seconds, least=0)
    return _run(target, seconds)


def check(target: Target) -> None:
    """Ask for every path once: wrk itself looks at no body and takes any status below 400 for a success."""
    client = Client(target.origin, target.authority, target.token)
    for path in target.paths:
        answer = client.send("GET", path, target.status)
        if len(answer.body) < target.length:
            raise UnexpectedAnswerError(f"{target.origin}{path}: {len(answer.body)} bytes, not {target.length}")
    client.close()


def _run(target: Target, seconds: int, least: int = 1) -> Reading:
    headers = [f"Accept: {ACCEPT}"]
    if target.token is not None:
        headers.append(f"Authorization: Bearer {target.token}")
    command: Sequence[str] = [
        "wrk",
        f"--threads={THREADS}",
        f"--connections={CONNECTIONS}",
        f"--duration={seconds}s",
        "--timeout=20s",
        f"--script={SCRIPT}",
        *(f"--header={header}" for header in headers),
        target.origin,
        "--",
        *target.paths,
    ]
    began = _processor_ticks()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    idle, whole = (after - before for after, before in zip(_processor_ticks(), began, strict=True))
    result: dict[str, int] = json.loads(output.rpartition("RESULT ")[2])
    faults = {name: result[name] for name in ("refused", "connect", "read", "write", "timeout") if result[name]}
    if faults or result["requests"] < least:
        raise UnexpectedAnswerError(f"wrk on {target.origin}{target.paths[0]}: {faults or 'no answer'}")
    if result["bytes"] < result["requests"] * target.length:
        raise UnexpectedAnswerError(f"wrk on {target.origin}{target.paths[0]}: bodies were cut short")
    return Reading(
        value=result["requests"] / result["microseconds"] * 1e6,
        p99_ms=result["p99"] / 1e3,
        busy=1 - idle / whole,
    )


def _processor_ticks() -> tuple[int, int]:
    """Clock ticks of all processors since the machine started: those without work, and all of them."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
