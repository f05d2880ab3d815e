"""From flows to a rule set, in the way that was asked for; and what that way opens besides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import NEIGHBOURLY, Flow, NeedError, Purpose, flows
from seawall.firewall.private_link import private_records, private_zone
from seawall.firewall.rules import Exposure, Rule, RuleSet, Way
from seawall.neighbours import neighbours
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.regions import regions_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from seawall.firewall.need import Need
    from seawall.naming import Cloud
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["plan", "tag_names"]

_SHARED: Final = {
    Purpose.BLOB: "every storage account in {suffix}: anybody's, to read from and to write to",
    Purpose.MCR_DATA: "the data endpoints of MCR in every region, all of them Microsoft's",
}
_TAG_OPENS: Final = {
    "Storage": "every storage account in {where}: anybody's, to read from and to write to",
    "AzureContainerRegistry": "every container registry in {where}: anybody's",
    "AzureFrontDoor": "whatever else Microsoft serves through its own Front Door",
    "AzureActiveDirectory": "signing in to anybody's tenant",
}


def plan(
    need: Need,
    way: Way,
    *,
    snapshot: Snapshot | None = None,
    resolved: Mapping[str, AddressSet] | None = None,
    only: Collection[Flow] | None = None,
) -> RuleSet:
    """Work out a rule set.

    Args:
        need: What is needed.
        way: What the wall recognises flows by.
        snapshot: The service-tag file of the registry's cloud; needed by IP, and to check tags.
        resolved: Addresses of single hosts, for clouds that publish no list, and for private endpoints.
        only: The flows to make rules for; all that are needed when left out.

    Raises:
        NeedError: The way does not exist for this, or something is missing for it.
        TagMissingError: The file has no tag for a region.
    """
    wanted = [flow for flow in flows(need) if only is None or flow in only]
    found = resolved or {}
    if need.private_link and (way is Way.TAG or (way is Way.IP and not found)):
        raise NeedError(
            "a private endpoint's addresses are in no service tag; write rules --by private-link, or add --resolve"
        )
    beside = neighbours(need.cloud)
    if snapshot is not None and beside is not None and way in {Way.IP, Way.TAG} and snapshot.cloud != beside.tags:
        raise NeedError(f"this is the service-tag file of {snapshot.cloud}; {need.cloud.name} has another")
    match way:
        case Way.NAME:
            rules = [Rule(flow, names=(flow.host,)) for flow in wanted]
        case Way.TAG:
            rules = [Rule(flow, tags=tag_names(flow, need, snapshot)) for flow in wanted]
        case Way.IP:
            rules = [Rule(flow, addresses=_addresses(flow, need, snapshot, found)) for flow in wanted]
        case Way.PRIVATE_LINK:
            rules = [_private_rule(flow, need, found) for flow in wanted]
    basis = f"{snapshot.cloud} {snapshot.change}" if snapshot and way in {Way.IP, Way.TAG} else ""
    kept = tuple(rule for rule in rules if rule.names or rule.tags or rule.addresses)
    left = [rule.flow for rule in rules if rule not in kept]
    exposure = _exposure(kept, need, found)
    return RuleSet(need, way, kept, exposure, tuple(_notes(need, way, left, looked_up=bool(found))), basis)


def tag_names(flow: Flow, need: Need, snapshot: Snapshot | None) -> tuple[str, ...]:
    """Name the service tags of a flow, with the region where the tag is published by region.

    Raises:
        NeedError: The cloud has no service tags.
        TagMissingError: There is no such tag in the file: a region that does not exist, or has vanished from it.
    """
    if neighbours(need.cloud) is None:
        raise NeedError(f"{need.cloud.name} has no service tags; write rules by name, or by IP with --resolve")
    spelled = [_spelling(region, need.cloud, snapshot) for region in flow.regions]
    names = [f"{tag}.{region}" for tag in flow.tags for region in spelled] or list(flow.tags)
    if snapshot is not None:
        for name in names:
            snapshot.tag(name)
    return tuple(names)


def _spelling(region: str, cloud: Cloud, snapshot: Snapshot | None) -> str:
    """Spell a region as tags do, which some of Azure's interfaces insist on."""
    return {**regions_of(cloud), **(snapshot.regions if snapshot else {})}.get(region, region)


def _addresses(flow: Flow, need: Need, snapshot: Snapshot | None, resolved: Mapping[str, AddressSet]) -> AddressSet:
    if flow.host in resolved:
        return resolved[flow.host]
    if neighbours(need.cloud) is None:
        raise NeedError(f"nobody publishes the addresses of {flow.host}; add --resolve to look them up now")
    if snapshot is None:
        raise NeedError("addresses come from the weekly service-tag file; fetch it with 'seawall service-tags fetch'")
    found = AddressSet.union(snapshot.addresses(name) for name in tag_names(flow, need, snapshot))
    # A registry answers on IPv6 only when told to; nothing is opened that it does not use.
    return found if flow.purpose in NEIGHBOURLY or need.dual_stack else AddressSet(found.v4)


def _private_rule(flow: Flow, need: Need, resolved: Mapping[str, AddressSet]) -> Rule:
    if not need.private_link:
        raise NeedError("rules by private link need a private endpoint; add --private-link")
    addresses = resolved.get(flow.host)
    return Rule(flow, addresses=addresses) if addresses else Rule(flow, names=(flow.host,))


def _exposure(rules: tuple[Rule, ...], need: Need, resolved: Mapping[str, AddressSet]) -> Exposure:
    names = {name for rule in rules for name in rule.names}
    patterns = {name for name in names if name.startswith("*.")}
    opened = AddressSet.union(rule.addresses for rule in rules)
    where = ", ".join(need.regions) or f"all regions of {need.cloud.name}"
    more = [
        _SHARED[rule.flow.purpose].format(suffix=rule.flow.host.removeprefix("*.blob."))
        for rule in rules
        if rule.flow.is_pattern and rule.names
    ]
    # Ranges are those of the flow's tags, so they open the same; single addresses that were looked up do not.
    tags = {
        tag.partition(".")[0]
        for rule in rules
        if rule.tags or (rule.addresses and rule.flow.host not in resolved)
        for tag in rule.flow.tags
    }
    more += [words.format(where=where) for tag, words in _TAG_OPENS.items() if tag in tags]
    return Exposure(
        len(names) - len(patterns), len(patterns), opened.v4.size, opened.v6.size, tuple(dict.fromkeys(more))
    )


def _notes(need: Need, way: Way, left: list[Flow], *, looked_up: bool) -> Iterator[str]:
    if need.switching:
        yield (
            "Open all of these before dedicated data endpoints are switched on. Once they are, and no layer comes from "
            "shared storage any more, write the rules again with --data-endpoints, which leaves shared storage out."
        )
    elif need.registry and neighbours(need.cloud) is not None and not need.dedicated:
        region = need.regions[0] if need.regions else "<region>"
        yield (
            f"Dedicated data endpoints are off, so layers come from shared storage. Before switching them on, open "
            f"{need.registry}.{region}.data.{need.cloud.domain} and its like in every region: clients whose wall does "
            "not know them fail to pull from that moment."
        )
    if need.private_link:
        records = private_records(need)
        yield (
            f"The private endpoint takes {len(records)} addresses of its subnet, and the DNS zone "
            f"{private_zone(need)} an A record for each of: {', '.join(records)}."
        )
    if looked_up:
        yield "These addresses were looked up once, and may change at any time."
    elif way is Way.IP:
        yield "Address ranges change every week; new ones are used a week after they are published at the earliest."
    if way in {Way.IP, Way.TAG} and not looked_up and any(flow.purpose is Purpose.DATA for flow in flows(need)):
        yield (
            "Nothing published says whether data endpoints are in AzureContainerRegistry or in Storage, so both are "
            "let through."
        )
    if left:
        hosts = ", ".join(dict.fromkeys(flow.host for flow in left))
        yield f"Not in these rules, since nobody publishes their addresses: {hosts}. Let them through by name."
