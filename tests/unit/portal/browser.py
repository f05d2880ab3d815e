"""A browser without a window: it keeps cookies, follows redirects, and sends the forms that pages have."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import httpx
from starlette.requests import Request

from seawall.doors import DomainDoors
from seawall.errors import ApiError
from seawall.identity.keyring import ensure_keys
from seawall.identity.operators import create_operator
from seawall.metadata import registries
from seawall.naming import Cloud
from seawall.portal.portal import Portal
from seawall.servicetags.own_tags import Addresses
from seawall.tiers import Tiers, limits_of
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from seawall.metadata.database import Database

CLOUD: Final = Cloud.own("registry.example")
ORIGIN: Final = "https://arm.registry.example"
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"), Replica("westus", "sw2")))
BASIC: Final = Registry("basicregistry", "eastus", (Replica("eastus", "sw3"),), tier=Tier.BASIC)
NETWORKING: Final = "/portal/registries/myregistry/networking"


class Page(HTMLParser):
    """What of a page matters to tests: texts, links, and hidden fields."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.status = response.status_code
        self.html = response.text
        self.headers = response.headers
        self.path = response.url.path
        self.hidden: dict[str, str] = {}
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(self.html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self._texts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if tag == "input" and values.get("type") == "hidden":
            self.hidden.setdefault(str(values["name"]), values["value"] or "")
        if tag == "a":
            self.links.append(str(values.get("href")))

    def handle_data(self, data: str) -> None:
        self._texts.append(unescape(data))


class Browser:
    """Somebody's browser, and the portal."""

    def __init__(self, database: Database, weekly: Path) -> None:
        database.write_now(ensure_keys)
        for registry in (REGISTRY, BASIC):
            database.write_now(registries.put, registry)
        self.name, self.secret = database.write_now(create_operator)
        self.database = database
        self.weekly = weekly
        self.cookies = httpx.Cookies()
        self._portal = Portal(
            CLOUD, DomainDoors(CLOUD), database, Addresses("eastus", ("192.0.2.1",), 0), limits_of(Tiers.AZURE), weekly
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._portal.handle(request)
        except ApiError as error:
            response = await self._portal.refuse(request, error)
        await response(scope, receive, send)

    def send(self, method: str, path: str, *, follow: bool = True, **how: Any) -> httpx.Response:  # noqa: ANN401
        """Send a request as a page of the portal does, unless headers say otherwise."""
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"} | how.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self)
            async with httpx.AsyncClient(base_url=ORIGIN, transport=transport, cookies=self.cookies) as client:
                answer = await client.request(method, path, headers=headers, follow_redirects=follow, **how)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())

    def get(self, path: str, **how: Any) -> Page:  # noqa: ANN401
        return Page(self.send("GET", path, **how))

    def post(self, path: str, data: dict[str, str], *, proof: str | None = None, **how: Any) -> Page:  # noqa: ANN401
        """Send a form with the proof of the page that it stands on."""
        if proof is None:
            proof = self.get(path).hidden.get("proof", "")
        return Page(self.send("POST", path, data={"proof": proof, **data}, **how))

    def sign_in(self, name: str = "", secret: str = "", **fields: str) -> Page:
        return self.post(
            "/portal/sign-in", {"name": name or self.name, "secret": secret or self.secret, **fields}, proof=""
        )
