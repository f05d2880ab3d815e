"""The table: medians with their spread, side by side, and the ratio to the peer."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench.results import machine
from bench.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.results import Results
    from bench.wrk import Reading

NOTES = Path(__file__).with_name("notes.md")

DOCUMENT = ROOT / "docs" / "performance.md"


@dataclass(frozen=True, slots=True)
class Row:
    """How a measured value is shown."""

    title: str
    unit: str
    lower_is_better: bool = False
    compared: bool = True
    """Whether a ratio says anything: a quotient of two values near nothing does not."""


ROWS: Mapping[str, Row] = {
    "ping": Row("`GET /v2/`", "/s"),
    "manifest-tag": Row("manifest by tag", "/s"),
    "manifest-digest": Row("manifest by digest", "/s"),
    "manifest-pushing": Row("manifest by tag, while 20 tags a second are pushed", "/s"),
    "redirect": Row("blob GET, the 307 alone", "/s"),
    "blob-64KiB": Row("blob of 64 KiB, whole pull", "/s"),
    "blob-64KiB data": Row("· the signed URL alone", "/s"),
    "blob-1MiB": Row("blob of 1 MiB, whole pull", "/s"),
    "blob-1MiB data": Row("· the signed URL alone", "/s"),
    "blob-512MiB": Row("layer of 512 MiB, one stream down", "MB/s"),
    "push-1MiB": Row("push of 1 MiB blobs, 8 clients", "/s"),
    "push-512MiB": Row("push of a 512 MiB layer, streamed", "MB/s"),
    "tags-1k": Row("page of 100 tags out of 1,000", "/s"),
    "tags-100k": Row("page of 100 tags out of 100,000", "/s"),
    "rss": Row("resident memory after the run", "MiB", lower_is_better=True),
    "pss": Row("proportional memory after the run", "MiB", lower_is_better=True),
    "rss-growth": Row("highest growth while 2 GiB pass up and down", "MiB", lower_is_better=True, compared=False),
}
"""In the order of the table."""


def table(results: Results, rounds: int) -> str:
    """The results in Markdown, with the notes that make them checkable."""
    ours, *peers = results.servers
    heads = ["", "unit", *results.servers, *([f"ratio to {peers[0]}"] if peers else [])]
    lines = ["| " + " | ".join(heads) + " |", "|---" * 2 + "|--:" * (len(heads) - 2) + "|"]
    for name, row in ROWS.items():
        if name not in results.readings:
            continue
        columns = results.readings[name]
        cells = [f"{row.title}", row.unit, *(_cell(columns.get(server)) for server in results.servers)]
        if name.startswith("tags-"):
            cells[2:] = [
                cell if results.paged[server] else f"{cell} †"
                for cell, server in zip(cells[2:], results.servers, strict=True)
            ]
        if peers:
            cells.append(_ratio(columns.get(ours), columns.get(peers[0]), row))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_notes(results, rounds)])


def _cell(readings: Sequence[Reading] | None) -> str:
    if not readings:
        return "-"
    values = [reading.value for reading in readings]
    middle = statistics.median(values)
    text = f"{middle:,.0f}" if middle >= 100 else f"{middle:,.1f}"
    if len(values) > 1 and middle:
        text += f" ±{(max(values) - min(values)) / 2 / middle * 100:.0f}%"
    tails = [reading.p99_ms for reading in readings if reading.p99_ms is not None]
    return f"{text} (p99 {statistics.median(tails):,.1f} ms)" if tails else text


def _ratio(ours: Sequence[Reading] | None, theirs: Sequence[Reading] | None, row: Row) -> str:
    if not ours or not theirs or not row.compared:
        return "-"
    own, other = (statistics.median(reading.value for reading in kept) for kept in (ours, theirs))
    return f"{own / other:.2f}x" + (" (less is better)" if row.lower_is_better else "")


def _notes(results: Results, rounds: int) -> list[str]:
    effort = results.effort
    loads = [
        reading.busy
        for columns in results.readings.values()
        for readings in columns.values()
        for reading in readings
        if reading.busy is not None
    ]
    notes = NOTES.read_text().format(
        busy=f"{min(loads, default=1.0):.0%}",
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(),
        rounds=rounds,
        seconds=effort.seconds,
        pushes=effort.pushes,
    )
    ignorant = [] if all(results.paged.values()) else ["- † ignores `n` and answers with the whole list."]
    return [notes.rstrip(), *ignorant]


def write(section: str, text: str) -> None:
    """Put a table between its markers in the document."""
    begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
    before, found, rest = DOCUMENT.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{DOCUMENT} has no {begin} … {end}")
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}")
