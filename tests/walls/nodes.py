"""The registry of the laboratory: a node in each region, all on one database and one folder of blobs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final, Self

from typer.testing import CliRunner

from seawall.cli.main import app
from seawall.management.creation import blank, create
from seawall.metadata import registries
from seawall.metadata.database import Database
from seawall.naming import PUBLIC
from seawall.topology import Registry, Replica
from tests.support.server import BINARY
from tests.walls.places import ACCOUNTS, EAST, OTHER, REGISTRY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.nets import Net

PATIENCE: Final = 30.0
STOPPING: Final = 5.0


class Node:
    """`seawall serve` in a namespace, at all addresses that this has."""

    def __init__(self, net: Net, folder: Path, region: str, certificate: tuple[Path, Path], first: Node | None) -> None:
        """Describe a node.

        Args:
            net: Where it is.
            folder: Where its configuration and its state are.
            region: Its region.
            certificate: Certificate and key.
            first: The node whose database and blobs it shares.
        """
        folder.mkdir(parents=True)
        self._net = net
        self.region = region
        self.config = folder / "seawall.toml"
        self.state = folder / "state"
        self.database_url: str = first.database_url if first else f"sqlite:///{self.state / 'seawall.db'}"
        self._log, self._said = folder / "serve.err", folder / "serve.out"
        self._process: subprocess.Popen[bytes] | None = None
        if first:
            self.state.mkdir()
            for shared in ("blobs", "uploads"):
                (self.state / shared).symlink_to(first.state / shared)
        chain, key = certificate
        self.config.write_text(
            f'state = "{self.state}"\nregion = "{region}"\nmetadata = "{self.database_url}"\n'
            f'domain = "{PUBLIC.domain}"\nstorage_domain = "{PUBLIC.storage}"\n'
            f'[[door]]\nlisten = "[::]:443"\ncertificate = "{chain}"\nkey = "{key}"\n'
            "[process]\nworkers = 1\n"
        )

    def __enter__(self) -> Self:
        with self._net.inside(), self._said.open("wb") as said, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(BINARY), "serve", "--config", str(self.config), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        # It clears up behind itself, if it is let.
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOPPING)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    @property
    def log(self) -> str:
        """What it said of its requests, a line each."""
        return self._log.read_text(errors="replace")

    def wait(self) -> None:
        """Wait until it answers."""
        assert self._process is not None, "not started"
        deadline = time.monotonic() + PATIENCE
        while not self._said.read_text().endswith("\n"):
            assert self._process.poll() is None, f"the node in {self.region} ended:\n{self.log[-2000:]}"
            assert time.monotonic() < deadline, f"the node in {self.region} is not ready:\n{self.log[-2000:]}"
            time.sleep(0.01)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a management command about it, in this process to save its start; return what it printed."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        assert done.exit_code == code, f"exit code {done.exit_code}, not {code}\n{done.output}\n{done.exception!r}"
        return done.stdout

    def furnish(self) -> str:
        """Make the registry with a replica in each region, and somebody else's; return the password of the first."""
        database = Database(self.database_url, self.region)
        try:
            with database.writing() as writer:
                made, password = create(writer, blank(REGISTRY, self.region))
                replicas = tuple(Replica(region, account) for region, account in sorted(ACCOUNTS.items()))
                registries.put(writer, Registry(made.name, EAST, replicas))
                create(writer, blank(OTHER.partition(".")[0], self.region))
        finally:
            database.close()
        return password
