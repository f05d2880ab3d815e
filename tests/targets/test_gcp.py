"""Google Cloud: an evaluator of policies decides on what a recording gcloud was told; Terraform must say the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets import gcp
from seawall.firewall.targets.contract import CannotExpressError
from seawall.servicetags.prefixes import AddressSet
from tests.targets.cloud_judges import (
    EVERY,
    Stub,
    covered,
    edges,
    fitting,
    from_hcl,
    hosts,
    networks,
    opened,
    refuses,
    write,
)
from tests.targets.rule_sets import NEEDS, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GCP: Final = gcp.TARGETS["gcp"]
RULE_SETS: Final = fitting(GCP)
PROGRAM: Final = ["compute", "network-firewall-policies"]


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    """A gcloud whose policy has no rules yet."""
    return Stub(tmp_path, "gcloud", "describe")


def told(stub: Stub, rules: RuleSet) -> list[dict[str, Any]]:
    """The rules that a script hands to gcloud."""
    done = stub.run(write(GCP, "gcloud", rules), "a policy")
    assert (done.returncode, done.stderr) == (0, "")
    first, *puts = stub.calls
    assert first[:4] == [*PROGRAM, "describe", "a policy"]
    return [as_rule(call, "create") for call in puts]


def as_rule(call: list[str], verb: str) -> dict[str, Any]:
    assert call[:4] == [*PROGRAM, "rules", verb]
    options = dict(word.removeprefix("--").partition("=")[::2] for word in call[5:])
    assert options.pop("firewall-policy") == "a policy"
    assert options.pop("global-firewall-policy") == ""
    assert options.pop("direction") == "EGRESS"
    ports = [layer.removeprefix("tcp:") for layer in options.pop("layer4-configs").split(",")]
    return {
        "priority": int(call[4]),
        "action": options.pop("action"),
        "description": options.pop("description"),
        "ports": ports,
        **{key.replace("-", "_"): value.split(",") for key, value in options.items()},
    }


def decide(rules: list[dict[str, Any]], address: str, port: int, answers: Mapping[str, str]) -> str:
    """What a policy does with a packet, given what names resolve to."""
    ip = ip_address(address)
    for rule in sorted(rules, key=lambda one: int(one["priority"])):
        if str(port) not in rule["ports"]:
            continue
        # Both of them would have to be met.
        by_name = "dest_fqdns" not in rule or address in {answers.get(name) for name in rule["dest_fqdns"]}
        by_range = "dest_ip_ranges" not in rule or any(ip in one for one in networks(rule["dest_ip_ranges"]))
        if by_name and by_range:
            return str(rule["action"])
    return "allow"


@pytest.mark.parametrize("name", [name for name, rules in RULE_SETS.items() if any(one.names for one in rules.rules)])
def test_hosts_that_are_needed_pass_and_those_that_look_like_them_do_not(name: str, stub: Stub) -> None:
    rules = RULE_SETS[name]
    policy = told(stub, rules)
    every = sorted(hosts(rules, 443) | hosts(rules, 80))
    answers = {host: str(ip_address("198.18.0.0") + at) for at, host in enumerate(every)}
    for port in rules.ports:
        for host in every:
            wanted = covered(rules, port, host, parent=False)
            assert decide(policy, answers[host], port, answers) == ("allow" if wanted else "deny"), host
    assert decide(policy, "198.18.255.1", 22, answers) == "allow"


@pytest.mark.parametrize("name", [name for name, rules in RULE_SETS.items() if any(r.addresses for r in rules.rules)])
def test_addresses_that_are_needed_pass_and_their_neighbours_do_not(name: str, stub: Stub) -> None:
    rules = RULE_SETS[name]
    policy = told(stub, rules)
    for port in rules.ports:
        inside, outside = edges(opened(rules, port))
        assert inside
        assert {decide(policy, address, port, {}) for address in inside} == {"allow"}
        assert {decide(policy, address, port, {}) for address in (*outside, "1.1.1.1", "2606:4700::1111")} == {"deny"}


def test_there_is_something_to_judge() -> None:
    names = {"dedicated-by-name", "revocation-by-name", "everything-by-ip", "revocation-looked-up-by-ip"}
    assert names <= set(RULE_SETS)


@pytest.mark.parametrize("name", ["shared-by-name", "mcr-by-name", "dedicated-by-tag"])
def test_wildcards_and_tags_are_refused(name: str) -> None:
    assert refuses(GCP, EVERY[name])


@pytest.mark.parametrize("name", RULE_SETS)
def test_both_formats_say_the_same(name: str, stub: Stub) -> None:
    rules = RULE_SETS[name]
    resources = from_hcl(write(GCP, "terraform", rules))["resource"]
    said = []
    for resource in resources:
        ((label, body),) = resource["google_compute_network_firewall_policy_rule"].items()
        assert label == f"seawall_{body['priority']}"
        assert (body.pop("firewall_policy"), body.pop("direction")) == ("${var.firewall_policy}", "EGRESS")
        (match,) = body.pop("match")
        (layers,) = match.pop("layer4_configs")
        assert layers.pop("ip_protocol") == "tcp"
        said.append({**body, **layers, **match})
    assert said == told(stub, rules)


@pytest.mark.parametrize("name", RULE_SETS)
def test_a_rule_is_one_that_google_takes(name: str) -> None:
    every = gcp.policy_rules(RULE_SETS[name])
    assert len({rule.priority for rule in every}) == len(every)
    for rule in every:
        assert bool(rule.names) != bool(rule.ranges)
        assert len(rule.names) <= 100
        assert len(rule.ranges) <= 5000
        assert len({one.version for one in networks(rule.ranges)}) <= 1
        assert len(rule.why) < 2000


def test_a_later_run_changes_its_own_rules_and_removes_what_is_left(tmp_path: Path) -> None:
    there = "10000\tseawall: an old reason\n10999\tseawall: gone\n500\tsomebody's\n2147483645\tdefault\n"
    stub = Stub(tmp_path, "gcloud", "describe", there)
    assert stub.run(write(GCP, "gcloud", EVERY["dedicated-by-name"]), "a policy").returncode == 0
    calls = stub.calls[1:]
    assert as_rule(calls[0], "update")["priority"] == 10000
    assert [call[3] for call in calls] == ["update", *["create"] * (len(calls) - 2), "delete"]
    assert calls[-1][4] == "10999"


def test_rules_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    stub = Stub(tmp_path, "gcloud", "describe", "10001\tsomebody's own rule\n")
    done = stub.run(write(GCP, "gcloud", EVERY["dedicated-by-name"]), "a policy")
    assert done.returncode == 1
    assert "10001" in done.stderr
    assert not [call for call in stub.calls if "10001" in call]


def test_the_script_stops_where_gcloud_does(tmp_path: Path) -> None:
    for verb, more in (("describe", 0), ("create", 1)):
        stub = Stub(tmp_path / verb, "gcloud", "describe")
        stub.fail_at(verb)
        assert stub.run(write(GCP, "gcloud", EVERY["dedicated-by-name"]), "a policy").returncode == 3
        assert len(stub.calls) == 1 + more


def test_long_lists_are_split_so_that_a_command_can_take_them(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcp, "MOST_RANGES", 2)
    policy = told(stub, EVERY["everything-by-ip"])
    lists = [rule["dest_ip_ranges"] for rule in policy if rule["action"] == "allow"]
    assert len(lists) > 2
    assert max(map(len, lists)) == 2
    assert networks(prefix for one in lists for prefix in one) == opened(EVERY["everything-by-ip"], 443)


def test_more_rules_than_there_are_priorities_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcp, "MOST_RANGES", 1)
    need = NEEDS["own"]
    addresses = AddressSet.of(f"20.0.{at >> 7}.{at << 1 & 255}" for at in range(1001))
    with pytest.raises(CannotExpressError, match="1,000 rules"):
        gcp.policy_rules(plan(need, Way.IP, resolved=dict.fromkeys(resolved(need), addresses)))


def test_one_argument_stays_below_what_linux_takes() -> None:
    longest = len(",".join(["2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/128"] * gcp.MOST_RANGES))
    assert longest < 128 * 1024


@pytest.mark.skipif(shutil.which("gcloud", path="/usr/bin:/bin") is None, reason="gcloud is not installed")
@pytest.mark.parametrize("name", ["dedicated-by-name", "dedicated-by-ip"])
def test_gcloud_knows_every_option(name: str, tmp_path: Path, stub: Stub) -> None:
    """The real program reads its arguments before it asks who is calling; without an account it goes no further."""
    assert stub.run(write(GCP, "gcloud", EVERY[name]), "a-policy").returncode == 0
    call = next(one for one in stub.calls if "create" in one)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CLOUDSDK_CONFIG": str(tmp_path),
        # It must not look for anybody on the network.
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }
    done = subprocess.run(
        ["gcloud", *call, "--project=some-project"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert re.search("active account", done.stderr), done.stderr


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("name", ["everything-by-ip", "revocation-by-name"])
def test_terraform_would_lay_it_out_the_same(name: str) -> None:
    text = write(GCP, "terraform", EVERY[name])
    done = subprocess.run(
        ["terraform", "fmt", "-"], input=text, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, text)
