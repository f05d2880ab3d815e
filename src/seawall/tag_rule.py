"""Rules by service tag: clients may come from wherever a tag of a weekly file says. Pure.

A registry keeps the addresses with the rule, so that every region and every process judges alike, without a file beside
it and without asking anybody; a newer file brings them up to date. What a tag has lost stays for a grace period, as it
does in the walls of :mod:`seawall.firewall`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.servicetags.prefixes import AddressSet, PrefixError
from seawall.servicetags.upkeep import State, decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv6Address

    from seawall.servicetags.snapshot import Snapshot
    from seawall.servicetags.upkeep import Policy

__all__ = ["Refreshed", "TagRule", "TagRuleError", "is_tag_name", "read_tag_rule", "refreshed", "tag_rule"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME: Final = 100
_REMEMBERED: Final = 256
"""Lists that stay as they were read: where settings are asked for anew each time, reading them is most of the work."""


class TagRuleError(ValueError):
    """A rule that cannot be. The message says what to change."""


@dataclass(frozen=True)
class TagRule:
    """A rule by service tag.

    Attributes:
        tag: Such as ``AzureDevOps`` or ``AzureCloud.WestEurope``, in the spelling of the file.
        cloud: Whose weekly file has it, such as ``Public``.
        change: The number of the file its addresses are from.
        wanted: The prefixes that the file has, with a blank between them.
        leaving: What an earlier file had and is let in for a while still: the day it was first missed, and prefixes.
    """

    tag: str
    cloud: str
    change: int
    wanted: str
    leaving: tuple[tuple[str, str], ...] = ()

    @property
    def addresses(self) -> AddressSet:
        """Everything it lets in."""
        return _union(self.wanted, *(prefixes for _, prefixes in self.leaving))

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        """Say whether a client may come in by this rule."""
        return int(address) in self.addresses.family(address.max_prefixlen)

    def document(self) -> dict[str, object]:
        """Write it for keeping; the tag is not in it."""
        return {"cloud": self.cloud, "change": self.change, "wanted": self.wanted, "leaving": dict(self.leaving)}


class Refreshed(NamedTuple):
    """What became of a rule.

    Attributes:
        rule: The rule from now on; as it was where :attr:`refusal` says why nothing was done.
        added: How many IPv4 and IPv6 addresses it lets in that it did not.
        removed: How many it does not let in any more.
        refusal: Why nothing changes though the file did; empty when all is well.
    """

    rule: TagRule
    added: tuple[int, int] = (0, 0)
    removed: tuple[int, int] = (0, 0)
    refusal: str = ""


def is_tag_name(text: str) -> bool:
    """Tell the name of a tag from a range of addresses; none can be both."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def tag_rule(snapshot: Snapshot, tag: str) -> TagRule:
    """Make a rule by a tag of a weekly file.

    Raises:
        TagMissingError: The file has no such tag.
    """
    return TagRule(tag, snapshot.cloud, snapshot.change, " ".join(snapshot.addresses(tag).cidrs))


def refreshed(rule: TagRule, snapshot: Snapshot, today: date, policy: Policy, *, confirmed: bool = False) -> Refreshed:
    """Bring a rule up to date with a newer file.

    Args:
        rule: The rule.
        snapshot: A file of the rule's cloud.
        today: The day.
        policy: How careful to be.
        confirmed: Whether a great loss was looked at and is right.

    Raises:
        TagMissingError: The file does not have the tag any more; whoever let it in has to decide what comes instead.
    """
    if snapshot.change < rule.change:
        return Refreshed(rule, refusal=f"file number {snapshot.change} is older than {rule.change}, which it is from")
    state = State(_read(rule.wanted), {date.fromisoformat(day): _read(text) for day, text in rule.leaving})
    decision = decide(state, snapshot.addresses(rule.tag), today, policy, confirmed=confirmed)
    if decision.refusal:
        return Refreshed(rule, refusal=decision.refusal)
    leaving = tuple((day.isoformat(), " ".join(kept.cidrs)) for day, kept in sorted(decision.state.leaving.items()))
    new = TagRule(rule.tag, rule.cloud, snapshot.change, " ".join(decision.state.wanted.cidrs), leaving)
    return Refreshed(new, _sizes(decision.added), _sizes(decision.removed))


def read_tag_rule(tag: str, document: object) -> TagRule:
    """Read a rule that was kept.

    Raises:
        TagRuleError: It is none.
    """
    match document:
        case {"cloud": str(cloud), "change": int(change), "wanted": str(wanted), "leaving": dict(leaving)}:
            rule = TagRule(tag, cloud, change, wanted, _leaving(tag, leaving))
        case _:
            raise TagRuleError(f"the rule for the service tag {tag[:80]!r} is not whole")
    try:
        if not is_tag_name(tag) or not rule.addresses:
            raise TagRuleError(f"{tag[:80]!r} is no service tag with addresses")
    except PrefixError as error:
        raise TagRuleError(f"the rule for the service tag {tag[:80]!r}: {error}") from None
    return rule


def _leaving(tag: str, kept: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(
            sorted((date.fromisoformat(day).isoformat(), " ".join(text.split())) for day, text in kept.items())
        )
    except (TypeError, ValueError, AttributeError):
        raise TagRuleError(f"the rule for the service tag {tag[:80]!r} has days that are none") from None


@lru_cache(_REMEMBERED)
def _union(*lists: str) -> AddressSet:
    return AddressSet.union(map(_read, lists))


@lru_cache(_REMEMBERED)
def _read(prefixes: str) -> AddressSet:
    return AddressSet.of(prefixes.split())


def _sizes(addresses: AddressSet) -> tuple[int, int]:
    return addresses.v4.size, addresses.v6.size
