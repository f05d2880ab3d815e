"""Both documents are at an address of their own, for anybody, and are written when somebody asks for the first time."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from seawall.openapi import acr, management
from tests.unit.openapi.site import LOGIN, ORIGIN, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seawall.openapi.document import Object

BOTH: Final = pytest.mark.parametrize(
    ("host", "document"),
    [pytest.param(ORIGIN, management.describe(), id="management"), pytest.param(LOGIN, acr.describe(), id="acr")],
)
WATCHED: Final = """
import sys
import seawall.server.worker
assert "seawall.openapi.door" in sys.modules
print(*(name for name in sys.modules if name.startswith("seawall.openapi.") and name != "seawall.openapi.door"))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), migrated_sqlite)
    yield site
    site.close()


@BOTH
def test_anybody_may_read_it(site: Site, host: str, document: Object) -> None:
    answer = site.send("GET", f"{host}/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == document
    assert answer.headers["cache-control"] == "public, max-age=300"


@BOTH
def test_who_has_it_already_is_told_so(site: Site, host: str, document: Object) -> None:  # noqa: ARG001 - of both
    first = site.send("GET", f"{host}/openapi.json")
    again = site.send("GET", f"{host}/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@BOTH
def test_it_is_only_read(site: Site, host: str, document: Object) -> None:
    answer = site.send("PUT", f"{host}/openapi.json", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert list(answer.json()) == document["components"]["schemas"]["Refusal"]["required"]


def test_a_repository_of_that_name_is_another_thing(site: Site) -> None:
    assert site.send("GET", f"{LOGIN}/acr/v1/openapi.json").status_code == 401
    signed_in = {"Authorization": site.admin}
    assert site.send("GET", f"{LOGIN}/acr/v1/openapi.json", headers=signed_in).status_code == 404


def test_a_worker_that_nobody_asks_does_not_read_what_writes_it() -> None:
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
