"""The peer: the distribution registry, as Debian ships it (2.8) and as its makers release it (3.1)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.authority import Issuer, write_certificate
from bench.client import Client
from bench.servers import Child, find_tool, free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.fixtures import Image

PROGRAMS = ("registry", "docker-registry")
"""Version 3 under the name its build gives it, version 2 under Debian's."""


class Distribution:
    """One version of distribution on its filesystem driver, with everything switched in its favour.

    The descriptor cache is on; access log, tracing and upload purging are off.
    """

    redirects = False

    def __init__(self, program: str) -> None:
        text = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
        found = re.search(r"(\d+)\.\d+\.\d+", text)
        if found is None:
            raise RuntimeError(f"{program} does not tell its version: {text!r}")
        self.name = f"distribution {found[0]}"
        self._modern = int(found[1]) >= 3
        self.pages = self._modern
        self._program = program

    def start(self, folder: Path) -> None:
        """Write certificates and a configuration, and serve."""
        self.origin = f"https://localhost:{free_ports(1)}"
        self._folder, self._store = folder, folder / "store"
        self._borrowed: list[tuple[Path, Path]] = []
        self.authority, key = write_certificate(folder)
        issuer = Issuer(folder)
        kid = issuer.thumbprint() if self._modern else issuer.libtrust_id()
        self._sign: Callable[[str], str] = lambda repository: issuer.token(kid, "bench", repository)
        configuration = folder / "config.json"  # JSON is YAML
        configuration.write_text(json.dumps(self._configuration(issuer, key)))
        command = [self._program, "serve", str(configuration)]
        self._child = Child(command, folder, {"OTEL_TRACES_EXPORTER": "none"})
        self._child.wait_until_ready(self._answers)

    def _configuration(self, issuer: Issuer, key: Path) -> dict[str, object]:
        return {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "cache": {"blobdescriptor": "inmemory"},
                "filesystem": {"rootdirectory": str(self._store)},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "auth": {
                "token": {
                    "realm": f"{self.origin}/token",
                    "service": "bench",
                    "issuer": issuer.name,
                    "rootcertbundle": str(issuer.certificate),
                }
            },
            "http": {
                "addr": urlsplit(self.origin).netloc,
                "secret": "bench",
                "tls": {"certificate": str(self.authority), "key": str(key)},
            },
        }

    def _answers(self) -> bool:
        client = Client(self.origin, self.authority)
        try:
            client.send("GET", "/v2/", 401)
        except OSError:
            return False
        finally:
            client.close()
        return True

    @property
    def pid(self) -> int:
        """The only process."""
        return self._child.pid

    def stop(self) -> None:
        """End it, and keep the tags for the next run."""
        self._child.stop()
        for folder, shelf in self._borrowed:
            folder.rename(shelf)

    def token(self, repository: str) -> str:
        """A token as the token server of an installation would sign it."""
        return self._sign(repository)

    def put_tags(self, repository: str, image: Image, tags: Sequence[str]) -> None:
        """Write the tags as the filesystem driver lays them out: pushing them would take minutes a round.

        Only `current/link` is written: the index beside it serves deletion, which nothing here asks for.
        Making and removing that many folders still costs a minute, so they move from one run to the next.
        """
        folder = self._store / "docker/registry/v2/repositories" / repository / "_manifests/tags"
        shelf = self._folder.parent / repository.replace("/", "-")
        if shelf.exists():
            shutil.rmtree(folder)  # the tag that was pushed; it is on the shelf as well
            shelf.rename(folder)
        else:
            for tag in tags:
                link = folder / tag / "current" / "link"
                link.parent.mkdir(parents=True)
                link.write_text(image.manifest.digest)
        self._borrowed.append((folder, shelf))


def installed_peers() -> list[Distribution]:
    """The peers on this machine, the one to compare with first."""
    return [Distribution(path) for program in PROGRAMS if (path := find_tool(program)) is not None]
