"""Who may come in is asked once for every request, before anything else of a registry is touched."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from starlette.responses import PlainTextResponse

from seawall.doors import DomainDoors
from seawall.naming import PUBLIC
from seawall.network import EVERYBODY, Action, NetworkRules, parse_range
from seawall.server.application import Application
from seawall.server.observer import Observer
from seawall.server.operations import Health
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Message

    from seawall.acr.api import AcrApi
    from seawall.blobs.contract import BlobStore
    from seawall.dataplane.door import DataDoor
    from seawall.identity.service import TokenService
    from seawall.management.api import ManagementApi
    from seawall.metadata.database import Database
    from seawall.portal.portal import Portal
    from seawall.registry.api import RegistryApi
    from seawall.replication.door import ReplicationDoor

HOSTS: Final = (
    "myregistry.azurecr.io",
    "myregistry.eastus.geo.azurecr.io",
    "myregistry.eastus.data.azurecr.io",
    "sw1.blob.core.windows.net",
)
DENYING: Final = NetworkRules(Action.DENY).adding([parse_range("192.0.2.7"), parse_range("2001:db8::/32")])


@dataclass
class House:
    """Everything behind the doors, in one; it notes who got that far."""

    registry: Registry
    reached: list[str] = field(default_factory=list)

    async def cached(self, *_query: object) -> Registry:
        return self.registry

    async def handle(self, *_call: object) -> Response:
        self.reached.append("inside")
        return PlainTextResponse("inside")


def ask(
    network: NetworkRules, client: tuple[str, int] | None, host: str = HOSTS[0], path: str = "/v2/"
) -> tuple[int, str, bool]:
    """Send one request; return its status, its body, and whether it got inside."""
    house = House(Registry("myregistry", "eastus", (Replica("eastus", "sw1"),), network=network))
    application = Application(
        region="eastus",
        doors=DomainDoors(PUBLIC),
        database=cast("Database", house),
        api=cast("RegistryApi", house),
        acr=cast("AcrApi", house),
        tokens=cast("TokenService", house),
        data=cast("DataDoor", house),
        replication=cast("ReplicationDoor", house),
        management=cast("ManagementApi", house),
        portal=cast("Portal", house),
        health=Health(cast("Database", house), cast("BlobStore", None)),
        observer=Observer("none"),
    )
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "client": client,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent)
    return sent[0]["status"], body.decode(), bool(house.reached)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/v2/", "/acr/v1/_catalog", "/oauth2/token", "/anything"])
def test_every_host_and_path_has_the_same_rules(host: str, path: str) -> None:
    stranger, friend = ("198.51.100.9", 50_000), ("192.0.2.7", 50_000)
    status, body, inside = ask(DENYING, stranger, host, path)
    assert (status, inside) == (403, False)
    (error,) = json.loads(body)["errors"]
    assert error["code"] == "DENIED"
    assert error["message"].startswith("client with IP '198.51.100.9' is not allowed access; ")
    assert "myregistry" not in body
    assert ask(DENYING, friend, host, path) == (200, "inside", True)
    assert ask(EVERYBODY, stranger, host, path) == (200, "inside", True)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_everybody(host: str, path: str) -> None:
    assert ask(NetworkRules(Action.DENY), None, host, path)[:2] == (200, "ok\n")


def test_a_client_without_an_address_is_refused_while_anybody_is() -> None:
    status, body, inside = ask(DENYING, None)
    assert (status, inside) == (403, False)
    assert "client with IP 'unknown' is not allowed access" in body
    assert ask(EVERYBODY, None) == (200, "inside", True)


@pytest.mark.parametrize(
    ("client", "status"),
    [
        ("::ffff:192.0.2.7", 200),
        ("::ffff:192.0.2.8", 403),
        ("2001:db8::7", 200),
        ("2001:db9::7", 403),
    ],
)
def test_addresses_of_a_door_on_both_protocols(client: str, status: int) -> None:
    found, body, _ = ask(DENYING, (client, 50_000))
    assert found == status
    assert "::ffff:" not in body


def test_a_host_of_nobody_is_no_registry_to_anybody() -> None:
    assert ask(NetworkRules(Action.DENY), ("192.0.2.9", 1), "elsewhere.example")[0] == 421
