"""Private names: what a private network's name server is told, and what the public one leads to."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall import records
from seawall.naming import Cloud
from seawall.private_endpoint import Status, created, members
from seawall.privatelink import FORMS, missing, private_records
from seawall.records import Place
from seawall.topology import Registry, Replica, with_private_endpoint

if TYPE_CHECKING:
    from pathlib import Path

CLOUD: Final = Cloud.own("registry.example")
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"), Replica("westus", "sw2")))
FOUR: Final = created("office", "10.1.0.0/27", members(["eastus", "westus"]), {})
SIX: Final = created("lab", "fd00::/64", members(["eastus", "westus"]), {})
PLACES: Final = (Place("eastus", ("192.0.2.1",)), Place("westus", ("192.0.2.2", "2001:db8::2")))


def written(form: str, endpoint: object = FOUR) -> str:
    assert endpoint in {FOUR, SIX}
    return FORMS[form](CLOUD, private_records(CLOUD, REGISTRY, FOUR if endpoint is FOUR else SIX))


def test_every_host_has_its_name_in_the_zone_and_its_address() -> None:
    assert [tuple(one) for one in private_records(CLOUD, REGISTRY, FOUR)] == [
        ("registry", "myregistry.registry.example", "myregistry.privatelink.registry.example", "10.1.0.4"),
        (
            "registry_data_eastus",
            "myregistry.eastus.data.registry.example",
            "myregistry.eastus.data.privatelink.registry.example",
            "10.1.0.5",
        ),
        (
            "registry_data_westus",
            "myregistry.westus.data.registry.example",
            "myregistry.westus.data.privatelink.registry.example",
            "10.1.0.6",
        ),
    ]
    assert missing(REGISTRY, FOUR) == ()
    assert missing(REGISTRY, replace(FOUR, addresses=FOUR.addresses[:1])) == (
        "registry_data_eastus",
        "registry_data_westus",
    )


def test_name_servers_that_know_single_names_are_told_both() -> None:
    names = "myregistry.registry.example", "myregistry.privatelink.registry.example"
    assert f"10.1.0.4 {' '.join(names)}\n" in written("hosts")
    assert f"host-record={','.join(names)},10.1.0.4,60\n" in written("dnsmasq")
    corefile = written("coredns")
    assert corefile.startswith("registry.example {\n    hosts {\n")
    assert f"10.1.0.4 {' '.join(names)}\n" in corefile
    assert "fallthrough" in corefile


@pytest.mark.skipif(shutil.which("named-checkzone") is None, reason="not installed: named-checkzone (bind9-utils)")
@pytest.mark.parametrize("endpoint", [FOUR, SIX], ids=["IPv4", "IPv6"])
def test_the_zone_is_one(tmp_path: Path, endpoint: object) -> None:
    file = tmp_path / "zone"
    file.write_text(written("zone", endpoint))
    command = ["named-checkzone", "-D", "-i", "none", "privatelink.registry.example", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    kind, address = ("A", "10.1.0.4") if endpoint is FOUR else ("AAAA", "fd00::4")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["myregistry.privatelink.registry.example.", "60", "IN", kind, address] in lines


@pytest.mark.skipif(shutil.which("dnsmasq") is None, reason="not installed: dnsmasq (dnsmasq-base)")
def test_dnsmasq_takes_the_lines(tmp_path: Path) -> None:
    file = tmp_path / "dnsmasq.conf"
    file.write_text(written("dnsmasq") + written("dnsmasq", SIX))
    done = subprocess.run(["dnsmasq", "--test", f"--conf-file={file}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_public_names_are_aliases_once_an_endpoint_is_approved() -> None:
    pending = with_private_endpoint(REGISTRY, FOUR)
    approved = with_private_endpoint(REGISTRY, replace(FOUR, status=Status.APPROVED))
    plain = records.records(CLOUD, [REGISTRY], PLACES)
    assert records.records(CLOUD, [pending], PLACES) == plain
    found = records.records(CLOUD, [approved], PLACES)
    zone = records.FORMS["zone"](CLOUD, found)
    assert "myregistry.registry.example. 60 IN CNAME myregistry.privatelink.registry.example.\n" in zone
    assert "myregistry.privatelink.registry.example. 60 IN A 192.0.2.1\n" in zone
    assert "myregistry.registry.example. 60 IN A" not in zone
    # Names of replicas that have no private address stay as they were.
    assert "myregistry.eastus.geo.registry.example. 60 IN A 192.0.2.1\n" in zone
    assert "myregistry.registry.example,myregistry.privatelink.registry.example,192.0.2.1" in records.FORMS["dnsmasq"](
        CLOUD, found
    )
    scripts = records.FORMS["powerdns"](CLOUD, found)
    assert "myregistry.registry.example. 60 IN CNAME myregistry.privatelink.registry.example.\n" in scripts
    assert "myregistry.privatelink.registry.example. 60 IN LUA A" in scripts
    assert "https://myregistry.registry.example/healthz" in scripts
