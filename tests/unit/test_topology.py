"""What a registry may be, and which hosts its clients need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.naming import PUBLIC, Host, NamingError, Role
from seawall.topology import Registry, Replica, Tier, TopologyError, data_door, endpoints
from tests.unit.strategies import accounts, regions, registries

HOME = Replica("eastus", "sw1")


@st.composite
def premium_registries(draw: st.DrawFn) -> Registry:
    places = sorted(draw(st.sets(regions, min_size=1, max_size=4)))
    names = draw(st.lists(accounts, min_size=len(places), max_size=len(places), unique=True))
    return Registry(
        draw(registries),
        home=draw(st.sampled_from(places)),
        replicas=tuple(map(Replica, places, names)),
        data_endpoints=draw(st.booleans()),
    )


@given(premium_registries())
def test_clients_need_the_login_server_and_one_host_a_region(registry: Registry) -> None:
    login, *doors = endpoints(PUBLIC, registry)
    assert (login.host, login.role) == (PUBLIC.login(registry.name), Role.LOGIN)
    assert [door.region for door in doors] == [replica.region for replica in registry.replicas]
    role = Role.DATA if registry.data_endpoints else Role.BLOB
    assert {door.role for door in doors} == {role}


@given(premium_registries())
def test_endpoints_are_hosts_of_the_cloud_and_of_this_registry(registry: Registry) -> None:
    for endpoint, replica in zip(endpoints(PUBLIC, registry)[1:], registry.replicas, strict=True):
        host = PUBLIC.parse(endpoint.host)
        assert host == data_door(registry, replica)
        if registry.data_endpoints:
            assert host == Host(Role.DATA, registry=registry.name, region=replica.region)
        else:
            assert host == Host(Role.BLOB, account=replica.account)


@given(premium_registries(), regions)
def test_a_replica_is_found_by_its_region(registry: Registry, region: str) -> None:
    for replica in registry.replicas:
        assert registry.replica(replica.region) == replica
    if region not in [replica.region for replica in registry.replicas]:
        assert registry.replica(region) is None


@pytest.mark.parametrize("tier", Tier)
def test_a_registry_in_one_region_may_have_any_tier(tier: Tier) -> None:
    registry = Registry("myregistry", "eastus", (HOME,), tier=tier)
    assert [one.host for one in endpoints(PUBLIC, registry)] == ["myregistry.azurecr.io", "sw1.blob.core.windows.net"]


@pytest.mark.parametrize(
    ("home", "replicas"),
    [
        ("westus", (HOME,)),
        ("eastus", ()),
        ("eastus", (HOME, HOME)),
        ("eastus", (Replica("westus", "sw2"), HOME)),
    ],
)
def test_regions_that_cannot_be(home: str, replicas: tuple[Replica, ...]) -> None:
    with pytest.raises(TopologyError, match="myregistry"):
        Registry("myregistry", home, replicas)


def test_names_that_cannot_be() -> None:
    with pytest.raises(NamingError):
        Registry("My_Registry", "eastus", (HOME,))
    with pytest.raises(NamingError):
        Registry("myregistry", "East US", (Replica("East US", "sw1"),))


@pytest.mark.parametrize("account", ["ab", "my-account", "MYACCOUNT", "a.b", "a" * 25])
def test_an_account_that_no_host_could_be_made_of(account: str) -> None:
    # Were it kept, every layer of the registry would be unreachable from then on.
    with pytest.raises((NamingError, TopologyError)):
        Registry("myregistry", "eastus", (Replica("eastus", account),))


def test_an_account_that_nobody_knows_is_any_account() -> None:
    registry = Registry("myregistry", "eastus", (Replica("eastus"), Replica("westus", "sw1")))
    assert [one.host for one in endpoints(PUBLIC, registry)] == [
        "myregistry.azurecr.io",
        "*.blob.core.windows.net",
        "sw1.blob.core.windows.net",
    ]
