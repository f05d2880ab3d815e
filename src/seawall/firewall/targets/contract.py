"""What a firewall product is to us: what it can express, declared, and how rules are written for it. Pure.

Products differ most where they look alike. A star means one label here, any number there, and the parent as well
elsewhere; the wrong one parses, loads, and matches nothing, or too much. So each product declares what its wildcard
means (:class:`Wildcard`), and :func:`check_fit` refuses to write what would not come out as meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from seawall.firewall.rules import Way
from seawall.neighbours import neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.need import Need
    from seawall.firewall.rules import RuleSet

__all__ = ["Ability", "CannotExpressError", "Render", "RenderChange", "Target", "Wildcard", "check_fit", "write"]


class CannotExpressError(ValueError):
    """A product cannot say what is needed. The message says why, and what the next best way is."""


class Wildcard(StrEnum):
    """Which hosts a product lets through for "all under ``x``", written in its own way."""

    NONE = "no wildcards"
    LABEL = "one label"
    LABELS = "one or more labels"
    SUBTREE = "one or more labels, and the parent itself"


_WORDS: Final = {Way.NAME: "host names", Way.IP: "addresses", Way.TAG: "service tags", Way.PRIVATE_LINK: "private link"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What a product can express.

    Attributes:
        ways: What it can recognise flows by, the narrowest first.
        wildcard: What its wildcard covers.
        ipv6: Whether it takes IPv6 ranges.
        most_names: Most names in one rule set; ``None`` where no limit is known.
        most_ranges: Most address ranges in one rule set.
        atomic: How the new rules replace the old ones.
        checker: The command that checks them without applying; empty where there is none.
        caveats: What whoever uses it should know.
        source: Where all this is documented.
    """

    ways: tuple[Way, ...]
    source: str
    atomic: str
    wildcard: Wildcard = Wildcard.NONE
    ipv6: bool = True
    most_names: int | None = None
    most_ranges: int | None = None
    checker: str = ""
    caveats: tuple[str, ...] = ()


class Render(Protocol):
    """Writes a rule set; given only what :func:`check_fit` has let through."""

    def __call__(self, rules: RuleSet) -> str:
        """Return the whole text, ending in a line break."""


class RenderChange(Protocol):
    """Writes what leads from one rule set to another, address by address."""

    def __call__(self, before: RuleSet, after: RuleSet) -> str:
        """Return the whole text, ending in a line break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A product.

    Attributes:
        name: What it is called on the command line.
        title: What people call it.
        ability: What it can express.
        formats: How it can be written, the usual one first.
        suffix: How the file's name ends, by format; ``.txt`` where nothing is said.
        changes: For formats whose product can be told a change alone, how that is written.
        checks: For formats that a program on the wall itself can check, its command; the word ``FILE`` stands for the
            file.
    """

    name: str
    title: str
    ability: Ability
    formats: Mapping[str, Render]
    suffix: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, RenderChange] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)


def write(target: Target, form: str, rules: RuleSet) -> str:
    """Write a rule set in a product's language, once it is sure to come out as meant.

    Raises:
        CannotExpressError: The product cannot express it.
    """
    check_fit(target, rules)
    return target.formats[form](rules)


def check_fit(target: Target, rules: RuleSet) -> None:
    """Go on only if a product can express a rule set, all of it and no more.

    Raises:
        CannotExpressError: It cannot.
    """
    ability, title = target.ability, target.title
    # Private link is names that resolve to private addresses, or these addresses themselves.
    held = {Way.NAME for rule in rules.rules if rule.names}
    held |= {Way.IP for rule in rules.rules if rule.addresses}
    held |= {Way.TAG for rule in rules.rules if rule.tags}
    for way in sorted(held - set(ability.ways)):
        others = " or ".join(f"--by {one}" for one in ability.ways)
        raise CannotExpressError(f"{title} knows no {_WORDS[way]}; write these rules {others}")
    names = [name for port in rules.ports for name in rules.names(port)]
    patterns = [name for name in names if name.startswith("*.")]
    if patterns and ability.wildcard is Wildcard.NONE:
        raise CannotExpressError(
            f"{title} knows no wildcards, so it cannot let {patterns[0]} through. {_instead(target, rules, patterns)}"
        )
    if ability.most_names is not None and len(names) > ability.most_names:
        raise CannotExpressError(
            f"{title} holds {ability.most_names} names, and these are {len(names)}. {_fewer(rules)}"
        )
    opened = [rules.addresses(port) for port in rules.ports]
    if not ability.ipv6 and any(one.v6 for one in opened):
        ours = "leave out --dual-stack, or " if rules.need.dual_stack else ""
        raise CannotExpressError(f"{title} takes no IPv6 ranges, and there are some; {ours}write these rules by name")
    ranges = sum(len(one.cidrs) for one in opened)
    if ability.most_ranges is not None and ranges > ability.most_ranges:
        raise CannotExpressError(
            f"{title} holds {ability.most_ranges} address ranges, and these are {ranges}. {_fewer(rules)}"
        )


def _instead(target: Target, rules: RuleSet, patterns: list[str]) -> str:
    """Say how to do without patterns."""
    need = rules.need
    advice = []
    if patterns == [need.cloud.blob_wildcard] and not need.dedicated:
        command = f" (az acr update --name {need.registry} --data-endpoint-enabled)" if _is_azure(need) else ""
        advice.append(
            f"switch dedicated data endpoints on{command}, which have one exact name a region, and add --data-endpoints"
        )
    ways = [way for way in target.ability.ways if way is not Way.NAME]
    if ways:
        advice.append(f"write these rules {' or '.join(f'--by {way}' for way in ways)}")
    return f"Next best: {'; or '.join(advice) or 'put a proxy that knows names in front of it (--to squid)'}"


def _fewer(rules: RuleSet) -> str:
    """Say how to need fewer names or ranges."""
    need = rules.need
    if need.registry and not need.regions:
        return "Next best: say which regions the registry is in (--region)"
    if need.mcr and need.registry:
        return "Next best: leave out --mcr here, and let MCR through by a proxy that knows names (--to squid)"
    return "Next best: let a proxy that knows names through, and clients by it (--to squid)"


def _is_azure(need: Need) -> bool:
    return neighbours(need.cloud) is not None
