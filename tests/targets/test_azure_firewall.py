"""Azure Firewall: an evaluator of rule collections decides, and all formats must say the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.firewall.targets.azure_firewall import TARGETS
from tests.targets.cloud_judges import (
    EVERY,
    covered,
    edges,
    fitting,
    from_bicep,
    from_hcl,
    hosts,
    networks,
    only,
    opened,
    refuses,
    write,
)
from tests.targets.rule_sets import RANGES

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

FIREWALL: Final = TARGETS["azure-firewall"]
RULE_SETS: Final = fitting(FIREWALL)
BY_NAME: Final = [name for name, rules in RULE_SETS.items() if any(rule.names for rule in rules.rules)]
BY_ADDRESS: Final = [
    name
    for name, rules in RULE_SETS.items()
    if not any(rule.names for rule in rules.rules)
    and set(RANGES).issuperset(tag for r in rules.rules for tag in r.tags)
]


def collections(rules: RuleSet) -> list[dict[str, Any]]:
    (resource,) = json.loads(write(FIREWALL, "arm", rules))["resources"]
    found: list[dict[str, Any]] = resource["properties"]["ruleCollections"]
    return found


def name_matches(pattern: str, host: str) -> bool:
    """A star in front stands for anything at all, dots and nothing included."""
    if pattern.startswith("*"):
        return host.lower().endswith(pattern[1:].lower())
    assert "*" not in pattern
    return host.lower() == pattern.lower()


def destination_matches(destination: str, address: str) -> bool:
    ranges = RANGES.get(destination, [destination])
    return any(ip_address(address) in one for one in networks(ranges))


def passes(every: list[dict[str, Any]], port: int, *, host: str = "", address: str = "192.0.2.1") -> bool:
    """What the firewall does with a connection whose TLS hello or HTTP request names a host."""
    for kind in ("NetworkRule", "ApplicationRule"):
        for collection in sorted(every, key=lambda one: one["priority"]):
            assert collection["action"] == {"type": "Allow"}
            for rule in collection["rules"]:
                assert rule["sourceAddresses"] == "[parameters('sourceAddresses')]"
                if rule["ruleType"] != kind:
                    continue
                if kind == "NetworkRule":
                    to = str(port) in rule["destinationPorts"] and rule["ipProtocols"] == ["TCP"]
                    if to and any(destination_matches(one, address) for one in rule["destinationAddresses"]):
                        return True
                    continue
                protocol = {"protocolType": "Http" if port == 80 else "Https", "port": port}
                if host and protocol in rule["protocols"] and any(name_matches(n, host) for n in rule["targetFqdns"]):
                    return True
    return False


@pytest.mark.parametrize("name", BY_NAME)
def test_hosts_that_are_needed_pass_and_those_that_look_like_them_do_not(name: str) -> None:
    rules = RULE_SETS[name]
    every = collections(rules)
    for port in {80, 443, *rules.ports}:
        for host in hosts(rules, port):
            assert passes(every, port, host=host) == covered(rules, port, host, parent=False), host
            assert passes(every, port, host=host.upper()) == covered(rules, port, host, parent=False), host
    for flow in (rule.flow for rule in rules.rules if rule.names):
        assert passes(every, flow.port, host=flow.host.replace("*", "some"))
        assert not passes(every, 443 if flow.port == 80 else 80, host=flow.host.replace("*", "some"))
        assert not passes(every, flow.port)


def test_look_alikes_by_name() -> None:
    every = collections(EVERY["shared-by-name"])
    assert passes(every, 443, host="myregistry.azurecr.io")
    assert passes(every, 443, host="anything.blob.core.windows.net")
    for host in (
        "evilazurecr.io",
        "azurecr.io.evil.xyz",
        "myregistry.azurecr.io.evil.xyz",
        "xmyregistry.azurecr.io",
        "deep.myregistry.azurecr.io",
        "blob.core.windows.net",
        "evilblob.core.windows.net",
        "x.blob.core.windows.net.evil.xyz",
    ):
        assert not passes(every, 443, host=host), host


@pytest.mark.parametrize("name", BY_ADDRESS)
def test_addresses_that_are_needed_pass_and_their_neighbours_do_not(name: str) -> None:
    rules = RULE_SETS[name]
    every = collections(rules)
    for port in rules.ports:
        inside, outside = edges(opened(rules, port))
        assert inside
        assert all(passes(every, port, address=address) for address in inside)
        assert not any(passes(every, port, address=address) for address in outside)
        assert not any(passes(every, 22, address=address) for address in inside)


def test_there_is_something_to_judge() -> None:
    assert {"everything-by-name", "shared-by-name", "revocation-by-name", "private-by-name"} <= set(BY_NAME)
    assert {"everything-by-tag", "dedicated-by-ip", "revocation-looked-up-by-ip"} <= set(BY_ADDRESS)


def test_ipv6_ranges_are_refused() -> None:
    assert refuses(FIREWALL, EVERY["everything-by-ip"])


@pytest.mark.parametrize("name", RULE_SETS)
def test_a_group_is_one_that_azure_takes(name: str) -> None:
    every = collections(RULE_SETS[name])
    assert every
    assert len({one["priority"] for one in every}) == len({one["name"] for one in every}) == len(every)
    for collection in every:
        assert 100 <= collection["priority"] <= 65000
        assert len({rule["ruleType"] for rule in collection["rules"]}) == 1
        names = [rule["name"].lower() for rule in collection["rules"]]
        assert len(set(names)) == len(names) > 0
        assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,78}[a-z0-9_]", one) for one in names)
        assert all(rule["description"] for rule in collection["rules"])


@pytest.mark.parametrize("name", RULE_SETS)
def test_every_format_says_the_same(name: str) -> None:
    rules = RULE_SETS[name]
    every = collections(rules)
    config = from_bicep(write(FIREWALL, "bicep", rules))["resources"]["ruleCollectionGroup"]["config"]
    assert config["name"] == "${policyName}/seawall"
    assert config["properties"]["ruleCollections"] == json.loads(
        json.dumps(every).replace("[parameters('sourceAddresses')]", "sourceAddresses")
    )
    resource = only(
        from_hcl(write(FIREWALL, "terraform", rules))["resource"],
        "azurerm_firewall_policy_rule_collection_group",
        "seawall",
    )
    said = [
        {**collection, "kind": kind}
        for kind in ("network", "application")
        for collection in resource.get(f"{kind}_rule_collection", ())
    ]
    assert said == [as_terraform(collection) for collection in every]


def as_terraform(collection: dict[str, Any]) -> dict[str, Any]:
    kind = collection["rules"][0]["ruleType"].removesuffix("Rule").lower()
    rules = []
    for rule in collection["rules"]:
        body = {key: rule[key] for key in ("name", "description")} | {"source_addresses": "${var.source_addresses}"}
        if kind == "network":
            body["protocols"] = rule["ipProtocols"]
            body["destination_addresses"] = rule["destinationAddresses"]
            body["destination_ports"] = rule["destinationPorts"]
        else:
            body["protocols"] = [{"type": one["protocolType"], "port": one["port"]} for one in rule["protocols"]]
            body["destination_fqdns"] = rule["targetFqdns"]
        rules.append(body)
    head = {"name": collection["name"], "priority": collection["priority"], "action": collection["action"]["type"]}
    return {**head, "rule": rules, "kind": kind}


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("name", ["everything-by-name", "dedicated-by-ip"])
def test_terraform_would_lay_it_out_the_same(name: str) -> None:
    text = write(FIREWALL, "terraform", EVERY[name])
    done = subprocess.run(
        ["terraform", "fmt", "-"], input=text, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, text)
