"""The records that lead clients to regions: every form says the same, and readers of each form agree."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

import dns.zone
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.naming import Cloud, Role
from seawall.records import FORMS, HEALTH_PATH, Place, Record, RecordsError, records
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from pathlib import Path

CLOUD: Final = Cloud.own("registry.example.com")
ELSEWHERE: Final = Cloud.own("registry.example.com", "storage.example.net")
EAST: Final = Place("eastus", ("192.0.2.1", "2001:db8::1"))
WEST: Final = Place("westus", ("192.0.2.2", "192.0.2.3"))
BOTH: Final = Registry("myregistry", "eastus", (Replica("eastus", "sweast"), Replica("westus", "swwest")))
LOGIN: Final = CLOUD.login("myregistry")
QUOTES: Final = " '"
START: Final = "@ 60 IN SOA ns hostmaster 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\n"
REGIONS: Final = ("eastus", "northeurope", "westus")

addresses = st.lists(
    st.one_of(st.ip_addresses(v=4, network="192.0.2.0/24"), st.ip_addresses(v=6, network="2001:db8::/64")),
    min_size=1,
    max_size=3,
    unique=True,
).map(lambda found: tuple(map(str, found)))
all_places = st.tuples(
    *(st.builds(Place, st.just(region), addresses, st.booleans(), st.booleans()) for region in REGIONS)
)


@st.composite
def all_registries(draw: st.DrawFn) -> list[Registry]:
    made = []
    for name in draw(st.lists(st.sampled_from(["myregistry", "other", "third"]), min_size=1, unique=True)):
        there = sorted(draw(st.sets(st.sampled_from(REGIONS), min_size=1)))
        replicas = tuple(Replica(region, f"sw{name}{place}") for place, region in enumerate(there))
        made.append(Registry(name, there[0], replicas))
    return made


def leads(found: list[Record]) -> dict[str, set[str]]:
    return {record.name: set(record.addresses) for record in found}


def read_zone(text: str, cloud: Cloud) -> dict[str, set[str]]:
    """What another reader of zones makes of it."""
    read: dict[str, set[str]] = defaultdict(set)
    for part in re.split(r"^; zone ", text, flags=re.MULTILINE)[1:]:
        origin, _, lines = part.partition("\n")
        assert origin in {cloud.domain, cloud.storage}
        zone = dns.zone.from_text(START + lines, origin=f"{origin}.", relativize=False)
        for name, ttl, data in zone.iterate_rdatas():
            if data.rdtype.name in {"A", "AAAA"} and not name.to_text().startswith("ns."):
                assert ttl == 60
                read[name.to_text(omit_final_dot=True)].add(data.to_text())
    return dict(read)


def read_dnsmasq(text: str) -> dict[str, set[str]]:
    read: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        key, _, value = line.partition("=")
        name, address, seconds = value.split(",")
        assert (key, seconds) == ("host-record", "60")
        read[name].add(str(ip_address(address)))
    return dict(read)


def read_hosts(text: str) -> dict[str, set[str]]:
    read: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines():
        address, name = line.split()
        read[name].add(address)
    return dict(read)


def read_powerdns(text: str, cloud: Cloud) -> dict[str, set[str]]:
    """As a zone, with the addresses among which a script chooses."""
    script = re.compile(
        r"""^(\S+) (\d+) IN LUA (A|AAAA) "ifurlup\('\S+', \{([^}]+)\}, \{selector='pickclosest'\}\)"$"""
    )
    lines = []
    for line in text.splitlines():
        if match := script.match(line):
            name, seconds, kind, listed = match.groups()
            lines += [f"{name} {seconds} IN {kind} {address.strip(QUOTES)}" for address in listed.split(",")]
        else:
            lines.append(line)
    return read_zone("\n".join(lines) + "\n", cloud)


@given(registries=all_registries(), places=all_places, cloud=st.sampled_from([CLOUD, ELSEWHERE]))
def test_every_form_leads_where_it_should(registries: list[Registry], places: tuple[Place, ...], cloud: Cloud) -> None:
    known = {place.region: place for place in places}
    chosen = {
        registry.name: [
            known[one.region]
            for one in registry.replicas
            if known[one.region].reachable and not known[one.region].drained
        ]
        for registry in registries
    }
    if not all(chosen.values()):
        with pytest.raises(RecordsError, match="would lead nowhere"):
            records(cloud, registries, places)
        return
    found = records(cloud, registries, places)
    expected = {cloud.node(place.region): set(place.addresses) for place in places if place.reachable}
    for registry in registries:
        expected[cloud.login(registry.name)] = {one for place in chosen[registry.name] for one in place.addresses}
        for replica in registry.replicas:
            there = set(known[replica.region].addresses)
            expected[cloud.regional(registry.name, replica.region)] = there
            expected[cloud.data(registry.name, replica.region)] = there
            expected[cloud.blob(replica.account)] = there
    assert leads(found) == expected
    for name, read in (("zone", read_zone), ("powerdns", read_powerdns)):
        assert read(FORMS[name](cloud, found), cloud) == expected
    assert read_dnsmasq(FORMS["dnsmasq"](cloud, found)) == expected
    assert read_hosts(FORMS["hosts"](cloud, found)) == expected
    for record in found:
        role = cloud.parse(record.name).role
        assert (role is Role.LOGIN) or len(record.regions) == 1
        assert bool(record.health) == (len(record.regions) > 1)


def test_a_drained_region_keeps_its_own_names() -> None:
    found = leads(records(CLOUD, [BOTH], [EAST, Place("westus", WEST.addresses, drained=True)]))
    assert found[LOGIN] == set(EAST.addresses)
    for name in (CLOUD.regional("myregistry", "westus"), CLOUD.data("myregistry", "westus"), CLOUD.blob("swwest")):
        assert found[name] == set(WEST.addresses)
    assert found[CLOUD.node("westus")] == set(WEST.addresses)


@pytest.mark.parametrize(("port", "written"), [(443, ""), (8443, ":8443")])
def test_health_is_asked_where_clients_come(port: int, written: str) -> None:
    (login,) = [one for one in records(CLOUD, [BOTH], [EAST, WEST], port) if one.name == LOGIN]
    assert login.health == f"https://{LOGIN}{written}{HEALTH_PATH}"
    text = FORMS["powerdns"](CLOUD, [login])
    assert text.count(login.health) == 2
    assert "LUA AAAA" in text


def test_a_name_of_one_region_asks_nothing() -> None:
    found = records(CLOUD, [BOTH], [EAST, Place("westus", WEST.addresses, drained=True)])
    assert "LUA" not in FORMS["powerdns"](CLOUD, found)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(RecordsError, match=r"westus has told no addresses; write them into the seawall.toml there"):
        records(CLOUD, [BOTH], [EAST, Place("westus", ())])
    with pytest.raises(RecordsError, match="replica in westus, and no node there takes part"):
        records(CLOUD, [BOTH], [EAST])
    with pytest.raises(RecordsError, match="no region of eastus, westus is in the global names"):
        records(
            CLOUD, [BOTH], [Place("eastus", ("192.0.2.1",), drained=True), Place("westus", ("::1",), reachable=False)]
        )


def test_a_region_without_a_replica_needs_no_address() -> None:
    found = leads(
        records(CLOUD, [Registry("myregistry", "eastus", (Replica("eastus", "sweast"),))], [EAST, Place("westus", ())])
    )
    assert CLOUD.node("westus") not in found
    assert found[CLOUD.node("eastus")] == set(EAST.addresses)


@pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="not installed: named-checkzone (bind9-utils)")
@pytest.mark.parametrize("cloud", [CLOUD, ELSEWHERE])
def test_bind_takes_the_zone(tmp_path: Path, cloud: Cloud) -> None:
    text = FORMS["zone"](cloud, records(cloud, [BOTH], [EAST, WEST]))
    for number, part in enumerate(re.split(r"^; zone ", text, flags=re.MULTILINE)[1:]):
        origin, _, lines = part.partition("\n")
        file = tmp_path / str(number)
        file.write_text(f"$ORIGIN {origin}.\n{START}{lines}")
        done = subprocess.run(
            ["named-checkzone", "-i", "full", origin, file], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "OK" in done.stdout, "ignor" in done.stdout) == (0, True, False), done.stdout


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="not installed: dnsmasq")
def test_dnsmasq_takes_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "records.conf"
    file.write_text(FORMS["dnsmasq"](CLOUD, records(CLOUD, [BOTH], [EAST, WEST])))
    done = subprocess.run(["dnsmasq", "--test", "-C", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "dnsmasq: syntax check OK.")
