"""Every reading of a benchmark, and the machine they belong to."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.run import Effort
    from bench.wrk import Reading


@dataclass(slots=True)
class Results:
    """Every reading of a benchmark: row, then server, then one per round."""

    servers: Sequence[str]
    """Headings; Seawall first, then the peer that ratios are taken to."""
    paged: Mapping[str, bool]
    effort: Effort
    readings: dict[str, dict[str, list[Reading]]] = field(default_factory=dict)

    def add(self, server: str, readings: Mapping[str, Reading]) -> None:
        """Keep what one case measured in one round."""
        for row, reading in readings.items():
            self.readings.setdefault(row, {}).setdefault(server, []).append(reading)

    def save(self, path: Path) -> None:
        """Write every reading as JSON, for whoever wants more than medians."""
        document = {
            "taken": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "effort": asdict(self.effort),
            "readings": {
                row: {server: [asdict(reading) for reading in kept] for server, kept in columns.items()}
                for row, columns in self.readings.items()
            },
        }
        path.write_text(json.dumps(document, indent=1) + "\n")


def machine() -> str:
    """What the numbers depend on first."""
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "unknown")
    kernel, _, _ = platform.release().partition("-")
    return f"{os.cpu_count()} x {model}, Linux {kernel}, Python {platform.python_version()}"
