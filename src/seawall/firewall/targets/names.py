"""Host names as walls go by them: the reason for each, and which pattern holds which name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.firewall.rules import RuleSet

__all__ = ["holds", "reasons_by_name", "without_held"]


def reasons_by_name(rules: RuleSet, port: int) -> dict[str, str]:
    """Say for each name and pattern on a port why it is there; the first flow speaks for those it shares one with."""
    found: dict[str, str] = {}
    for rule in rules.rules:
        if rule.flow.port == port:
            for name in rule.names:
                found.setdefault(name, rule.flow.why)
    return found


def holds(pattern: str, name: str) -> bool:
    """Say whether a pattern, with its parent, holds a name or all of another pattern; a name holds nothing."""
    parent = pattern.removeprefix("*.")
    return pattern.startswith("*.") and f".{name.removeprefix('*.')}".endswith(f".{parent}")


def without_held(names: Iterable[str]) -> list[str]:
    """Leave out what another one's subtree holds already."""
    every = list(names)
    return [name for name in every if not any(holds(other, name) for other in every if other != name)]
