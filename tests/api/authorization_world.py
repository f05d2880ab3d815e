"""The server that the authorization matrix asks, and how those who ask it come to their rights and lose them."""

from __future__ import annotations

import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from seawall.metadata import log
from seawall.replication.credentials import make_token, new_node_key, public_half
from seawall.replication.http_peer import PREFIX
from tests.api.authorization_people import Operator, Principal, bearer, forget_cookies, link_of
from tests.api.authorization_routes import LAYER, NAME
from tests.support.registry import Registry, User
from tests.support.server import CLOUD, DOMAIN, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import httpx

    from seawall.metadata.database import Database
    from tests.api.authorization_people import Ways
    from tests.api.authorization_routes import Route
    from tests.support.server import Server

__all__ = ["GROUP", "REGISTRIES", "SUBSCRIPTION", "World"]

SUBSCRIPTION: Final = f"/subscriptions/{uuid.uuid5(uuid.NAMESPACE_DNS, DOMAIN)}"
GROUP: Final = f"{SUBSCRIPTION}/resourceGroups/seawall"
REGISTRIES: Final = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries"

_AT_ONCE: Final = 4


class World:
    """A running server, a registry, and whoever turns to it.

    Attributes:
        people: Everybody who turns to a login server, by what they are.
        links: Links to a layer, given to those who may read it no longer; by what they are.
        registries: Further registries, by name.
        secrets: How operators sign in, or those who are none (any more); by what they are.
        refresh_tokens: Refresh tokens, and whether they are good still; by what they are who have them.
    """

    def __init__(self, server: Server, database: Database) -> None:
        self.server = server
        self.database = database
        self.people: dict[str, Principal] = {}
        self.links: dict[str, str] = {}
        self.registries: dict[str, Registry] = {}
        self.secrets: dict[str, tuple[str, str]] = {}
        self.refresh_tokens: dict[str, tuple[str, bool]] = {}
        forget_cookies(server)
        self.operator = Operator(server, database)
        self.manages = bearer(self.operator.token())
        self.session = {"Cookie": self.operator.session()}
        self.registry = Registry.create(server, NAME)
        for repository in ("lib/app", "secret/app"):
            self.registry.admin.push_image(repository, "v1", LAYER)

    @property
    def origin(self) -> str:
        """Where operators are at home."""
        return self.operator.origin

    @property
    def node(self) -> str:
        """Where other regions' nodes come."""
        return f"https://{self.server.authority(CLOUD.node(REGION))}{PREFIX}"

    def written(self) -> tuple[object, ...]:
        """Tell what there is: where it is the same afterwards, nothing was written."""
        return self.database.read_now(log.head), self.server.uploads

    def send(self, route: Route, origin: str, shows: Mapping[str, str], body: bytes = b"") -> httpx.Response:
        """Send a request as somebody who shows something, perhaps with another body than it has."""
        what = body or route.body
        media = {"Content-Type": route.media} if what else {}
        url = f"{origin}{route.path}"
        return self.registry.raw_call(route.method, url, headers={**media, **shows}, content=what or None)

    def send_as_each(self, route: Route, names: Collection[str], origin: str = "") -> dict[str, httpx.Response]:
        """Send a request as each of those named, a few at a time: to an origin, or to their own login servers."""

        def send(name: str) -> httpx.Response:
            who = self.people[name]
            return self.send(route, origin or f"https://{who.authority}", who.shows)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(names, pool.map(send, names), strict=True))

    def manage(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Do something about a registry as an operator."""
        url = f"{self.origin}{REGISTRIES}/{path}"
        answer = self.server.client.request(method, url, json=body, headers=self.manages)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def make_registry(self, name: str, **properties: object) -> Registry:
        """Make a registry with an admin user."""
        wanted = {"sku": {"name": "Premium"}, "properties": {"adminUserEnabled": True, **properties}}
        self.manage("PUT", name, wanted)
        password = self.manage("POST", f"{name}/listCredentials")["passwords"][0]["value"]
        self.server.secrets.add(password)
        self.registries[name] = Registry(self.server, name, password)
        return self.registries[name]

    def allow(self, name: str, *actions: str) -> None:
        """Say what a user may do."""
        self.manage("PUT", f"{NAME}/scopeMaps/{name}", {"properties": {"actions": actions}})

    def user(self, name: str, *rights: str) -> User:
        """Make a user who has some rights on whatever is below ``lib``."""
        self.allow(name, *(f"repositories/lib/*/{right}" for right in rights))
        scope_map = {"scopeMapId": f"{REGISTRIES}/{NAME}/scopeMaps/{name}"}
        self.manage("PUT", f"{NAME}/tokens/{name}", {"properties": scope_map})
        return User(self.registry, name, self.new_password(name))

    def new_password(self, name: str) -> str:
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = {"tokenId": f"{REGISTRIES}/{NAME}/tokens/{name}", "name": "password1", "expiry": ends}
        password = str(self.manage("POST", f"{NAME}/generateCredentials", body)["passwords"][0]["value"])
        self.server.secrets.add(password)
        return password

    def add(self, name: str, shows: dict[str, str], rights: frozenset[str] | None = None, **more: Any) -> None:  # noqa: ANN401
        """Add somebody; see :class:`Principal`."""
        assert name not in self.people
        self.people[name] = Principal(shows, more.pop("authority", self.registry.authority), rights, **more)

    def add_user(self, name: str, ways: Ways, rights: frozenset[str]) -> None:
        for way, shows in ways.items():
            self.add(f"{name} {way}", shows, rights)

    def shut_out(self, name: str, registry: Registry, ways: Ways, end: Callable[[], object]) -> None:
        """Add somebody who was let in a moment ago, had a link to a layer, and was deprived of everything then."""
        for way, shows in ways.items():
            self.links[f"{name} {way}"] = link_of(registry, shows)
        end()
        for way, shows in ways.items():
            error = "" if way == "by password" else "invalid_token"
            self.add(f"{name} {way}", shows, authority=registry.authority, error=error)

    def join(self, region: str) -> str:
        """Let a region join that cannot be reached itself; return the token of its node."""
        text = self.server.run_json("region", "invite", region)["invitation"]
        invitation = json.loads(base64.urlsafe_b64decode(f"{text}=="))
        key = new_node_key()
        body = {"secret": invitation["secret"], "region": self.newcomer(region, key)}
        answer = self.server.client.post(f"{self.node}/join", json=body)
        assert answer.status_code == 200, answer.text
        token = make_token(key, region, REGION)
        self.server.secrets.add(token)
        return token

    @staticmethod
    def newcomer(region: str, key: bytes = b"0" * 32) -> dict[str, object]:
        """Describe a region that nobody can reach."""
        return {"name": region, "url": "", "key": public_half(key), "authority": "", "addresses": []}
