"""Check Point: the script runs against a stand-in for mgmt_cli, which keeps a database."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from seawall.firewall.targets.checkpoint import TARGETS
from seawall.firewall.targets.contract import Wildcard
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, ports_of, refused, write

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT = TARGETS["checkpoint"]
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")

# In the shell, since one is started for every object: names of files are names of objects, lines are arguments.
STUB = r"""#!/bin/bash
set -u
echo "$1" >> "$DATABASE/../calls"
case $1 in
  login) printf 'sid: one\n'; exit 0 ;;
  publish | discard | logout) [ "$2" = -s ] && [ -s "$3" ] || exit 9; exit 0 ;;
esac
verb=$1 kind=$2 name='' layer=''
shift 2
declare -a kept=()
while [ $# -gt 0 ]; do
  case $1 in
    -s) [ -s "$2" ] || exit 9 ;;
    name) name=$2 ;;
    layer) layer=$2 ;;
    *) kept+=("$1" "$2") ;;
  esac
  shift 2
done
if [ "$kind" = access-rule ] && [ "$layer" != Network ]; then exit 8; fi
file="$DATABASE/$kind $name"
case $verb in
  show) [ -e "$file" ] ;;
  delete) rm "$file" ;;
  add) [ "$name" != "${BROKEN:-}" ] && [ ! -e "$file" ] && printf '%s\n' "${kept[@]}" > "$file" ;;
  set) [ -e "$file" ] && printf '%s\n' "${kept[@]}" > "$file" ;;
  *) exit 7 ;;
esac
"""


class Management:
    """A management server's database, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "database").mkdir()
        stub = folder / "mgmt_cli"
        stub.write_text(STUB)
        stub.chmod(0o755)

    def run(self, text: str, broken: str = "") -> int:
        script = self.folder / "rules.sh"
        script.write_text(text)
        subprocess.run(["bash", "-n", str(script)], check=True)
        (self.folder / "calls").write_text("")
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "DATABASE": str(self.folder / "database"),
            "TMPDIR": str(self.folder),
            "BROKEN": broken,
        }
        done = subprocess.run(
            ["bash", str(script)], cwd=self.folder, env=environment, check=False, capture_output=True, text=True
        )
        assert not list(self.folder.glob("tmp.*")), "the session stays behind"
        return done.returncode

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().split()

    def objects(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for file in (self.folder / "database").glob(f"{kind} *"):
            words = file.read_text().splitlines()
            assert len(words) % 2 == 0
            found[file.name.removeprefix(f"{kind} ")] = fields(words)
        return found

    def destinations(self, port: int) -> list[str]:
        found = []
        for rule in self.objects("access-rule").values():
            assert rule["action"] == "Accept"
            assert 0 < len(rule["comments"]) <= 255
            if self.objects("service-tcp")[rule["service"]]["port"] == str(port):
                found += rule["destination"]
        return found

    def passes(self, host: str, port: int) -> bool:
        """In FQDN mode ``.x`` is x and nothing under it; otherwise it is all that reverse DNS says is under it."""
        domains = self.objects("dns-domain")
        for one in self.destinations(port):
            if one in domains:
                assert one.startswith(".")
                assert domains[one]["is-sub-domain"] == "false"
                assert domains[one]["comments"]
                if host == one[1:]:
                    return True
        return False

    def ranges(self, port: int) -> list[str]:
        groups, hosts, networks = self.objects("group"), self.objects("host"), self.objects("network")
        waiting, found = [one for one in self.destinations(port) if not one.startswith(".")], []
        while waiting:
            name = waiting.pop()
            assert NAME.fullmatch(name)
            if name in groups:
                waiting += groups[name]["members"]
            elif name in hosts:
                found.append(hosts[name]["ip-address"])
            else:
                found.append(f"{networks[name]['subnet']}/{networks[name]['mask-length']}")
        return found


def fields(words: list[str]) -> dict[str, Any]:
    """Read ``members.1 a members.2 b`` as a list, as mgmt_cli does."""
    found: dict[str, Any] = {}
    for key, value in zip(words[::2], words[1::2], strict=True):
        name, _, number = key.partition(".")
        if number.isdigit():
            assert int(number) == len(found.setdefault(name, [])) + 1
            found[name].append(value)
        else:
            assert key not in found
            found[key] = value
    return found


SMALL = [name for name in fitting(CHECKPOINT, "mgmt_cli") if name != "many-by-ip"]


@pytest.mark.parametrize("name", SMALL)
def test_the_script_lets_through_what_is_meant(tmp_path: Path, name: str) -> None:
    rules = RULE_SETS[name]
    server = Management(tmp_path)
    assert server.run(write(CHECKPOINT, "mgmt_cli", rules)) == 0
    assert server.calls[-2:] == ["publish", "logout"]
    if any(rule.names for rule in rules.rules):
        destinations = {port: server.destinations(port) for port in ports_of(rules)}
        assert any(destinations.values())
        exact = {port: {one for one in every if server.passes(one[1:], port)} for port, every in destinations.items()}
        assert_hosts(lambda host, port: f".{host}" in exact[port], rules, Wildcard.NONE)
    for port in ports_of(rules):
        assert_ranges(server.ranges(port), rules, port)


def test_running_again_leaves_nothing_of_earlier_ones_open(tmp_path: Path) -> None:
    server = Management(tmp_path)
    for name in ("two-ports-by-ip", "revocation-by-name", "dedicated-by-ip", "dedicated-by-ip"):
        rules = RULE_SETS[name]
        assert server.run(write(CHECKPOINT, "mgmt_cli", rules)) == 0
        assert {port for port in ports_of(rules) if server.destinations(port)} == set(rules.ports)
        for port in ports_of(rules):
            assert_ranges(server.ranges(port), rules, port)
            named = {one[1:] for one in server.destinations(port) if one.startswith(".")}
            assert named == set(rules.names(port))


def test_a_failure_discards_the_session(tmp_path: Path) -> None:
    server = Management(tmp_path)
    text = write(CHECKPOINT, "mgmt_cli", RULE_SETS["dedicated-by-name"])
    assert server.run(text, broken=".azurecr.io") != 0
    assert server.calls[-2:] == ["discard", "logout"]
    assert "publish" not in server.calls


def test_large_groups_are_cut(tmp_path: Path) -> None:
    lines = write(CHECKPOINT, "mgmt_cli", RULE_SETS["many-by-ip"]).splitlines()
    groups = [line.split() for line in lines if line.startswith("put group ")]
    assert [len(words) // 2 - 1 for words in groups[:-1]] == [200] * 6 + [36]
    # The shell takes it; running all of it would start thousands of processes.
    script = tmp_path / "rules.sh"
    script.write_text("\n".join(lines))
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_hostile_reason_stays_a_reason(tmp_path: Path) -> None:
    server = Management(tmp_path)
    assert server.run(write(CHECKPOINT, "mgmt_cli", RULE_SETS["hostile-by-name"])) == 0
    assert not list(tmp_path.rglob("pwned"))
    assert "it's" in server.objects("dns-domain")[".myregistry.azurecr.io"]["comments"]


def test_feeds_hold_what_is_meant() -> None:
    for name in fitting(CHECKPOINT, "feed"):
        rules = RULE_SETS[name]
        (port,) = rules.ports
        assert_ranges(write(CHECKPOINT, "feed", rules).splitlines(), rules, port)


def test_what_does_not_fit_is_refused() -> None:
    refused(CHECKPOINT, "mgmt_cli", RULE_SETS["shared-by-name"], "wildcards")
    refused(CHECKPOINT, "mgmt_cli", RULE_SETS["shared-by-tag"], "service tags")
    refused(CHECKPOINT, "feed", RULE_SETS["dedicated-by-name"], "--by ip")
    refused(CHECKPOINT, "feed", RULE_SETS["two-ports-by-ip"], "no ports")
