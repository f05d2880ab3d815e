"""The words above every rule set: what it is for, what it opens, and why each line is there. Pure.

Nothing here depends on the time of day: the same rules are the same text, so that a changed file means changed rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import Exposure, RuleSet

__all__ = ["comment", "exposure", "reasons", "summary"]


def summary(rules: RuleSet) -> Iterator[str]:
    """Say in a few lines what a rule set is, without its reasons."""
    yield f"Rules for {rules.title}. Written by seawall."
    if rules.basis:
        yield f"From the service-tag file {rules.basis}."
    yield f"Opens {exposure(rules.exposure)}."
    for more in rules.exposure.more:
        yield f"Also opens {more}."
    for note in rules.notes:
        yield f"Note: {note}"


def reasons(rules: RuleSet) -> Iterator[str]:
    """Say for each flow why it is let through, a line each."""
    for rule in rules.rules:
        flow = rule.flow
        what = ", ".join(rule.tags) if rule.tags else flow.host
        yield f"{what} (TCP {flow.port}): {flow.why}{'; optional' if flow.extra else ''}"


def exposure(opened: Exposure) -> str:
    """Say how much is opened, in numbers."""
    parts = []
    if opened.names:
        parts.append(f"{opened.names} exact host name{'s' if opened.names != 1 else ''}")
    if opened.patterns:
        parts.append(f"{opened.patterns} wildcard{'s' if opened.patterns != 1 else ''}")
    if opened.v4:
        parts.append(f"{opened.v4:,} IPv4 addresses")
    if opened.v6:
        parts.append(f"IPv6 ranges of {opened.v6:.1e} addresses")
    return " and ".join(parts) or "service tags that Azure keeps up to date"


def comment(rules: RuleSet, mark: str = "# ") -> str:
    """Write summary and reasons as comment lines."""
    return "".join(f"{mark}{line}\n" for line in (*summary(rules), *reasons(rules)))
