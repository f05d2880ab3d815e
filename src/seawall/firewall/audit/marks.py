"""What a configuration lets through beyond what is needed: rules that are too wide, and what has gone stale. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.contract import Action
from seawall.firewall.need import Purpose, flows
from seawall.firewall.targets.contract import Wildcard
from seawall.servicetags.prefixes import V4, V6, AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seawall.firewall.audit.contract import Opening, Pattern, Wall
    from seawall.firewall.audit.passage import Passage
    from seawall.firewall.need import Flow, Need
    from seawall.servicetags.prefixes import Spans

__all__ = ["stale_names", "stale_ranges", "too_wide"]

_LITTLE: Final = {V4: 1 << 12, V6: 1 << 84}
"""As many addresses more than needed are not worth a word."""

_RETIRED: Final = "mscr.io"
"""Where MCR kept layers once."""


def too_wide(flow: Flow, wall: Wall, passage: Passage, needed: AddressSet) -> str:
    """Say how much more the rules of a wall that let a flow through let through besides.

    Args:
        flow: The flow.
        wall: A wall.
        passage: How the flow fares there.
        needed: The addresses of all flows on its port.

    Returns:
        The words; empty when it is nothing, or little.
    """
    rules = passage.by
    if passage.default:
        return f"no rule decides, and what none decides is let through ({passage.default})"
    if any(rule.everywhere and not rule.conditions for rule in rules):
        return "lets everything through, whatever the destination"
    # A wide pattern is as wide behind an exact name.
    named = [one for one in wall.openings if one.action is Action.ALLOW and flow.port in one.ports and one.names]
    for rule in named:
        for pattern in rule.names:
            if _covers(pattern, flow) and _is_wide(pattern, flow):
                return f"lets every name under {pattern.host} through ({rule.where})"
    opened = AddressSet.union(rule.addresses for rule in rules)
    words = []
    for bits, family in ((V4, "IPv4"), (V6, "IPv6")):
        if _is_far_more(opened.family(bits) - needed.family(bits), needed.family(bits)):
            widest = max(rules, key=lambda rule: rule.addresses.family(bits).size)
            words.append(
                f"lets {opened.family(bits).size:,} {family} addresses through, and {needed.family(bits).size:,} are "
                f"needed; most by {widest}"
            )
    return "; ".join(words)


def stale_ranges(rules: Iterable[Opening], needed: AddressSet) -> tuple[str, ...]:
    """List ranges that rules let through and no flow needs.

    A rule that opens far more than is needed has no stale ranges; it is too wide.

    Args:
        rules: The rules that let flows through, and those of configurations that have no other purpose.
        needed: The addresses of all service tags that are asked for; nothing when nobody asked for any.
    """
    if not needed:
        return ()
    extras = [rule.addresses - needed for rule in dict.fromkeys(rules) if not rule.everywhere]
    v4 = AddressSet.union(AddressSet(extra.v4) for extra in extras if not _is_far_more(extra.v4, needed.v4))
    v6 = AddressSet.union(AddressSet(v6=extra.v6) for extra in extras if not _is_far_more(extra.v6, needed.v6))
    return (v4 | v6).cidrs


def stale_names(walls: Iterable[Wall], need: Need) -> tuple[tuple[str, str], ...]:
    """List names that are let through and that nothing needs any more, and why.

    Only names of registries and their storage are looked at: a proxy has names for other purposes too.
    """
    wanted = flows(need)
    names = dict.fromkeys(
        one for wall in walls for rule in wall.openings if rule.action is Action.ALLOW for one in rule.names
    )
    return tuple(_stale([one for one in names if not any(_covers(one, flow) for flow in wanted)], need))


def _stale(patterns: list[Pattern], need: Need) -> Iterator[tuple[str, str]]:
    storage = need.cloud.blob_wildcard.removeprefix("*.")
    own = need.cloud.login(need.registry) if need.registry else ""
    label, _, suffix = own.partition(".")
    for one in patterns:
        if need.dedicated and (one.host == storage or one.host.endswith(f".{storage}")):
            yield str(one), "dedicated data endpoints are on, so layers no longer come from shared storage"
        elif own and one.host.startswith(f"{label}.") and one.host.endswith(f".{suffix}"):
            yield str(one), f"{need.registry} has no such endpoint now"
        elif one.host.endswith(f".{_RETIRED}"):
            yield str(one), "MCR no longer keeps layers there"


def _covers(pattern: Pattern, flow: Flow) -> bool:
    if flow.is_pattern:
        return pattern.lies_under(flow.host[2:])
    return pattern.covers(flow.host)


def _is_wide(pattern: Pattern, flow: Flow) -> bool:
    """Say whether a pattern is about more than the names under a flow's own."""
    if pattern.wildcard is Wildcard.NONE:
        return False
    # Under the base name are everybody's registries.
    return pattern.host != flow.host.removeprefix("*.") or flow.purpose is Purpose.APEX


def _is_far_more(extra: Spans, needed: Spans) -> bool:
    return extra.size > max(_LITTLE[extra.family], needed.size)
