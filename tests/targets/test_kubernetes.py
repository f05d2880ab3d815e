"""Policies for pods: valid where a schema is at hand, and read again by readers that share no code with the writer."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.kubernetes import CLIENTS, TARGETS
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set

RULE_SETS = every_rule_set()
NAMES = [name for name in RULE_SETS if name.endswith("by-name")]
RANGES = [name for name in RULE_SETS if name.endswith("by-ip")]
LOOK_ALIKES = [
    "evilazurecr.io",
    "xmyregistry.azurecr.io",
    "other.azurecr.io",
    "azurecr.io.evil.xyz",
    "myregistry.azurecr.io.evil.xyz",
    "deeper.myregistry.azurecr.io",
    "myregistry.northeurope.data.azurecr.io",
    "evilblob.core.windows.net",
    "blob.core.windows.net",
    "core.windows.net",
    "a.blob.core.windows.net.evil.xyz",
]
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def render(target: str, rules: RuleSet) -> list[dict[str, Any]]:
    check_fit(TARGETS[target], rules)
    text = TARGETS[target].formats["yaml"](rules)
    assert text.startswith("# Rules for ")
    for rule in rules.rules:
        assert rule.flow.why in text
    return list(yaml.safe_load_all(text))


def within(prefixes: list[str], address: str) -> bool:
    found = ip_address(address)
    return any(found in network for network in map(ip_network, prefixes) if network.version == found.version)


def edges(rules: RuleSet, port: int) -> tuple[list[str], list[str]]:
    """Addresses just inside and just outside of what is opened on a port."""
    networks = [ip_network(prefix) for prefix in rules.addresses(port).cidrs]
    inside = [str(one) for network in networks for one in (network[0], network[-1])]
    beside = [one for network in networks for one in (network[0] - 1, network[-1] + 1)]
    return inside, [str(one) for one in beside if not any(one in n for n in networks if n.version == one.version)]


# What each product lets a pod do, read off its own documentation.


def network_policy_passes(policy: dict[str, Any], address: str, port: int) -> bool:
    return any(
        any(one["port"] == port and one["protocol"] == "TCP" for one in rule["ports"])
        and within([peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer], address)
        for rule in policy["spec"]["egress"]
    )


def cilium_matches(selector: dict[str, str], host: str) -> bool:
    [(kind, text)] = selector.items()
    if kind == "matchName":
        assert re.fullmatch(r"[-a-zA-Z0-9_.]+", text), text
        return host == text
    assert kind == "matchPattern"
    assert re.fullmatch(r"[-a-zA-Z0-9_.*]+", text), text
    pattern = text.replace(".", r"\.").replace("*", "[-a-zA-Z0-9_]*")
    return re.fullmatch(pattern, host) is not None


def cilium_ports(rule: dict[str, Any]) -> set[int]:
    listed = [port for one in rule["toPorts"] for port in one["ports"]]
    assert {port["protocol"] for port in listed} == {"TCP"}
    return {int(port["port"]) for port in listed}


def cilium_passes(policy: dict[str, Any], port: int, host: str = "", address: str = "") -> bool:
    return any(
        port in cilium_ports(rule)
        and (
            any(cilium_matches(selector, host) for selector in rule.get("toFQDNs", []))
            or (address and within(rule.get("toCIDR", []), address))
        )
        for rule in policy["spec"]["egress"]
        if "toEndpoints" not in rule
    )


def calico_selects(selector: str, labels: dict[str, str]) -> bool:
    terms = [re.fullmatch(r"([a-z0-9-]+) == '([a-z0-9-]+)'", term) for term in selector.split(" && ")]
    assert all(terms), selector
    return all(labels.get(term[1]) == term[2] for term in terms if term)


def calico_passes(documents: list[dict[str, Any]], port: int, host: str = "", address: str = "") -> bool:
    *sets, policy = documents
    for rule in policy["spec"]["egress"]:
        assert rule["action"] == "Allow"
        to = rule["destination"]
        if "namespaceSelector" in to or port not in to["ports"]:
            continue
        for one in sets:
            if calico_selects(to["selector"], one["metadata"]["labels"]):
                for domain in one["spec"].get("allowedEgressDomains", []):
                    # One or more labels for a star.
                    if re.fullmatch(re.escape(domain).replace(r"\*", r"[^.]+(\.[^.]+)*"), host):
                        return True
                if address and within(one["spec"].get("nets", []), address):
                    return True
    return False


@pytest.mark.parametrize("name", RANGES)
def test_network_policy_is_valid_and_opens_just_the_ranges(name: str) -> None:
    rules = RULE_SETS[name]
    [policy] = render("networkpolicy", rules)
    kubernetes_validate.validate(policy, kubernetes_validate.latest_version(), strict=True)
    assert rules.ports
    for port in rules.ports:
        inside, outside = edges(rules, port)
        assert inside
        assert outside
        for address in inside:
            assert network_policy_passes(policy, address, port)
            assert not network_policy_passes(policy, address, 22)
        for address in outside:
            assert not network_policy_passes(policy, address, port)


def test_the_schema_would_have_refused_a_mistake() -> None:
    [policy] = render("networkpolicy", by_ip(DEDICATED))
    policy["spec"]["egress"][1]["ports"][0]["port"] = {"from": 443}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(policy, kubernetes_validate.latest_version(), strict=True)


def test_pods_may_ask_for_names_of_the_cluster_s_dns_only() -> None:
    [policy] = render("networkpolicy", by_ip(DEDICATED))
    dns = policy["spec"]["egress"][0]
    assert dns["ports"] == [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
    assert dns["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ]
    # Two selectors in one entry must both hold; in two entries either would do.
    assert len(dns["to"]) == 1


@pytest.mark.parametrize("name", NAMES + RANGES)
def test_cilium_opens_just_what_is_needed(name: str) -> None:
    rules = RULE_SETS[name]
    [policy] = render("cilium", rules)
    for rule in rules.rules:
        port = rule.flow.port
        for host in rule.names:
            assert cilium_passes(policy, port, host.replace("*", "anything"))
            assert not cilium_passes(policy, 22, host.replace("*", "anything"))
            # Where its star crosses no dot, nothing deeper may pass either.
            assert not cilium_passes(policy, port, host.replace("*", "deeper.anything")) or not rule.flow.is_pattern
            assert not cilium_passes(policy, port, "evil" + host.removeprefix("*."))
            assert not cilium_passes(policy, port, host.replace("*", "a") + ".evil.xyz")
    for port in rules.ports:
        inside, outside = edges(rules, port)
        for address in inside:
            assert cilium_passes(policy, port, address=address)
        for address in outside:
            assert not cilium_passes(policy, port, address=address)
    for look_alike in LOOK_ALIKES:
        assert not cilium_passes(policy, 443, look_alike)


@pytest.mark.parametrize("name", NAMES + RANGES)
def test_cilium_accepts_the_rules(name: str) -> None:
    """The restrictions that its agent checks when it reads a policy."""
    [policy] = render("cilium", RULE_SETS[name])
    egress = policy["spec"]["egress"]
    for rule in egress:
        assert len({"toEndpoints", "toFQDNs", "toCIDR"} & set(rule)) == 1, "kinds of destination may not be mixed"
        for listed in rule["toPorts"]:
            assert all(isinstance(port["port"], str) for port in listed["ports"])
    [dns] = [rule for rule in egress if "toEndpoints" in rule]
    seen = [one.get("rules") for one in dns["toPorts"]]
    # Without it, names are never learnt and match nothing.
    assert seen == ([{"dns": [{"matchPattern": "*"}]}] if any("toFQDNs" in rule for rule in egress) else [None])
    assert [port["port"] for one in dns["toPorts"] for port in one["ports"]] == ["53"]


def test_cilium_holds_names_and_addresses_side_by_side() -> None:
    need = NEEDS["shared"]
    rules = by_name(need)
    both = RuleSet(need, Way.NAME, (*rules.rules, *by_ip(need).rules), rules.exposure)
    [policy] = render("cilium", both)
    kinds = [
        next(key for key in rule if key.startswith("to") and key != "toPorts") for rule in policy["spec"]["egress"]
    ]
    assert kinds == ["toEndpoints", "toFQDNs", "toCIDR"]


@pytest.mark.parametrize("name", NAMES + RANGES)
def test_calico_enterprise_opens_just_what_is_needed(name: str) -> None:
    rules = RULE_SETS[name]
    documents = render("calico-enterprise", rules)
    for rule in rules.rules:
        port = rule.flow.port
        for host in rule.names:
            assert calico_passes(documents, port, host.replace("*", "anything"))
            assert not calico_passes(documents, 22, host.replace("*", "anything"))
            assert not calico_passes(documents, port, "evil" + host.removeprefix("*."))
    for port in rules.ports:
        inside, outside = edges(rules, port)
        for address in inside:
            assert calico_passes(documents, port, address=address)
        for address in outside:
            assert not calico_passes(documents, port, address=address)
    for look_alike in LOOK_ALIKES:
        assert not calico_passes(documents, 443, look_alike)


@pytest.mark.parametrize("name", RANGES)
def test_calico_open_source_gets_ranges_only(name: str) -> None:
    *sets, policy = render("calico", RULE_SETS[name])
    assert {one["kind"] for one in sets} == {"GlobalNetworkSet"}
    for one in sets:
        assert set(one["spec"]) == {"nets"}
        for prefix in one["spec"]["nets"]:
            ip_network(prefix, strict=True)
    assert policy["kind"] == "GlobalNetworkPolicy"
    # A rule of its own may not mix families, so ranges are in sets alone.
    assert all("nets" not in rule["destination"] for rule in policy["spec"]["egress"])


@pytest.mark.parametrize("target", ["networkpolicy", "calico"])
def test_names_are_refused_where_only_ranges_are_known(target: str) -> None:
    with pytest.raises(CannotExpressError, match="--by ip"):
        check_fit(TARGETS[target], by_name(DEDICATED))


@pytest.mark.parametrize("target", TARGETS)
def test_service_tags_are_refused(target: str) -> None:
    with pytest.raises(CannotExpressError, match="--by"):
        check_fit(TARGETS[target], plan(DEDICATED, Way.TAG))


@pytest.mark.parametrize("target", TARGETS)
def test_only_pods_that_asked_for_it_are_cut_off(target: str) -> None:
    label, value = CLIENTS
    *_, policy = render(target, by_ip(DEDICATED))
    spec = policy["spec"]
    chosen = spec.get("podSelector") or spec.get("endpointSelector") or spec["selector"]
    assert chosen in ({"matchLabels": {label: value}}, f"{label} == '{value}'")
    # Nothing may be said of what comes in.
    assert "ingress" not in spec
    assert spec.get("policyTypes", spec.get("types", ["Egress"])) == ["Egress"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("registry", ["myregistry", "a" * 50 + "-" + "b" * 12, ""])
def test_objects_have_names_and_labels_that_kubernetes_takes(target: str, registry: str) -> None:
    need = NEEDS["mcr"] if not registry else NEEDS["shared"].__class__(registry=registry)
    for document in render(target, by_ip(need)):
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?", document["metadata"]["name"])
        for value in document["metadata"].get("labels", {}).values():
            assert isinstance(value, str)
            assert DNS_LABEL.fullmatch(value)


@pytest.mark.parametrize("target", TARGETS)
def test_whoever_uses_it_is_told_that_nodes_pull_past_it(target: str) -> None:
    assert any("host" in caveat and "runtime" in caveat for caveat in TARGETS[target].ability.caveats)
