"""What a client asks to be changed about a registry. Pure.

What cannot be changed here is refused by name, unless the client repeats what is so already: nobody is to believe that
a wall stands that does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from seawall.management.call import location_of
from seawall.management.errors import ManagementError
from seawall.network import Action, NetworkRulesError, in_order, parse_range
from seawall.tiers import TierError, check
from seawall.topology import Tier, TopologyError, in_region, out_of_region

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from seawall.network import NetworkRules, Range
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = ["changed", "check_replica", "labels_of", "not_replicated", "replicated"]

_SWITCHES: Final = {
    "adminUserEnabled": "admin",
    "anonymousPullEnabled": "anonymous_pull",
    "dataEndpointEnabled": "data_endpoints",
}
_PUBLIC_ACCESS: Final = {"Enabled": True, "Disabled": False}
_MOST_LABELS: Final = 50
_LONGEST_LABEL: Final = (512, 256)
"""Characters of a tag's name and value; Azure Resource Manager documentation, "Tag support"."""
_OF_REPLICAS: Final = (
    ("regionEndpointEnabled", True, "; 'seawall region drain' takes a region out of all registries' names"),
    ("zoneRedundancy", "Disabled", ""),
)
"""What a replica's properties are, and what to do instead of changing them."""
_TIERS: Final = {tier.value.lower(): tier for tier in Tier}


def changed(registry: Registry, now: Mapping[str, Any], wanted: object, tiers: TiersOf) -> Registry:
    """Change a registry as the body of a ``PATCH`` or ``PUT`` asks.

    Args:
        registry: As it is.
        now: How it is described.
        wanted: The body.
        tiers: What each tier gives.

    Raises:
        ManagementError: 400, with what cannot be.
    """
    if not isinstance(wanted, dict):
        raise _bad("the body must be a JSON object")
    values: dict[str, Any] = {}
    if wanted.get("sku") is not None:
        values["tier"] = _tier(wanted["sku"])
    if wanted.get("tags") is not None:
        values["labels"] = labels_of(wanted["tags"])
    properties = wanted.get("properties")
    values |= _properties(registry, now["properties"], {} if properties is None else properties)
    try:
        # Whoever switches dedicated data endpoints by this means knows nothing of an overlap.
        values |= {"overlap": False} if "data_endpoints" in values else {}
        new = replace(registry, **values)
        check(new, tiers, registry)
    except TopologyError as error:
        raise _bad(str(error)) from None
    except TierError as error:
        raise ManagementError(400, error.code, str(error)) from None
    return new


def _properties(registry: Registry, now: Mapping[str, Any], wanted: object) -> dict[str, Any]:
    if not isinstance(wanted, dict):
        raise _bad("'properties' must be a JSON object")
    values: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is None:
            continue
        if name in _SWITCHES:
            if not isinstance(value, bool):
                raise _bad(f"'{name}' must be true or false")
            values[_SWITCHES[name]] = value
        elif name == "publicNetworkAccess":
            if not isinstance(value, str) or value not in _PUBLIC_ACCESS:
                raise _bad(f"'{name}' must be {' or '.join(_PUBLIC_ACCESS)}")
            values["public_access"] = _PUBLIC_ACCESS[value]
        elif name == "networkRuleSet":
            values["network"] = _network(registry.network, value)
        elif value != now.get(name):
            raise _bad(f"'{name}' cannot be changed here")
    return values


def labels_of(value: object) -> tuple[tuple[str, str], ...]:
    """Read what Azure calls tags.

    Raises:
        ManagementError: 400.
    """
    good = isinstance(value, dict) and all(
        isinstance(one, str) and len(name) <= _LONGEST_LABEL[0] and len(one) <= _LONGEST_LABEL[1]
        for name, one in value.items()
    )
    if not isinstance(value, dict) or not good or len(value) > _MOST_LABELS or "" in value:
        raise _bad(f"'tags' must be an object of at most {_MOST_LABELS} strings, with names of 1 to 512 characters")
    if any("\0" in text for pair in value.items() for text in pair):  # PostgreSQL cannot keep it
        raise _bad("'tags' must not contain NUL")
    return tuple(sorted(value.items()))


def check_replica(region: str, wanted: object) -> None:
    """Check what is asked of a replica.

    Raises:
        ManagementError: 400, with what cannot be.
    """
    if not isinstance(wanted, dict):
        raise _bad("the body must be a JSON object")
    location = location_of(wanted, region)
    if location != region:
        raise _bad(f"a replica is called by its region: '{region}' cannot be in {location[:80]}")
    properties = wanted.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise _bad("'properties' must be a JSON object")
    if wanted.get("tags") not in (None, {}):
        raise _bad("a replica has no 'tags' here; give them to the registry")
    for name, as_it_is, instead in _OF_REPLICAS:
        value = (properties or {}).get(name)
        # To Python, 1 is the same as true.
        if value is not None and (value != as_it_is or type(value) is not type(as_it_is)):
            raise _bad(f"'{name}' cannot be changed here{instead}")


def replicated(registry: Registry, region: str, known: Collection[str], tiers: TiersOf) -> Registry:
    """Add a replica, in one of the regions that are known.

    Raises:
        ManagementError: 400, with what cannot be.
    """
    if region not in known:
        there = ", ".join(sorted(known)) or "none"
        raise ManagementError(
            400, "LocationNotAvailableForResourceType", f"no node of {region[:80]} takes part; there are: {there}"
        )
    try:
        new = in_region(registry, region)
        check(new, tiers, registry)
    except TopologyError as error:
        raise _bad(str(error)) from None
    except TierError as error:
        raise ManagementError(400, error.code, str(error)) from None
    return new


def not_replicated(registry: Registry, region: str) -> Registry:
    """Take a replica away; not that at home, where a registry is managed from.

    Raises:
        ManagementError: 400, with what cannot be.
    """
    if region == registry.home:
        raise _bad(f"{registry.name} is at home in {region}; its replica there cannot be deleted")
    return out_of_region(registry, region)


def _tier(sku: object) -> Tier:
    name = str(sku.get("name", "")) if isinstance(sku, dict) else ""
    tier = _TIERS.get(name.lower())
    if tier is None:
        raise ManagementError(400, "SkuNotSupported", f"The SKU {name} is not supported.")
    return tier


def _network(now: NetworkRules, value: object) -> NetworkRules:
    """Read a rule set; what it leaves out stays as it is, so that nobody loses a rule by changing the default."""
    if not isinstance(value, dict):
        raise _bad("'networkRuleSet' must be a JSON object")
    if value.get("virtualNetworkRules") not in (None, []):
        raise _bad("'virtualNetworkRules' cannot be kept here: allow the addresses that the network comes from")
    told = [{"action": "Allow", "value": one.tag} for one in now.tags]
    if value.get("serviceTagRules") not in (None, told):
        raise _bad("'serviceTagRules' cannot be changed here; 'seawall network-rule add' and 'remove' do that")
    default, rules = value.get("defaultAction"), value.get("ipRules")
    if rules is not None and not isinstance(rules, list):
        raise _bad("'ipRules' must be a list of objects with a 'value'")
    try:
        action = now.default_action if default is None else Action(str(default).lower())
        ranges = now.ranges if rules is None else tuple(in_order(_allowed(rule) for rule in rules))
        return replace(now, default_action=action, ranges=ranges)
    except (NetworkRulesError, ValueError) as error:
        raise _bad(f"'networkRuleSet': {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise _bad("'ipRules' must be a list of objects with a 'value'") from None


def _allowed(rule: Mapping[str, Any]) -> Range:
    """Read a rule, which can only let somebody in."""
    if rule.get("action") not in (None, "Allow"):
        raise _bad("the 'action' of a rule must be Allow: whoever is to stay out must be in none")
    return parse_range(rule["value"])


def _bad(words: str) -> ManagementError:
    return ManagementError(400, "InvalidRequest", words)
