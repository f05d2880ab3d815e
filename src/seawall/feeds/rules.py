"""A registry's rules for firewalls that fetch them: by name, or by the addresses that its regions have told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import NeedError, flows
from seawall.firewall.rules import Way
from seawall.firewall.targets.advice import advised
from seawall.firewall.targets.contract import CannotExpressError, write
from seawall.servicetags.prefixes import AddressSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.need import Need
    from seawall.firewall.targets.contract import Target

__all__ = ["WAYS", "FeedError", "rules_text"]

WAYS: Final = (Way.NAME, Way.IP)
"""What the hosts of a registry of one's own can be recognised by: they are in no service tag of Azure's."""


class FeedError(ValueError):
    """There are no such rules. The message says why, and what to do instead."""


def rules_text(need: Need, addresses: Mapping[str, tuple[str, ...]], target: Target, form: str, way: Way) -> str:
    """Write the rules that let a registry's clients through.

    Args:
        need: What they need. Strangers read this: it must not name a storage account.
        addresses: Where each region's hosts are.
        target: The firewall.
        form: In which of its formats.
        way: What it recognises hosts by.

    Raises:
        FeedError: The firewall cannot say that, or a region has told no address.
    """
    try:
        resolved = _resolved(need, addresses) if way is Way.IP else None
        return write(target, form, advised(need, target, way, resolved=resolved))
    except (NeedError, CannotExpressError) as error:
        raise FeedError(str(error)) from None


def _resolved(need: Need, addresses: Mapping[str, tuple[str, ...]]) -> dict[str, AddressSet]:
    found = {}
    for flow in flows(need):
        regions = flow.regions or need.regions
        silent = [region for region in regions if not addresses.get(region)]
        if silent:
            raise FeedError(
                f"{', '.join(silent)} has told no addresses: write them into its seawall.toml, under [replication] "
                "addresses, or recognise hosts by name"
            )
        found[flow.host] = AddressSet.of(one for region in regions for one in addresses[region])
    return found
