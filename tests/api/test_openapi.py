"""A real node describes itself over TLS, to whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.openapi import acr, management
from tests.support.server import DOMAIN

if TYPE_CHECKING:
    from seawall.openapi.document import Object
    from tests.support.registry import Registry
    from tests.support.server import Server


@pytest.mark.parametrize("document", [management.describe(), acr.describe()], ids=["management", "acr"])
def test_a_node_describes_itself(server: Server, first: Registry, document: Object) -> None:
    at = f"https://arm.{DOMAIN}:{server.port}" if document == management.describe() else first.url("")
    told = server.client.get(f"{at}/openapi.json")
    assert (told.status_code, told.headers["content-type"]) == (200, "application/json")
    assert told.json() == document
    again = server.client.get(f"{at}/openapi.json", headers={"If-None-Match": told.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = server.client.head(f"{at}/openapi.json")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", told.headers["etag"])
