"""Both APIs of the login door, called without a server, as somebody with some rights."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from urllib.parse import unquote

from starlette.requests import Request

from seawall.acr.api import AcrApi
from seawall.acr.routes import PREFIX
from seawall.doors import DomainDoors
from seawall.errors import ApiError
from seawall.identity.actions import Rights
from seawall.identity.gate import Access, Gate, Identity, Site
from seawall.metadata import keys
from seawall.metadata.repositories import Repository
from seawall.naming import PUBLIC
from seawall.registry.api import RegistryApi
from seawall.registry.call import Services
from seawall.topology import Registry, Replica
from tests.support import content

if TYPE_CHECKING:
    from starlette.types import Message

    from seawall.blobs.directory import DirectoryBlobs
    from seawall.metadata.database import Database

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),))
CONFIG: Final = content.encode({"architecture": "arm64", "os": "linux"})


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)

    @property
    def next(self) -> str | None:
        """Where the next page is."""
        link = self.headers.get("link")
        return None if link is None else link[1 : link.index(">")]


class _Doorman:
    """Lets everybody in, with the rights that the test gives."""

    def __init__(self) -> None:
        self.rights = Rights(everything=True)

    async def admit(self, _site: Site, _authorization: str | None) -> Access:
        return Access(Identity("somebody", "cred"), self.rights, None)


class Counter:
    """Somebody at the login door."""

    def __init__(self, database: Database, store: DirectoryBlobs, registry: Registry = REGISTRY) -> None:
        self.database = database
        self.doorman = _Doorman()
        database.write_now(keys.add, keys.LINK, "first", bytes(32))
        self._site = Site(registry, "myregistry.azurecr.io")
        services = Services(database, store, DomainDoors(PUBLIC), "eastus")
        gate = cast("Gate", self.doorman)
        self._apis = AcrApi(services, gate), RegistryApi(services, gate)

    def call(self, method: str, path: str, body: object = None, media_type: str = "application/json") -> Answer:
        """Send one request; a body that is no bytes goes as JSON."""
        octets = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(plain),
            "query_string": query.encode(),
            "headers": [(b"content-type", media_type.encode()), (b"content-length", str(len(octets)).encode())],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": octets, "more_body": False}

        async def run() -> Answer:
            api = self._apis[0] if plain.startswith(PREFIX) else self._apis[1]
            try:
                response = await api.handle(self._site, Request(scope, receive))
            except ApiError as error:
                response = error.response()
            return Answer(response.status_code, dict(response.headers), bytes(response.body))

        return asyncio.run(run())

    def get(self, path: str) -> Any:  # noqa: ANN401
        """Read something that is there."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def pages(self, path: str, member: str) -> list[Any]:
        """Read a whole list, following its links."""
        found: list[Any] = []
        following: str | None = path
        while following:
            answer = self.call("GET", following)
            assert answer.status == 200, answer
            found += answer.json[member]
            following = answer.next
        return found

    def push(self, repository: str, tag: str | None, text: str = "", **more: Any) -> str:  # noqa: ANN401
        """Push an image with one layer; return its digest."""
        layer = text.encode()
        for blob in (CONFIG, layer):
            path = f"/v2/{repository}/blobs/uploads/?digest={content.digest_of(blob)}"
            assert self.call("POST", path, blob).status == 201
        return self.put(repository, tag, content.image(CONFIG, layer, **more))

    def put(self, repository: str, tag: str | None, body: bytes, media_type: str = content.OCI_IMAGE) -> str:
        """Push a manifest."""
        digest = content.digest_of(body)
        answer = self.call("PUT", f"/v2/{repository}/manifests/{tag or digest}", body, media_type)
        assert answer.status == 201, answer
        return digest

    def lock(self, path: str, **attributes: bool) -> Answer:
        """Change attributes."""
        answer = self.call("PATCH", f"/acr/v1/{path}", attributes)
        assert answer.status == 200, answer
        return answer


def here(repository: str) -> Repository:
    return Repository(REGISTRY.name, repository)
