"""An operator's client of the API, with a registry in two regions and a Basic one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import httpx
from starlette.requests import Request

from seawall.doors import DomainDoors
from seawall.identity.keyring import ensure_keys
from seawall.identity.operators import create_operator
from seawall.management.api import ManagementApi
from seawall.metadata import registries
from seawall.naming import Cloud
from seawall.tiers import Tiers, limits_of
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from seawall.metadata.database import Database

CLOUD: Final = Cloud.own("registry.example")
ORIGIN: Final = "https://arm.registry.example"
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"), Replica("westus", "sw2")))
BASIC: Final = Registry("basicregistry", "eastus", (Replica("eastus", "sw3"),), tier=Tier.BASIC)
NOTHING: Final[dict[str, Any]] = {"properties": {}}


class Manager:
    """An operator's client of the API, and the API."""

    def __init__(self, database: Database) -> None:
        database.write_now(ensure_keys)
        database.write_now(registries.put, REGISTRY)
        database.write_now(registries.put, BASIC)
        self.name, self.secret = database.write_now(create_operator)
        self.database = database
        self.api = ManagementApi(CLOUD, DomainDoors(CLOUD), database, limits_of(Tiers.AZURE))
        self.origin = ORIGIN
        self.token = self.sign_in(ORIGIN).json()["access_token"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.api.handle(Request(scope, receive))
        await response(scope, receive, send)

    def send(self, method: str, path: str, *, token: str | None = None, **how: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request as the operator, unless another token is given."""
        given_token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {given_token}"} if given_token else {}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self)
            async with httpx.AsyncClient(base_url=self.origin, transport=transport, headers=headers) as client:
                return await client.request(method, path, **how)

        return asyncio.run(ask())

    def sign_in(self, resource: str, **instead: str) -> httpx.Response:
        """Sign in as the operator."""
        form = {"grant_type": "client_credentials", "client_id": self.name, "client_secret": self.secret}
        return self.send(
            "POST", "/adfs/oauth2/token", token="", data=form | {"scope": f"{resource}/.default"} | instead
        )

    @property
    def subscription(self) -> str:
        """The path of the only subscription."""
        path: str = self.send("GET", "/subscriptions").json()["value"][0]["id"]
        return path

    def path(self, registry: str = "myregistry", rest: str = "") -> str:
        """The path of a registry, or of something of it."""
        provider = "providers/Microsoft.ContainerRegistry/registries"
        return f"{self.subscription}/resourceGroups/seawall/{provider}/{registry}{rest}"


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Say how something was refused; a refusal always has a code and words."""
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error["code"]
