"""The two halves agree: a registry is served at just those hosts that rules for it open."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.doors import DomainDoors
from seawall.firewall.description import read_description
from seawall.firewall.need import Need, flows
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.naming import Cloud, Host, Role
from seawall.topology import Registry, Replica, data_door, endpoints
from tests.unit.strategies import accounts, regions, registries

ONE = Cloud.own("registry.test")
TWO = Cloud.own("registry.test", "storage.test")


@st.composite
def served(draw: st.DrawFn) -> Registry:
    """A registry as Seawall keeps it: every account is known."""
    where = sorted(draw(st.sets(regions, min_size=1, max_size=4)))
    names = draw(st.lists(accounts, min_size=len(where), max_size=len(where), unique=True))
    return Registry(
        draw(registries),
        home=draw(st.sampled_from(where)),
        replicas=tuple(map(Replica, where, names)),
        data_endpoints=draw(st.booleans()),
    )


def told(cloud: Cloud, registry: Registry, port: int) -> str:
    """What a running Seawall answers when it is asked for its endpoints."""
    doors = DomainDoors(cloud, port)
    shown = [
        {"region": replica.region, "endpoint": doors.authority(data_door(registry, replica))}
        for replica in registry.replicas
    ]
    login = doors.authority(Host(Role.LOGIN, registry=registry.name))
    return json.dumps({"loginServer": login, "dataEndpoints": shown})


def need_of(cloud: Cloud, registry: Registry) -> Need:
    return Need(cloud=cloud, registry=registry.name, replicas=registry.replicas, data_endpoints=registry.data_endpoints)


@pytest.mark.parametrize("cloud", [ONE, TWO], ids=["one domain", "storage elsewhere"])
@pytest.mark.parametrize("dedicated", [False, True], ids=["shared", "dedicated"])
@given(registry=served())
def test_what_is_served_is_what_is_opened(cloud: Cloud, dedicated: bool, registry: Registry) -> None:
    registry = replace(registry, data_endpoints=dedicated)
    need = need_of(cloud, registry)
    opened = [flow.host for flow in flows(need)]
    assert opened == [one.host for one in endpoints(cloud, registry)]
    assert plan(need, Way.NAME).names(443) == tuple(opened)
    assert not any(flow.is_pattern for flow in flows(need))


@given(served(), st.sampled_from([ONE, TWO]))
def test_layers_are_sent_for_to_hosts_that_are_opened(registry: Registry, cloud: Cloud) -> None:
    """Where the login server sends clients for a layer, in whichever region it answers."""
    doors = DomainDoors(cloud)
    opened = {flow.host for flow in flows(need_of(cloud, registry))}
    sent_to = {doors.authority(data_door(registry, replica)) for replica in registry.replicas}
    assert opened == sent_to | {cloud.login(registry.name)}
    for host in opened:
        assert doors.locate(host) is not None


@given(served(), st.sampled_from([ONE, TWO]))
def test_regions_are_those_that_serve(registry: Registry, cloud: Cloud) -> None:
    said = {flow.host: flow.regions for flow in flows(need_of(cloud, registry))}
    for endpoint in endpoints(cloud, registry):
        if endpoint.region:
            assert said[endpoint.host] == (endpoint.region,)
    assert said[cloud.login(registry.name)] == tuple(replica.region for replica in registry.replicas)


@given(served(), st.sampled_from([ONE, TWO]), st.sampled_from([443, 5000, 8443]))
def test_what_a_running_seawall_tells_is_enough(registry: Registry, cloud: Cloud, port: int) -> None:
    """From its answer alone, the same hosts on the same port are opened."""
    found = read_description([("its answer", told(cloud, registry, port))])
    assert found.cloud is not None
    need = Need(
        cloud=found.cloud,
        registry=found.registry,
        replicas=tuple(Replica(region, found.accounts.get(region, "")) for region in sorted(found.regions)),
        data_endpoints=bool(found.data_endpoints),
        port=found.port or 443,
    )
    assert [(flow.host, flow.port) for flow in flows(need)] == [
        (endpoint.host, port) for endpoint in endpoints(cloud, registry)
    ]
