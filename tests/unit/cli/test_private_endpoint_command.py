"""``seawall private-endpoint``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

NETWORK = ("--network", "10.1.0.0/27")


@pytest.fixture
def node(run: Run, tmp_path: Path) -> Run:
    """Commands about a node that has one registry and does not run."""
    config = tmp_path / "seawall.toml"
    config.write_text(f'state = {json.dumps(str(tmp_path / "node"))}\nregion = "eastus"\ndomain = "azurecr.test"\n')

    def call(*arguments: str, code: int = 0) -> Done:
        return run(*arguments, "--config", config, code=code)

    call("registry", "create", "myregistry")
    return call


def dedicated(node: Run) -> bool:
    [registry] = node("registry", "list", "--json").json
    return bool(registry["data_endpoints"])


def test_an_endpoint_is_made_approved_rejected_and_deleted(node: Run) -> None:
    made = node("private-endpoint", "create", "office", *NETWORK, "--json").json
    addresses = {"registry": "10.1.0.4", "registry_data_eastus": "10.1.0.5"}
    pending = {
        "name": "office",
        "network": "10.1.0.0/27",
        "status": "Pending",
        "description": "",
        "addresses": addresses,
    }
    assert made == pending
    assert not dedicated(node)
    told = node("private-endpoint", "approve", "office", "--description", "the lab").out
    assert "read from dedicated data endpoints now" in told
    assert dedicated(node)
    approved = {**pending, "status": "Approved", "description": "the lab"}
    assert node("private-endpoint", "list", "--json").json == [approved]
    assert "office needs dedicated" in node("registry", "update", "myregistry", "--no-data-endpoints", code=2).err
    assert node("private-endpoint", "reject", "office", "--json").json["status"] == "Rejected"
    node("private-endpoint", "delete", "office")
    assert node("private-endpoint", "list", "--json").json == []
    assert dedicated(node)


def test_records_are_printed_for_each_kind_of_name_server(node: Run) -> None:
    node("private-endpoint", "create", "office", *NETWORK, "--address", "registry=10.1.0.10", "--approve")
    assert "IN A 10.1.0.10" in node("private-endpoint", "dns", "office").out
    for form in ("dnsmasq", "coredns", "hosts"):
        assert "myregistry.azurecr.test" in node("private-endpoint", "dns", "office", "--form", form).out
    [login, _] = node("private-endpoint", "dns", "office", "--json").json
    assert (login["host"], login["address"]) == ("myregistry.azurecr.test", "10.1.0.10")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("create", "-x", *NETWORK), "private-endpoint"),
        (("create", "office", "--network", "10.1.0.0/30"), "no address is free"),
        (("create", "office", "--network", "everywhere"), "no range"),
        (("create", "office", *NETWORK, "--address", "registry"), "MEMBER=ADDRESS"),
        (("create", "office", *NETWORK, "--address", "registry=10.2.0.1"), "is not in"),
        (("create", "there", *NETWORK), "already"),
        (("approve", "another"), "there are: there"),
        (("delete", "another"), "there are: there"),
        (("dns", "another"), "there are: there"),
    ],
)
def test_what_cannot_be_is_refused(node: Run, words: tuple[str, ...], why: str) -> None:
    node("private-endpoint", "create", "there", *NETWORK)
    before = node("private-endpoint", "list", "--json").json
    assert why in node("private-endpoint", *words, code=2).err
    assert node("private-endpoint", "list", "--json").json == before


def test_other_tiers_have_none(node: Run) -> None:
    node("registry", "update", "myregistry", "--tier", "standard")
    assert "not supported for the SKU Standard" in node("private-endpoint", "create", "office", *NETWORK, code=2).err


def test_public_access_is_switched(node: Run) -> None:
    node("registry", "update", "myregistry", "--no-public-access")
    assert node("registry", "list", "--json").json[0]["public_access"] is False
    assert "Disabling public network access" in node("registry", "update", "myregistry", "--tier", "basic", code=2).err
    node("registry", "update", "myregistry", "--public-access", "--tier", "basic")


def test_a_registry_is_deleted_when_somebody_is_sure(node: Run) -> None:
    assert "Nothing was changed" in node("registry", "delete", "myregistry").out
    assert len(node("registry", "list", "--json").json) == 1
    node("registry", "delete", "myregistry", "--yes")
    assert node("registry", "list", "--json").json == []
