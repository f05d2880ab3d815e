"""Both documents are OpenAPI, and tell all that there is and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
import schemathesis
from sqlalchemy.exc import OperationalError

from seawall.acr import api
from seawall.acr.routes import find_route
from seawall.management import registry_api
from seawall.openapi import acr, management
from tests.unit.openapi.narrowed import EXAMPLES
from tests.unit.openapi.operations import METHODS, operations
from tests.unit.openapi.site import LOGIN, ORIGIN, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seawall.openapi.document import Object

DOCUMENTS: Final = {"management": management.describe(), "acr": acr.describe()}
EITHER: Final = pytest.mark.parametrize("document", [pytest.param(one, id=name) for name, one in DOCUMENTS.items()])
OF_OPERATORS: Final = [(path, method) for path in DOCUMENTS["management"]["paths"] for method in METHODS]
OF_A_REGISTRY: Final = "/providers/Microsoft.ContainerRegistry/registries/{registry}/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), migrated_sqlite)
    yield site
    site.close()


def references(value: object) -> Iterator[str]:
    """List whatever a document refers to, as often as it does."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


@EITHER
def test_it_is_openapi(document: Object) -> None:
    schemathesis.openapi.from_dict(document).validate()


@EITHER
def test_what_it_refers_to_is_there_and_nothing_else(document: Object) -> None:
    there = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        for name in named
        if kind != "securitySchemes"
    }
    referred = set(references(document))
    assert referred <= there
    # Every API has the same refusals, whether or not something is refused so.
    assert {one for one in there - referred if "/responses/" not in one} == set()


@EITHER
def test_every_operation_has_a_name_of_its_own_and_says_how_it_may_fail(document: Object) -> None:
    names = [one.identifier for one in operations(document)]
    assert len(names) == len(set(names))
    for one in operations(document):
        described = document["paths"][one.path][one.method]
        expected = {"500", "503", "507"} | ({"408", "413", "415"} if "requestBody" in described else set())
        if described.get("security") != []:
            expected |= {"401"}
        assert expected <= described["responses"].keys(), one.identifier


def test_every_kind_of_thing_that_registries_have_is_described() -> None:
    described = {
        path.partition(OF_A_REGISTRY)[2].partition("/")[0].lower()
        for path in DOCUMENTS["management"]["paths"]
        if OF_A_REGISTRY in path
    }
    assert described == set(registry_api._THINGS)


def test_every_route_at_login_servers_is_described() -> None:
    described = set()
    for one in operations(DOCUMENTS["acr"]):
        route = find_route(one.path.format_map(EXAMPLES))
        assert route is not None
        described.add((route.kind, one.method.upper()))
    assert described == {(kind, method) for kind, methods in api._OPERATIONS.items() for method in methods}


@pytest.mark.parametrize(("path", "method"), OF_OPERATORS)
def test_what_operators_can_do_is_what_is_described(site: Site, path: str, method: str) -> None:
    url = ORIGIN + path.format_map(EXAMPLES)
    answer = site.send(method.upper(), url, headers={"Authorization": site.operator}, content=b"{}")
    is_there = answer.status_code != 404 or not re.search("nothing that can be managed|and what it names", answer.text)
    assert is_there == (method in DOCUMENTS["management"]["paths"][path])
    if method != "get" and answer.is_success:
        site.restore()


def test_what_goes_wrong_in_the_node_has_the_shape_that_is_described(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    for name, url, authorization in (
        ("management", f"{ORIGIN}/subscriptions", site.operator),
        ("acr", f"{LOGIN}/acr/v1/_catalog", site.admin),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(site.database, "cached", fail)
            answer = site.send("GET", url, headers={"Authorization": authorization})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        members = DOCUMENTS[name]["components"]["schemas"]["Refusal"]["required"]
        assert list(answer.json()) == members
