"""Seawall itself, started as anyone starts it: one command, TLS, authentication and data endpoints on."""

from __future__ import annotations

import base64
import importlib.metadata
import json
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.client import Client
from bench.servers import Child, free_ports
from bench.transfer import CLIENTS, push_image, share_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.fixtures import Image

WORKERS = 2
TAGS_A_PUT = 10
"""How many `tag` parameters one PUT may carry."""


class Seawall:
    """`seawall up` on an empty state folder."""

    name = f"Seawall {importlib.metadata.version('seawall')}"
    redirects = True
    pages = True

    def start(self, folder: Path) -> None:
        """Start and wait for the line that says where everything is."""
        port = free_ports(5)
        program = Path(sys.executable).with_name("seawall")
        command = [
            *(str(program), "up", "--state", str(folder / "state"), "--port", str(port)),
            *("--workers", str(WORKERS), "--data-endpoints", "--json"),
        ]
        self._child = Child(command, folder, {})
        self._child.wait_until_ready(self._is_ready)
        ready = json.loads(self._ready_line())
        self._service: str = ready["login_server"]
        self.origin = f"https://{self._service}"
        self.authority = Path(ready["ca_file"])
        password = Path(ready["password_file"]).read_text().strip()
        self._basic = base64.b64encode(f"{ready['username']}:{password}".encode()).decode()

    def _ready_line(self) -> str:
        return next((line for line in self._child.output.read_text().splitlines(keepends=True)), "")

    def _is_ready(self) -> bool:
        line = self._ready_line()
        return line.endswith("\n") and bool(json.loads(line)["ready"])

    @property
    def pid(self) -> int:
        """The supervisor; the workers are its children."""
        return self._child.pid

    def stop(self) -> None:
        """End every process."""
        self._child.stop()

    def token(self, repository: str) -> str:
        """A token from the registry's own token endpoint."""
        query = urllib.parse.urlencode({"service": self._service, "scope": f"repository:{repository}:pull,push"})
        client = Client(self.origin, self.authority)
        answer = client.send("GET", f"/oauth2/token?{query}", 200, headers={"Authorization": f"Basic {self._basic}"})
        client.close()
        token: str = json.loads(answer.body)["access_token"]
        return token

    def put_tags(self, repository: str, image: Image, tags: Sequence[str]) -> None:
        """PUT the manifest again and again, each time with as many tags as one request may name."""
        token = self.token(repository)
        clients = [Client(self.origin, self.authority, token) for _ in range(CLIENTS)]
        groups = [tags[at : at + TAGS_A_PUT] for at in range(0, len(tags), TAGS_A_PUT)]
        share_out(groups, clients, lambda client, group: push_image(client, repository, image, group))
