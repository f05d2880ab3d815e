"""A look at a host from behind the wall, by curl."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.walls.lab import Lab


def status(lab: Lab, host: str, *options: str, proxy: str = "") -> int:
    """Ask a host for the registry's first page; return the status, or 0 when there is no answer."""
    words = ("--output", "/dev/null", "--write-out", "%{http_code}", *options)
    return int(lab.client.curl(f"https://{host}/v2/", *words, proxy=proxy).out or 0)


def is_shut(lab: Lab, host: str, *options: str, proxy: str = "") -> bool:
    """Say whether a host cannot be reached, by one look at it."""
    return status(lab, host, "--max-time", "0.7", *options, proxy=proxy) == 0
