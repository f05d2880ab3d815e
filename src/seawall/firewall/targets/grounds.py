"""Why a rule is there, where several flows share one. Pure."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["address_grounds", "tag_grounds"]


def tag_grounds(rules: RuleSet, port: int, limit: int) -> dict[str, str]:
    """Say for each service tag on a port what it is for, in at most so many characters."""
    grounds: dict[str, list[str]] = {}
    for rule in rules.rules:
        for tag in rule.tags if rule.flow.port == port else ():
            grounds.setdefault(tag, []).append(rule.flow.why)
    return {tag: _short(whys, limit) for tag, whys in grounds.items()}


def address_grounds(rules: RuleSet, port: int, limit: int) -> str:
    """Say what the addresses on a port are for, in at most so many characters."""
    return _short([rule.flow.why for rule in rules.rules if rule.addresses and rule.flow.port == port], limit)


def _short(whys: list[str], limit: int) -> str:
    return shorten("; ".join(dict.fromkeys(whys)), limit, placeholder=" ...")
