"""From an authority to a host and back: what clients send is looked up, never trusted."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.doors import DomainDoors, LocalDoors
from seawall.naming import PUBLIC, Cloud, Host, Role
from tests.unit.strategies import hosts

LOGIN: Final = Host(Role.LOGIN, registry="myregistry")
DATA: Final = Host(Role.DATA, registry="myregistry", region="eastus")
BLOB: Final = Host(Role.BLOB, account="abc123")
PORTS: Final = {LOGIN: 5000, DATA: 5001, BLOB: 5002}

clouds = st.sampled_from([PUBLIC, Cloud.own("registry.example"), Cloud.own("registry.example", "storage.example")])


@given(clouds, hosts, st.integers(1, 65535))
def test_locate_undoes_authority(cloud: Cloud, host: Host, port: int) -> None:
    doors = DomainDoors(cloud, port)
    authority = doors.authority(host)
    assert doors.locate(authority) == host
    assert doors.locate(authority.upper()) == host
    assert authority == cloud.host(host) + ("" if port == 443 else f":{port}")


@given(hosts, st.integers(1, 65535), st.integers(0, 70000))
def test_another_port_is_another_door(host: Host, ours: int, theirs: int) -> None:
    located = DomainDoors(PUBLIC, ours).locate(f"{PUBLIC.host(host)}:{theirs}")
    assert located == (host if ours == theirs else None)


def test_the_port_of_https_may_be_said_or_left_out() -> None:
    doors = DomainDoors(PUBLIC)
    assert doors.locate("myregistry.azurecr.io") == doors.locate("myregistry.azurecr.io:443") == LOGIN
    assert doors.locate("myregistry.azurecr.io.") == LOGIN


FOREIGN: Final = {
    "nothing": "",
    "another registry of the world": "registry.example",
    "a look-alike": "evilazurecr.io",
    "a suffix in front": "myregistry.azurecr.io.evil.example",
    "an address": "127.0.0.1",
    "an IPv6 address": "[::1]",
    "an IPv6 address with a port": "[::1]:443",
    "a user": "admin@myregistry.azurecr.io",
    "a user and password": "admin:secret@myregistry.azurecr.io",
    "a host behind a user": "myregistry.azurecr.io@evil.example",
    "a host behind a port": "myregistry.azurecr.io:443@evil.example",
    "a URL": "https://myregistry.azurecr.io",
    "a scheme-relative URL": "//myregistry.azurecr.io",
    "a path": "myregistry.azurecr.io/",
    "a path behind the port": "myregistry.azurecr.io:443/v2/",
    "two ports": "myregistry.azurecr.io:443:443",
    "a port of plain HTTP": "myregistry.azurecr.io:80",
    "a port with zeros": "myregistry.azurecr.io:0443",
    "a signed port": "myregistry.azurecr.io:+443",
    "a port with a space": "myregistry.azurecr.io: 443",
    "Arabic digits": "myregistry.azurecr.io:\u0664\u0664\u0663",
    "superscript digits": "myregistry.azurecr.io:44\N{SUPERSCRIPT THREE}",
    "a port that is none": "myregistry.azurecr.io:https",
    "two hosts": "myregistry.azurecr.io,myregistry.azurecr.io",
    "two hosts and a space": "myregistry.azurecr.io evil.example",
    "a NUL": "myregistry.azurecr.io\0",
    "a line break": "myregistry.azurecr.io\r\nX: y",
    "the Kelvin sign": "boo\N{KELVIN SIGN}s.azurecr.io",
    "a lone surrogate": "\ud800.azurecr.io",
    "localhost": "localhost:5000",
}


@pytest.mark.parametrize("authority", FOREIGN.values(), ids=FOREIGN)
def test_what_is_none_of_ours(authority: str) -> None:
    assert DomainDoors(PUBLIC).locate(authority) is None


@given(st.text(max_size=80))
def test_nonsense_is_nobody(text: str) -> None:
    doors = DomainDoors(PUBLIC)
    located = doors.locate(text)
    assert located is None or doors.authority(located) == text.lower().removesuffix(":443").removesuffix(".")
    assert LocalDoors(PORTS).locate(text) is None
    for authority in (f"{text}localhost:5000", f"localhost:5000{text}"):
        assert LocalDoors(PORTS).locate(authority) == (None if text else LOGIN)


@pytest.mark.parametrize("host", PORTS)
def test_each_local_host_has_a_port(host: Host) -> None:
    doors = LocalDoors(PORTS)
    assert doors.authority(host) == f"localhost:{PORTS[host]}"
    for name in ("localhost", "LocalHost", "127.0.0.1"):
        assert doors.locate(f"{name}:{PORTS[host]}") == host


@pytest.mark.parametrize(
    "authority",
    [
        "localhost",
        "localhost:",
        "localhost:443",
        "localhost:5003",
        "localhost:05000",
        "localhost:5000:5000",
        "127.0.0.1",
        "127.0.0.2:5000",
        "127.1:5000",
        "0.0.0.0:5000",
        "[::1]:5000",
        "admin@localhost:5000",
        "localhost.:5000",
        "localhost.evil.example:5000",
        "evil.localhost:5000",
        "http://localhost:5000",
        "localhost:5000/",
        " localhost:5000",
        "myregistry.azurecr.io",
    ],
)
def test_what_is_no_local_host(authority: str) -> None:
    assert LocalDoors(PORTS).locate(authority) is None
