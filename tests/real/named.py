"""A registry under real names on port 443, in a network namespace of its own, and the Azure CLI beside it."""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final, Self

from seawall.identity.operators import create_operator
from seawall.metadata.database import Database
from seawall.server.authority import OwnAuthority
from tests.real.azure_cli import PATIENCE, AzureCli
from tests.real.product import BINARY
from tests.support.nets import Net

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAIN: Final = "registry.example"
REGION: Final = "eastus"
PUBLIC: Final = "192.0.2.1"

_WITH_HOSTS: Final = 'mount --bind "$1" /etc/hosts; shift; exec "$@"'


class Named:
    """The registry's node, until the block ends.

    Attributes:
        net: Where it is; it has `PUBLIC` and whatever addresses a test adds.
        az: The Azure CLI in the same namespace. From the machine's own addresses it comes from the one it goes to.
    """

    def __init__(self, folder: Path, settings: str = "", *, signed_in: bool = True) -> None:
        """Take a folder, more lines of its configuration file, and whether the Azure CLI is to be signed in."""
        self._signed_in = signed_in
        self._folder = folder
        self._stack = ExitStack()
        self.config = folder / "seawall.toml"
        self.state = folder / "state"
        self.config.write_text(
            f'state = "{self.state}"\nregion = "{REGION}"\ndomain = "{DOMAIN}"\n{settings}\n'
            '[[door]]\nlisten = "[::]:443"\n[process]\nworkers = 1\n'
        )

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.net = stack.enter_context(Net())
            self.net.owns(f"{PUBLIC}/32")
            self.az = NamedAzureCli(self)
            self.seawall("registry", "create", "myregistry")
            stack.enter_context(self._served())
            if self._signed_in:
                self.az.sign_in()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def seawall(self, *words: str) -> str:
        """Run one of our own commands about the registry; return what it prints."""
        return self.az.seawall(*words)

    @property
    def database_url(self) -> str:
        """Where its metadata is."""
        return f"sqlite:///{self.state / 'seawall.db'}"

    @property
    def ca_file(self) -> Path:
        """What it is trusted by."""
        return OwnAuthority(self.state / "ca").certificate_file

    @contextmanager
    def _served(self) -> Iterator[None]:
        said, log = self._folder / "serve.out", self._folder / "serve.err"
        with self.net.inside(), said.open("wb") as out, log.open("wb") as err:
            server = subprocess.Popen(
                [str(BINARY), "serve", "--config", str(self.config), "--json"], stdout=out, stderr=err
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while not said.read_text().endswith("\n"):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield
        finally:
            server.terminate()
            server.wait(PATIENCE)


class NamedAzureCli(AzureCli):
    """`az` where the node is, with a hosts file for a name server."""

    def __init__(self, named: Named) -> None:
        self._named = named
        self._hosts = named.config.parent / "hosts"
        self._prepare(named.config.parent, "--config", named.config)
        self.lead()

    def lead(self, text: str = "") -> None:
        """Let names lead to the public address, but those that some lines of a hosts file name, to where these say."""
        hosts = [f"arm.{DOMAIN}", *(f"{name}.{DOMAIN}" for name in ("myregistry", "brandnew"))]
        hosts += [f"{name}.{REGION}.data.{DOMAIN}" for name in ("myregistry", "brandnew")]
        lines = [f"{PUBLIC} {host}" for host in hosts]
        self._hosts.write_text("\n".join((text, *lines, "127.0.0.1 localhost", "")))

    def sign_in(self) -> None:
        """Make an operator, and sign in as that."""
        database = Database(self._named.database_url, REGION)
        name, secret = database.write_now(create_operator)
        database.close()
        file = self._named.config.parent / "operator.secret"
        file.write_text(secret)
        told = json.loads(self.seawall("az-setup", "--json"))
        self.environment |= told["environment"]
        for command in told["commands"]:
            words = [{"OPERATOR": name, "SECRET": f"@{file}"}.get(word, word) for word in command[1:]]
            done = self.run(*words, "--only-show-errors")
            assert done.returncode == 0, done.stderr

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the namespace."""
        whole = ["unshare", "--mount", "sh", "-c", _WITH_HOSTS, "sh", str(self._hosts), *command]
        with self._named.net.inside():
            return super().call(*whole)
