"""A node with an operator's state, started as anyone starts one, and how an operator's programs are signed in to it."""

from __future__ import annotations

import json
import ssl
import sys
from contextlib import closing, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from bench.client import UnexpectedAnswerError
from bench.operators_content import GREAT, HOME, fill
from bench.servers import Child, free_ports
from seawall.blobs.directory import DirectoryBlobs
from seawall.identity.sign_in import PREFIX, REGISTRY_RESOURCE
from seawall.metadata.database import Database
from seawall.server.local import PORTS_PER_REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.operators_content import Amounts, Content

WORKERS = 2
SCOPES = ("registry:catalog:*", f"repository:{GREAT}:*")
"""What `az acr repository` asks for, all at once."""
_PATIENCE = 300.0
_PROVIDER = "providers/Microsoft.ContainerRegistry/registries"


class Node:
    """`seawall up` over a state folder, which outlasts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run until the block is left."""
        program = Path(sys.executable).with_name("seawall")
        command = [
            *(str(program), "up", "--state", str(self._state), "--port", str(free_ports(PORTS_PER_REGION))),
            *("--workers", str(WORKERS), "--region", HOME, "--json"),
        ]
        child = Child(command, self._folder, {})
        child.wait_until_ready(lambda: self._said(child).endswith("\n"))
        self._ready: dict[str, Any] = json.loads(self._said(child))
        self.session = child.pid
        try:
            yield
        finally:
            child.stop()

    @staticmethod
    def _said(child: Child) -> str:
        return next(iter(child.output.read_text().splitlines(keepends=True)), "")

    @property
    def _state(self) -> Path:
        return self._folder / "state"

    @property
    def management(self) -> str:
        """Where an operator's programs and browsers go."""
        return f"https://{self._ready['management']}"

    @property
    def login(self) -> str:
        """Where a registry's clients go."""
        return f"https://{self.service}"

    @property
    def service(self) -> str:
        """The login server, with its port."""
        name: str = self._ready["login_server"]
        return name

    @property
    def operator(self) -> tuple[str, str]:
        """An operator's name and secret."""
        return self._ready["operator"], Path(self._ready["operator_secret_file"]).read_text().strip()

    def client(self) -> httpx.Client:
        """A client that keeps its connections and trusts the node; it sends no cookies but those it is told to."""
        context = ssl.create_default_context(cafile=self._ready["ca_file"])
        nothing = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        return httpx.Client(verify=context, cookies=nothing, trust_env=False, timeout=_PATIENCE)

    def database(self) -> Database:
        """The node's metadata."""
        return Database(f"sqlite:///{self._state / 'seawall.db'}", HOME)

    def fill(self, amounts: Amounts) -> Content:
        """Put everything there; the node must have run once, and must not run now."""
        with closing(self.database()) as database:
            return fill(database, DirectoryBlobs(self._state), self._ready["registry"], amounts)


class Desk:
    """Somebody who is signed in everywhere: as `az` is at both hosts, and with a browser."""

    def __init__(self, node: Node, client: httpx.Client, content: Content) -> None:
        self.node = node
        self.content = content
        self._client = client
        name, secret = node.operator
        self.form = {"client_id": name, "client_secret": secret, "grant_type": "client_credentials"}
        manager = self.ask("POST", f"{node.management}{PREFIX}/oauth2/token", self.wants(node.management))
        self.operator = {"Authorization": f"Bearer {manager.json()['access_token']}"}
        found = self.ask("GET", f"{node.management}/subscriptions", headers=self.operator).json()["value"]
        self.subscription: str = node.management + found[0]["id"]
        self.registry = f"{self.subscription}/resourceGroups/seawall/{_PROVIDER}/{content.registry}"
        signed = self.ask("POST", f"{node.management}{PREFIX}/oauth2/token", self.wants(REGISTRY_RESOURCE)).json()
        self.exchange = {"grant_type": "access_token", "service": node.service, "access_token": signed["access_token"]}
        refresh = self.ask("POST", f"{node.login}/oauth2/exchange", self.exchange).json()["refresh_token"]
        self.renewal = {"grant_type": "refresh_token", "service": node.service, "refresh_token": refresh}
        self.renewal["scope"] = " ".join(SCOPES)
        access = self.ask("POST", f"{node.login}/oauth2/token", self.renewal).json()["access_token"]
        self.bearer = {"Authorization": f"Bearer {access}"}
        self.entry = {"name": name, "secret": secret}
        self.stranger = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate", "Sec-Fetch-Site": "same-origin"}
        answer = self.ask("POST", f"{node.management}/portal/sign-in", self.entry, self.stranger, 303)
        self.browser = self.stranger | {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    def wants(self, resource: str) -> dict[str, str]:
        """The form by which `az` signs in to a resource."""
        return self.form | {"scope": f"{resource}/.default"}

    def ask(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: int = 200,
    ) -> httpx.Response:
        """Send something that is not measured."""
        answer = self._client.request(method, url, data=form, headers=headers)
        if answer.status_code != expected:
            raise UnexpectedAnswerError(f"{method} {url}: {answer.status_code}, not {expected}: {answer.text[:300]!r}")
        return answer
