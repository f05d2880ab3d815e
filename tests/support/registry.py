"""A registry as its users know it: a login server, users, and calls with tokens fetched as clients fetch them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tests.support import content
from tests.support.server import CLOUD, DOMAIN, REGION, Server

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_SCOPE: Final = re.compile(r',scope="([^"]*)",error="insufficient_scope"')
_REPOSITORY: Final = re.compile(r"/v2/(.+)/(?:blobs|manifests|tags|referrers)/")


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@dataclass(frozen=True)
class Registry:
    """One registry of a server."""

    server: Server
    name: str
    password: str
    region: str = REGION

    @classmethod
    def create(cls, server: Server, name: str, *switches: str) -> Registry:
        """Make a registry, and set its switches."""
        facts = server.run_json("registry", "create", name)
        server.secrets.add(facts["password"])
        registry = cls(server, name, facts["password"])
        if switches:
            registry.update(*switches)
        return registry

    def update(self, *switches: str) -> None:
        self.server.run("registry", "update", self.name, *switches)

    @property
    def host(self) -> str:
        return f"{self.name}.{DOMAIN}"

    @property
    def data_host(self) -> str:
        return f"{self.name}.{self.region}.data.{DOMAIN}"

    @property
    def account_host(self) -> str:
        """The shared storage endpoint."""
        replica = self.server.topology(self.name).replica(self.region)
        assert replica is not None
        return CLOUD.blob(replica.account)

    @property
    def regional_host(self) -> str:
        return f"{self.name}.{self.region}.geo.{DOMAIN}"

    @property
    def authority(self) -> str:
        return self.server.authority(self.host)

    @property
    def admin(self) -> User:
        return User(self, self.name, self.password)

    @property
    def nobody(self) -> User:
        return User(self, "", "")

    def token_user(self, name: str, *arguments: str) -> User:
        """Make a token; further arguments go to the command."""
        facts = self.server.run_json("token", "create", name, "-r", self.name, *arguments)
        self.server.secrets.add(facts["password"])
        return User(self, name, facts["password"])

    def url(self, path: str) -> str:
        return f"https://{self.authority}{path}"

    def ask_token(self, username: str, password: str, *scopes: str, **more: str) -> httpx.Response:
        """Ask the token service as docker does; nobody in particular when there is no user name."""
        query: dict[str, Any] = {"service": self.authority, "scope": list(scopes), **more}
        headers = {"Authorization": basic(username, password)} if username else {}
        answer = self.server.client.get(self.url("/oauth2/token"), params=query, headers=headers)
        if answer.status_code == 200:
            told = answer.json()
            self.server.secrets |= {told[key] for key in ("access_token", "refresh_token") if key in told}
        return answer

    def post_token(self, path: str = "/oauth2/token", **form: str | list[str]) -> httpx.Response:
        """Ask the token service as the newer clients do."""
        answer = self.server.client.post(self.url(path), data={"service": self.authority, **form})
        if answer.status_code == 200:
            told = answer.json()
            self.server.secrets |= {told[key] for key in ("access_token", "refresh_token") if key in told}
        return answer

    def raw_call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Any = None,  # noqa: ANN401 - whatever httpx takes
    ) -> httpx.Response:
        """Send a request as it is; a path may also be a whole address."""
        url = path if path.startswith("https://") else self.url(path)
        answer = self.server.client.request(method, url, headers=headers, content=content)
        location = urlsplit(answer.headers.get("location", ""))
        if location.netloc:
            self.server.redirected_to.add(location.netloc)
            self.server.secrets.add(location.query.rpartition(".")[2])
        return answer


@dataclass(frozen=True)
class User:
    """Somebody with a user name and a password, or nobody in particular."""

    registry: Registry
    username: str
    password: str
    _tokens: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False)

    def token(self, *scopes: str) -> str:
        """Return a token for some scopes; the same one for the same scopes."""
        if scopes not in self._tokens:
            answer = self.registry.ask_token(self.username, self.password, *scopes)
            assert answer.status_code == 200, answer.text
            self._tokens[scopes] = answer.json()["access_token"]
        return self._tokens[scopes]

    def bearer(self, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(*scopes)}"}

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Any = None,  # noqa: ANN401 - whatever httpx takes
        also: tuple[str, ...] = (),
    ) -> httpx.Response:
        """Send a request with a token for the repository in the path, the catalog, and other scopes.

        As clients do, it is sent once more with what the challenge asks for if that was not enough.
        """
        match = _REPOSITORY.match(urlsplit(path).path)
        scopes = ("registry:catalog:*", *([f"repository:{match[1]}:*"] if match else []), *also)
        answer = self.registry.raw_call(
            method, path, headers={**self.bearer(*scopes), **(headers or {})}, content=content
        )
        wanted = _SCOPE.search(answer.headers.get("www-authenticate", ""))
        if answer.status_code == 401 and wanted and isinstance(content, bytes | None):
            more = self.bearer(*wanted[1].split(" "))
            answer = self.registry.raw_call(method, path, headers={**more, **(headers or {})}, content=content)
        return answer

    def follow(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Read a blob the way clients do: be redirected, then go there without credentials."""
        answer = self.call("GET", path)
        assert answer.status_code == 307, answer.text
        renamed = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.registry.raw_call(method, answer.headers["location"], headers=renamed)

    def link(self, repository: str, blob: bytes) -> str:
        """Return a signed link to a blob."""
        answer = self.call("GET", f"/v2/{repository}/blobs/{content.digest_of(blob)}")
        assert answer.status_code == 307, answer.text
        location: str = answer.headers["location"]
        return location

    def begin(self, repository: str, query: str = "") -> str:
        """Begin an upload; return its location."""
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/{query}")
        assert answer.status_code == 202, answer.text
        location: str = answer.headers["location"]
        return location

    def push_blob(self, repository: str, blob: bytes) -> str:
        digest = content.digest_of(blob)
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content=blob)
        assert answer.status_code == 201, answer.text
        return digest

    def push_manifest(
        self, repository: str, reference: str | None, body: bytes, media_type: str = content.OCI_IMAGE
    ) -> str:
        digest = content.digest_of(body)
        path = f"/v2/{repository}/manifests/{reference or digest}"
        answer = self.call("PUT", path, content=body, headers={"Content-Type": media_type})
        assert answer.status_code == 201, answer.text
        return digest

    def push_image(self, repository: str, tag: str, *layers: bytes) -> bytes:
        """Push an image of some layers; return its manifest."""
        body = content.image(b"{}", *layers)
        for blob in (b"{}", *layers):
            self.push_blob(repository, blob)
        self.push_manifest(repository, tag, body)
        return body
