"""Telling others how upkeep went: a webhook, and metrics in a file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import typer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["tell", "write_metrics"]

_SECONDS: Final = 15.0


def tell(url: str, report: str) -> None:
    """Send a report to a webhook. That nobody hears it is said, and no reason to fail: the wall comes first."""
    import httpx  # noqa: PLC0415 - slow to import, not always needed

    try:
        httpx.post(
            url, content=report.encode(), headers={"Content-Type": "application/json"}, timeout=_SECONDS
        ).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, ImportError, ValueError, OSError) as error:
        # Never the address itself: webhooks have secrets in theirs.
        typer.echo(f"seawall: the webhook was not told: {type(error).__name__}", err=True)


def write_metrics(path: Path, report: dict[str, Any]) -> None:
    """Write what a run did as a file for the text file collector of Prometheus's node exporter."""
    from seawall.durable import READABLE, replace_file  # noqa: PLC0415

    good = report["status"] in {"changed", "unchanged"}
    lines = [
        "# HELP seawall_upkeep_current Whether the last run left the rules current.",
        "# TYPE seawall_upkeep_current gauge",
        f"seawall_upkeep_current {int(good)}",
        "# HELP seawall_upkeep_run_timestamp_seconds When the last run was.",
        "# TYPE seawall_upkeep_run_timestamp_seconds gauge",
        f"seawall_upkeep_run_timestamp_seconds {time.time():.0f}",
    ]
    for name, words, value in (
        ("addresses", "IPv4 addresses let through.", report.get("ipv4_addresses")),
        ("added", "Ranges added by the last run.", _count(report.get("added"))),
        ("removed", "Ranges removed by the last run.", _count(report.get("removed"))),
    ):
        if value is not None:
            full = f"seawall_upkeep_{name}"
            lines += [f"# HELP {full} {words}", f"# TYPE {full} gauge", f"{full} {value}"]
    try:
        replace_file(path, ("\n".join(lines) + "\n").encode(), READABLE)
    except OSError as error:
        typer.echo(f"seawall: {path}: metrics were not written: {error.strerror}", err=True)


def _count(items: list[str] | None) -> int | None:
    return None if items is None else len(items)
