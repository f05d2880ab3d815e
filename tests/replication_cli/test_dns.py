"""Out of the global names and back: health, records, and real name servers that go by them."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dns.message
import dns.query
import dns.rdatatype
import pytest

from seawall.records import HEALTH_PATH
from tests.replication.cluster_node import CLOUD
from tests.replication.cluster_roads import HOSTED
from tests.replication_cli.site import EAST, LOGIN, REGISTRY, WEST, Site, in_step, until

if TYPE_CHECKING:
    from tests.replication_cli.site import Machine
    from tests.support.nets import Net

ADDRESSES: Final = {EAST: "10.20.0.1", WEST: "10.21.0.1"}
PDNS: Final = """\
launch=bind
bind-config={folder}/named.conf
local-address=127.0.0.1
socket-dir={folder}
enable-lua-records=yes
lua-health-checks-interval=1
cache-ttl=0
query-cache-ttl=0
setuid=
setgid=
"""
START: Final = "$ORIGIN seawall.test.\n@ 60 IN SOA ns hostmaster 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 127.0.0.1\n"


def traffic(machine: Machine, host: str) -> tuple[int, str]:
    answer = machine.answers(host, HEALTH_PATH)
    return answer.status_code, answer.text


def operations(machine: Machine) -> int:
    """What the listener of operations says, which is plain HTTP on the machine itself."""
    head = f"GET {HEALTH_PATH} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    return int(machine.net.exchange("127.0.0.1", 9464, head).split(b" ")[1])


def addresses(net: Net, name: str) -> set[str]:
    """What the name server of a network says."""
    with net.inside():
        answer = dns.query.udp(dns.message.make_query(f"{name}.", "A"), "127.0.0.1", timeout=5)
    return {item.to_text() for found in answer.answer if found.rdtype == dns.rdatatype.A for item in found}


def doors(region: str, account: str) -> list[str]:
    return [
        CLOUD.regional(REGISTRY, region),
        CLOUD.data(REGISTRY, region),
        CLOUD.blob(account),
        CLOUD.node(region),
        LOGIN,
    ]


def test_a_drained_region_says_so_at_every_door_and_serves_on(pair: Site) -> None:
    east, west = pair.machines[EAST], pair.machines[WEST]
    accounts = {one["region"]: one["account"] for one in east.told("replica", "list")}
    ok, drained = (200, "ok\n"), (503, "drained: this region was taken out of the global names\n")
    for machine in (east, west):
        assert {traffic(machine, host) for host in doors(machine.region, accounts[machine.region])} == {ok}
        assert operations(machine) == 200
    try:
        assert east.told("region", "drain", WEST)["drained"] is True
        for host in doors(WEST, accounts[WEST]):
            until(lambda host=host: traffic(west, host) == drained, host, 5)  # type: ignore[misc]
        assert operations(west) == 503
        assert {traffic(east, host) for host in doors(EAST, accounts[EAST])} == {ok}
        listed = {one["region"]: one["drained"] for one in west.told("region", "list")}
        assert listed == {EAST: False, WEST: True}
        assert "drained" in west.says("region", "list")
        # Ready and alive, and its own names go on; so does replication.
        assert west.answers(CLOUD.regional(REGISTRY, WEST), "/readyz").status_code == 200
        image = pair.push(WEST, "drained")
        in_step(east, west)
        assert pair.pulls(EAST, "drained") == image
    finally:
        west.says("region", "resume", WEST)
    until(lambda: traffic(west, LOGIN) == ok, "it is not back", 5)
    assert "there is no region 'northeurope'" in east.refuses("region", "drain", "northeurope", code=2)


def test_records_follow_drain_and_resume(pair: Site) -> None:
    east, west = pair.machines[EAST], pair.machines[WEST]

    def global_name(machine: Machine) -> list[str]:
        (found,) = [one for one in machine.told("region", "dns") if one["name"] == LOGIN]
        assert all(
            ADDRESSES[region] == address for region, address in zip(found["regions"], found["addresses"], strict=True)
        )
        regions: list[str] = found["regions"]
        return regions

    assert global_name(east) == global_name(west) == [EAST, WEST]
    every = {one["name"]: one["addresses"] for one in east.told("region", "dns")}
    east.says("region", "drain", EAST)
    try:
        assert global_name(east) == [WEST]
        until(lambda: global_name(west) == [WEST], "it is not told", 5)
        now = {one["name"]: one["addresses"] for one in east.told("region", "dns")}
        assert {name for name in every if now[name] != every[name]} == {LOGIN}
        west.says("region", "drain", WEST)
        assert "would lead nowhere" in west.refuses("region", "dns", code=1)
    finally:
        for region in (EAST, WEST):
            west.says("region", "resume", region)
    until(lambda: global_name(east) == [EAST, WEST], "it is not back", 5)
    assert "there is no registry 'other'" in east.refuses("region", "dns", "-r", "other", code=2)


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="not installed: dnsmasq")
def test_a_real_dnsmasq_answers(pair: Site, tmp_path: Path) -> None:
    east = pair.machines[EAST]
    text = east.says("region", "dns", "--form", "dnsmasq")
    file = tmp_path / "dnsmasq.conf"
    lines = ["no-resolv", "no-hosts", "pid-file=", "user=root", "bind-interfaces", "listen-address=127.0.0.1"]
    file.write_text("\n".join((*lines, text)))
    with pair.roads.hub.daemon("dnsmasq", "--keep-in-foreground", "-C", str(file), port=53):
        for one in east.told("region", "dns"):
            assert addresses(pair.roads.hub, one["name"]) == set(one["addresses"]), one["name"]
        # Nothing below a name is led anywhere.
        assert addresses(pair.roads.hub, f"other.{LOGIN}") == set()


def test_a_file_of_hosts_leads_there(pair: Site, tmp_path: Path) -> None:
    west = pair.machines[WEST]
    file = tmp_path / "hosts"
    file.write_text(west.says("region", "dns", "--form", "hosts", "--registry", REGISTRY))
    for one in west.told("region", "dns"):
        found = pair.roads.clients.run(*HOSTED, str(file), "getent", "ahostsv4", one["name"])
        assert {line.split()[0] for line in found.splitlines()} == set(one["addresses"])


@pytest.mark.skipif(
    shutil.which("pdns_server") is None or not any(Path("/usr/lib").glob("*/pdns/libbindbackend.so")),
    reason="not installed: pdns-server, pdns-backend-bind",
)
def test_a_real_powerdns_answers_with_regions_that_want_clients(pair: Site, tmp_path: Path) -> None:
    east, west, hub = pair.machines[EAST], pair.machines[WEST], pair.roads.hub
    (tmp_path / "zone").write_text(START + east.says("region", "dns", "--form", "powerdns"))
    (tmp_path / "named.conf").write_text(f'zone "seawall.test" {{ type master; file "{tmp_path}/zone"; }};\n')
    (tmp_path / "pdns.conf").write_text(PDNS.format(folder=tmp_path))
    command = ("pdns_server", f"--config-dir={tmp_path}", "--daemon=no", "--guardian=no", "--loglevel=2")

    def answers() -> set[str]:
        """All that it answers in a while, of which each answer is one."""
        found: set[str] = set()
        for _ in range(12):
            found |= addresses(hub, LOGIN)
            time.sleep(0.01)
        return found

    with hub.daemon(*command, port=53):
        until(lambda: answers() == set(ADDRESSES.values()), "not both regions are answered")
        east.says("region", "drain", WEST)
        try:
            until(lambda: answers() == {ADDRESSES[EAST]}, "a drained region is answered")
            assert addresses(hub, CLOUD.regional(REGISTRY, WEST)) == {ADDRESSES[WEST]}
        finally:
            east.says("region", "resume", WEST)
        until(lambda: answers() == set(ADDRESSES.values()), "it is not back")
        east.kill()
        try:
            until(lambda: answers() == {ADDRESSES[WEST]}, "a dead region is answered")
        finally:
            east.restart()
    in_step(east, west)


def test_a_region_without_addresses_is_named(site: Site) -> None:
    (east,) = site.set_up(EAST, extra="addresses = []\n")
    site.found(east)
    said = east.refuses("region", "dns", code=1)
    assert "eastus has told no addresses; write them into the seawall.toml there" in said
    east.config.write_text(
        east.config.read_text().replace("addresses = []", 'addresses = ["192.0.2.1", "2001:db8::1"]')
    )
    # Of this region, the file counts as it is now.
    found = {one["name"]: one["addresses"] for one in json.loads(east.says("region", "dns", "--json"))}
    assert found[LOGIN] == ["192.0.2.1", "2001:db8::1"]
    assert f"{LOGIN}. 60 IN AAAA 2001:db8::1\n" in east.says("region", "dns", "--form", "zone")
