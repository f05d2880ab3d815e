"""Rule sets to render: one of each kind that a wall may be asked for, with ranges from a small weekly file."""

from __future__ import annotations

import json
from typing import Final

from seawall.firewall.need import Need, flows
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, Cloud
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from seawall.topology import Replica

OWN: Final = Cloud.own("registry.test")
RANGES: Final = {
    "AzureContainerRegistry": ["20.1.0.0/22", "2603:1030::/40"],
    "AzureContainerRegistry.EastUS": ["20.1.0.0/29", "20.1.0.64/26", "2603:1030:a::/48"],
    "AzureContainerRegistry.WestUS": ["20.1.1.0/29", "2603:1030:b::/48"],
    "Storage": ["20.2.0.0/16", "2603:1040::/40"],
    "Storage.EastUS": ["20.2.0.0/20", "2603:1040:a::/48"],
    "Storage.WestUS": ["20.2.16.0/21", "2603:1040:b::/48"],
    "MicrosoftContainerRegistry": ["20.3.0.0/29", "2603:1050::/124"],
    "AzureFrontDoor.FirstParty": ["20.4.0.128/25"],
    "AzureActiveDirectory": ["20.5.0.0/18", "2603:1060::/48"],
}
EAST: Final = (Replica("eastus"),)
BOTH: Final = (Replica("eastus"), Replica("westus"))

DEDICATED: Final = Need(registry="myregistry", replicas=BOTH, data_endpoints=True)
NEEDS: Final = {
    "dedicated": DEDICATED,
    "shared": Need(registry="myregistry", push=True),
    "shared-regions": Need(registry="myregistry", replicas=BOTH),
    "mcr": Need(mcr=True),
    "everything": Need(
        registry="myregistry",
        replicas=BOTH,
        data_endpoints=True,
        regional_endpoints=True,
        dual_stack=True,
        push=True,
        mcr=True,
        sign_in=True,
        revocation=True,
    ),
    "revocation": Need(registry="myregistry", replicas=EAST, data_endpoints=True, revocation=True),
    "china": Need(cloud=CHINA, registry="myregistry", replicas=(Replica("chinaeast2"),), data_endpoints=True),
    "usgov": Need(cloud=US_GOVERNMENT, registry="myregistry", mcr=True),
    "own": Need(cloud=OWN, registry="myregistry", replicas=BOTH, data_endpoints=True),
    "own-port": Need(cloud=OWN, registry="myregistry", replicas=BOTH, data_endpoints=True, port=8443),
    "own-shared": Need(
        cloud=OWN, registry="myregistry", replicas=(Replica("eastus", "swone"), Replica("westus", "swtwo"))
    ),
}


def snapshot() -> Snapshot:
    """A weekly file of a few tags, in Microsoft's format."""
    values = []
    for name, prefixes in RANGES.items():
        service, _, suffix = name.partition(".")
        properties = {
            "changeNumber": 1,
            "region": suffix.lower() if suffix in {"EastUS", "WestUS"} else "",
            "platform": "Azure",
            "systemService": service,
            "addressPrefixes": prefixes,
            "networkFeatures": ["API"],
            "regionId": 0,
        }
        values.append({"name": name, "id": name, "properties": properties})
    return read_snapshot(json.dumps({"changeNumber": 374, "cloud": "Public", "values": values}).encode(), "a test")


def by_name(need: Need) -> RuleSet:
    return plan(need, Way.NAME)


def by_ip(need: Need) -> RuleSet:
    return plan(need, Way.IP, snapshot=snapshot())


def every_rule_set() -> dict[str, RuleSet]:
    """All rule sets there are of these needs, by a name that says which."""
    made = {f"{name}-by-name": by_name(need) for name, need in NEEDS.items()}
    for name, need in NEEDS.items():
        if need.cloud is PUBLIC:
            made[f"{name}-by-ip"] = by_ip(need)
            made[f"{name}-by-tag"] = plan(need, Way.TAG)
        elif need.cloud is OWN:
            made[f"{name}-by-ip"] = plan(need, Way.IP, resolved=resolved(need))
    # Nobody publishes the addresses of revocation hosts, so port 80 is opened by IP only where they were looked up.
    made["revocation-looked-up-by-ip"] = plan(NEEDS["revocation"], Way.IP, resolved=resolved(NEEDS["revocation"]))
    private = Need(registry="myregistry", replicas=EAST, private_link=True)
    made["private-by-name"] = plan(private, Way.PRIVATE_LINK)
    made["private-by-ip"] = plan(private, Way.PRIVATE_LINK, resolved=resolved(private))
    return made


def resolved(need: Need) -> dict[str, AddressSet]:
    """An address for each host, as if they had been looked up."""
    hosts = [flow.host for flow in flows(need) if not flow.is_pattern]
    return {host: AddressSet.of([f"10.9.0.{at}"]) for at, host in enumerate(hosts, 1)}
