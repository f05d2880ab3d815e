"""Envoy: what it would do with each name, worked out from its documentation by code of the test's own.

The order in which a filter chain is found is that of "FilterChainMatch" in listener_components.proto: the server name
as it is, then with one label after another replaced by a star, from the left, and last the chain for all names. The
host of a request is found among "domains" of VirtualHost (route_components.proto): as it is, then by the longest
suffix pattern. What these say of names that are not there is that the connection is closed, and the answer is 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from seawall.firewall.targets.contract import CannotExpressError, Wildcard, check_fit
from seawall.firewall.targets.envoy import TARGETS
from tests.targets.rule_sets import DEDICATED, by_ip, every_rule_set
from tests.targets.support_linux import LOOK_ALIKES, hosts_that_pass

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-name")}
TYPE = "type.googleapis.com/envoy.extensions."


def render(rules: RuleSet) -> dict[str, Any]:
    check_fit(TARGETS["envoy"], rules)
    document: dict[str, Any] = yaml.safe_load(TARGETS["envoy"].formats["envoy"](rules))
    return document


def chain_for(listener: dict[str, Any], sni: str | None) -> dict[str, Any] | None:
    """Find the filter chain of a TLS connection as Envoy does."""
    inspectors = [one["typed_config"]["@type"].rpartition(".")[2] for one in listener.get("listener_filters", [])]
    if "TlsInspector" not in inspectors:
        sni = None
    chains: list[dict[str, Any]] = listener["filter_chains"]
    by_name: dict[str, dict[str, Any]] = {}
    rest = None
    for chain in chains:
        match = chain.get("filter_chain_match", {})
        assert set(match) <= {"server_names", "transport_protocol"}
        if match.get("transport_protocol", "tls") != "tls":
            continue
        for name in match.get("server_names", []):
            # Envoy refuses such a configuration.
            assert name not in by_name
            assert name == name.lower()
            assert "*" not in name.removeprefix("*.")
            by_name[name] = chain
        if "server_names" not in match:
            rest = chain
    labels = sni.lower().split(".") if sni else []
    tried = [".".join(labels), *(".".join(("*", *labels[at:])) for at in range(1, len(labels)))] if sni else []
    return next((by_name[one] for one in tried if one in by_name), rest or listener.get("default_filter_chain"))


def virtual_host_for(manager: dict[str, Any], host: str) -> dict[str, Any] | None:
    """Find the virtual host of a request as Envoy does."""
    if manager.get("strip_any_host_port"):
        host = host.partition(":")[0]
    host = host.lower()
    exact: dict[str, dict[str, Any]] = {}
    suffixes: dict[str, dict[str, Any]] = {}
    for one in manager["route_config"]["virtual_hosts"]:
        for domain in one["domains"]:
            (suffixes if domain.startswith("*") else exact)[domain] = one
    if host in exact:
        return exact[host]
    found = [domain for domain in suffixes if host.endswith(domain[1:]) and len(host) > len(domain[1:])]
    return suffixes[max(found, key=len)] if found else None


def filters(chain: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["typed_config"]["@type"].rpartition(".")[2]: one["typed_config"] for one in chain["filters"]}


def passes(document: dict[str, Any], host: str, port: int) -> bool:
    """Say whether a client of a host gets to it, looked up anew and on the same port."""
    resources = document["static_resources"]
    clusters = {one["name"]: one for one in resources["clusters"]}
    at = [one for one in resources["listeners"] if one["address"]["socket_address"]["port_value"] == port]
    if not at:
        return False
    (listener,) = at
    chain = chain_for(listener, None if port == 80 else host)
    if chain is None:
        return False
    use = filters(chain)
    if port == 80:
        manager = use["HttpConnectionManager"]
        found = virtual_host_for(manager, host)
        if found is None:
            return False
        (route,) = found["routes"]
        assert route["match"] == {"prefix": "/"}
        lookup, last = (one["typed_config"] for one in manager["http_filters"])
        assert last["@type"].endswith(".router.v3.Router")
        name = route["route"]["cluster"]
    else:
        assert list(use) == ["FilterConfig", "TcpProxy"], "the name is looked up before the connection is passed on"
        lookup, name = use["FilterConfig"], use["TcpProxy"]["cluster"]
        assert lookup["port_value"] == port
    cluster = clusters[name]
    assert cluster["lb_policy"] == "CLUSTER_PROVIDED"
    # Filter and cluster find one another by the name of the cache, and Envoy refuses two of a name that differ.
    assert cluster["cluster_type"]["typed_config"]["dns_cache_config"] == lookup["dns_cache_config"]
    return True


@pytest.mark.parametrize("name", RULE_SETS)
def test_names_of_the_rules_have_a_way_through_and_no_other(name: str) -> None:
    rules = RULE_SETS[name]
    document = render(rules)
    passing = hosts_that_pass(rules)
    for host, port in passing.items():
        assert [tried for tried in (80, 443, 8443) if passes(document, host, tried)] == [port], host
        assert passes(document, host.upper(), port)
    for host in (*LOOK_ALIKES, "blob.core.windows.net", "data.mcr.microsoft.com"):
        if host not in passing:
            assert not any(passes(document, host, port) for port in (80, 443, 8443)), host


@pytest.mark.parametrize("name", RULE_SETS)
def test_connections_without_a_name_are_closed(name: str) -> None:
    for listener in render(RULE_SETS[name])["static_resources"]["listeners"]:
        if listener["address"]["socket_address"]["port_value"] != 80:
            assert chain_for(listener, None) is None


def test_a_port_in_the_host_does_not_count() -> None:
    document = render(RULE_SETS["revocation-by-name"])
    assert passes(document, "crl3.digicert.com:8443", 80)
    assert not passes(document, "evil.xyz:80", 80)


def test_what_is_declared() -> None:
    assert TARGETS["envoy"].ability.wildcard is Wildcard.LABELS


def test_addresses_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by name"):
        render(by_ip(DEDICATED))
