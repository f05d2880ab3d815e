"""What the product is asked for on the way to a wall: a weekly file to go by, and rules."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from seawall.cli.main import app
from tests.support.weekly import encoded, record
from tests.walls.places import RANGES, REGISTRY

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_weekly(folder: Path, changes: Mapping[str, tuple[str, ...]], change: int) -> Path:
    """Write a weekly file whose ranges lead to the laboratory, but for some tags; return where it is."""
    values = [
        record(name, ranges, change, region=name.partition(".")[2].lower() if name.endswith("US") else "")
        for name, ranges in {**RANGES, **changes}.items()
    ]
    file = Path(tempfile.mkstemp(suffix=".json", prefix=f"tags-{change}-", dir=folder)[1])
    file.write_bytes(encoded({"changeNumber": change, "cloud": "Public", "values": values}))
    return file


def write_rules(*options: str, tags: Path) -> str:
    """Run `seawall rules` for the registry, in this process to save its start; return what it printed."""
    words = ["rules", REGISTRY, *options, "--service-tags", str(tags)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, f"seawall {' '.join(words)}: {done.output}\n{done.exception!r}"
    return done.stdout
