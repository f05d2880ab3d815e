"""AWS: templates are read by cfn-lint, rules by a Suricata parser, and matchers of both decide on hosts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suricataparser import parse_rules  # type: ignore[import-untyped]

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets.aws import TARGETS
from seawall.firewall.targets.contract import CannotExpressError
from seawall.naming import Cloud
from seawall.servicetags.prefixes import AddressSet
from seawall.topology import Replica
from tests.targets.cloud_judges import EVERY, covered, fitting, hosts, networks, refuses, write
from tests.targets.rule_sets import NEEDS, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suricataparser import Rule

FIREWALL: Final = TARGETS["aws-network-firewall"]
PREFIX_LIST: Final = TARGETS["aws-prefix-list"]
BY_NAME: Final = fitting(FIREWALL)
BY_IP: Final = fitting(PREFIX_LIST)
PROTOCOLS: Final = {443: "tls", 8443: "tls", 80: "http"}

BUFFERS: Final[Mapping[str, Callable[[str], str]]] = {
    "tls.sni": lambda host: host,
    # Suricata hands it over in lower case, and refuses nocase with it.
    "http.host": lambda host: host.lower(),
    "http.header_names": lambda _: "\r\nHost\r\n\r\n",
}
KNOWN: Final = {*BUFFERS, "msg", "flow", "sid", "rev", "ssl_state", "app-layer-protocol", "dotprefix", "content"} | {
    "startswith",
    "endswith",
    "nocase",
}


def decide(rules: list[Rule], protocol: str, port: int, host: str) -> str:
    """What a rule group with strict order does once the client has said which host it wants.

    Args:
        rules: The rules in their order.
        protocol: What Suricata has recognised: tls, http, or else.
        port: The server's port.
        host: The name in the TLS hello or the HTTP request; empty where there is none.
    """
    for rule in rules:
        _, its_protocol, source, _, arrow, to, its_port = f"{rule.action} {rule.header}".split()
        assert (source, arrow, to) == ("$HOME_NET", "->", "$EXTERNAL_NET")
        if int(its_port) == port and its_protocol in {protocol, "tcp"} and matches(rule, protocol, host):
            return str(rule.action)
    return "nothing"


def matches(rule: Rule, protocol: str, host: str) -> bool:
    options = [(option.name, option.value) for option in rule.options]
    assert {name for name, _ in options} <= KNOWN
    assert ("flow", "to_server,established") in options
    assert dict(options).get("ssl_state", "client_hello") == "client_hello"
    recognised = dict(options).get("app-layer-protocol", protocol)
    if (recognised.removeprefix("!") == protocol) == recognised.startswith("!"):
        return False
    # Transformations and contents apply to the buffer that was named before them, in order.
    at = next((at for at, (name, _) in enumerate(options) if name in BUFFERS), len(options))
    buffered = options[at + 1 :]
    if not buffered:
        return True
    buffer = BUFFERS[options[at][0]](host)
    return content_matches(buffered, buffer)


def content_matches(options: list[tuple[str, str]], buffer: str) -> bool:
    names = [name for name, _ in options]
    assert names.count("content") == 1
    if "dotprefix" in names:
        assert names[0] == "dotprefix"
        buffer = f".{buffer}"
    text = dict(options)["content"].strip('"')
    content = re.sub(r"\|([0-9a-f ]+)\|", lambda hit: bytes.fromhex(hit[1]).decode(), text)
    if "nocase" in names:
        buffer, content = buffer.lower(), content.lower()
    if "startswith" in names and not buffer.startswith(content):
        return False
    if "endswith" in names and not buffer.endswith(content):
        return False
    # One content is met at one place: at both ends only where it is all there is.
    return content in buffer and not ({"startswith", "endswith"} <= set(names) and len(content) != len(buffer))


def read(rules: RuleSet) -> list[Rule]:
    text = write(FIREWALL, "suricata", rules)
    found = parse_rules(text)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [rule.raw for rule in found] == lines
    return list(found)


def lists(rules: RuleSet) -> dict[str, Any]:
    resources: dict[str, Any] = json.loads(write(FIREWALL, "cloudformation", rules))["Resources"]
    return {
        "tls" if source["TargetTypes"] == ["TLS_SNI"] else "http": source
        for one in resources.values()
        if (source := one["Properties"]["RuleGroup"]["RulesSource"]["RulesSourceList"])
    }


def listed(source: dict[str, Any], host: str) -> bool:
    """Names of a list are exact; one that begins with a dot is for the domain and all below."""
    assert source["GeneratedRulesType"] == "ALLOWLIST"
    host = host.lower()
    return any(
        host == target.removeprefix(".") or (target.startswith(".") and host.endswith(target))
        for target in source["Targets"]
    )


@pytest.mark.parametrize("name", BY_NAME)
def test_hosts_that_are_needed_pass_and_those_that_look_like_them_do_not(name: str) -> None:
    rules = BY_NAME[name]
    every, sources = read(rules), lists(rules)
    assert set(sources) == {PROTOCOLS[port] for port in rules.ports}
    for port in rules.ports:
        protocol = PROTOCOLS[port]
        for host in hosts(rules, port):
            wanted = covered(rules, port, host, parent=True)
            assert decide(every, protocol, port, host) == ("pass" if wanted else "drop"), host
            assert decide(every, protocol, port, host.upper()) == ("pass" if wanted else "drop"), host
            assert listed(sources[protocol], host) == wanted, host
        assert decide(every, protocol, port, "") == "drop"
        assert decide(every, "ssh", port, "") == "drop"
        assert decide(every, "tls" if protocol == "http" else "http", port, rules.names(port)[0]) == "drop"
    assert decide(every, "tls", 9443, "example.com") == "nothing"


def test_there_is_something_to_judge() -> None:
    assert {"everything-by-name", "shared-by-name", "revocation-by-name", "private-by-name"} <= set(BY_NAME)
    assert {"everything-by-ip", "dedicated-by-ip", "revocation-looked-up-by-ip", "private-by-ip"} <= set(BY_IP)
    assert refuses(FIREWALL, EVERY["dedicated-by-ip"])
    assert refuses(FIREWALL, EVERY["dedicated-by-tag"])
    assert refuses(PREFIX_LIST, EVERY["dedicated-by-name"])


def test_look_alikes_by_name() -> None:
    every, source = read(EVERY["shared-by-name"]), lists(EVERY["shared-by-name"])["tls"]
    for host in ("myregistry.azurecr.io", "some.blob.core.windows.net"):
        assert decide(every, "tls", 443, host) == "pass"
        assert listed(source, host)
    for host in (
        "evilazurecr.io",
        "azurecr.io.evil.xyz",
        "myregistry.azurecr.io.evil.xyz",
        "xmyregistry.azurecr.io",
        "deep.myregistry.azurecr.io",
        "evilblob.core.windows.net",
        "x.blob.core.windows.net.evil.xyz",
    ):
        assert decide(every, "tls", 443, host) == "drop", host
        assert not listed(source, host), host


LABEL: Final = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(LABEL, min_size=2, max_size=3), st.lists(LABEL, min_size=1, max_size=5))
def test_any_domain_of_ones_own(suffix: list[str], asked: list[str]) -> None:
    cloud = Cloud.own(".".join((*suffix, "test")))
    rules = plan(Need(cloud=cloud, registry="myregistry", replicas=(Replica("eastus"),)), Way.NAME)
    every, source = read(rules), lists(rules)["tls"]
    for host in {".".join(asked), f"{'.'.join(asked)}.{cloud.domain}", f"{asked[0]}{cloud.domain}"} | hosts(rules, 443):
        wanted = covered(rules, 443, host, parent=True)
        assert decide(every, "tls", 443, host) == ("pass" if wanted else "drop"), host
        assert listed(source, host) == wanted, host


@pytest.mark.parametrize("name", BY_NAME)
def test_rules_are_ones_that_aws_takes(name: str) -> None:
    every = read(BY_NAME[name])
    assert len({rule.sid for rule in every}) == len(every)
    assert all(1_000_000 <= rule.sid < 2_000_000 for rule in every)
    assert all(len(rule.raw) <= 8192 for rule in every)
    for rule in every:
        text = rule.msg.strip('"')
        assert text
        assert not set(text) & set(';:"\\')


def lint(text: str) -> list[str]:
    from cfnlint.api import lint_all  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import

    # Advice ("I") is a matter of taste.
    return [str(match) for match in lint_all(text) if match.rule.id[0] in "EW"]


@pytest.mark.parametrize("name", ["everything-by-name", "everything-by-ip", "dedicated-by-name"])
def test_cloudformation_has_nothing_to_say_against_it(name: str) -> None:
    target = FIREWALL if name in BY_NAME else PREFIX_LIST
    text = write(target, "cloudformation", EVERY[name])
    assert lint(text) == []


def test_cloudformation_would_say_something() -> None:
    text = write(FIREWALL, "cloudformation", EVERY["dedicated-by-name"])
    assert lint(text.replace('"TLS_SNI"', '"TLS_SNX"'))
    text = write(PREFIX_LIST, "cloudformation", EVERY["dedicated-by-ip"])
    assert lint(text.replace('"IPv4"', '"IPv5"'))


@pytest.mark.parametrize("name", BY_NAME)
def test_capacities_leave_room(name: str) -> None:
    rules = BY_NAME[name]
    resources = json.loads(write(FIREWALL, "cloudformation", rules))["Resources"]
    for group in (one["Properties"] for one in resources.values()):
        targets = group["RuleGroup"]["RulesSource"]["RulesSourceList"]["Targets"]
        assert 2 * len(targets) < group["Capacity"] <= 30_000
        assert len(set(targets)) == len(targets)
        assert len(group["Description"]) <= 512


@pytest.mark.parametrize("name", BY_IP)
def test_prefix_lists_hold_the_ranges_of_one_port_and_family(name: str) -> None:
    rules = BY_IP[name]
    resources = json.loads(write(PREFIX_LIST, "cloudformation", rules))["Resources"]
    for port in rules.ports:
        wanted = networks(prefix for rule in rules.rules if rule.flow.port == port for prefix in rule.addresses.cidrs)
        for version in (4, 6):
            ranges = {str(one) for one in wanted if one.version == version}
            if not ranges:
                assert f"Port{port}IPv{version}" not in resources
                continue
            properties = resources.pop(f"Port{port}IPv{version}")["Properties"]
            assert properties["AddressFamily"] == f"IPv{version}"
            assert {entry["Cidr"] for entry in properties["Entries"]} == ranges
            assert properties["MaxEntries"] == len(properties["Entries"])
            assert all(len(entry["Description"]) <= 255 for entry in properties["Entries"])
    assert not resources


def some_ranges(count: int) -> RuleSet:
    need = NEEDS["own"]
    addresses = AddressSet.of(f"20.0.{at >> 7}.{at << 1 & 255}" for at in range(count))
    return plan(need, Way.IP, resolved=dict.fromkeys(resolved(need), addresses))


def test_lists_that_a_security_group_cannot_hold_say_so() -> None:
    assert "security group" not in write(PREFIX_LIST, "cloudformation", some_ranges(60))
    assert "count as 61 rules" in write(PREFIX_LIST, "cloudformation", some_ranges(61))


def test_more_entries_than_a_list_holds_are_refused() -> None:
    assert write(PREFIX_LIST, "cloudformation", some_ranges(1000))
    with pytest.raises(CannotExpressError, match="1,000 entries"):
        write(PREFIX_LIST, "cloudformation", some_ranges(1001))
