"""A region of a cluster: `seawall serve` in a namespace of its own, with its own state, database and authority."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from seawall.metadata import log, peers, wants
from seawall.metadata.database import Database
from seawall.metadata.schema import BLOB_LINK, MANIFEST, REGION, REPOSITORY, SETTING, TAG
from seawall.naming import Cloud
from seawall.replication.membership import describe_self
from seawall.server.authority import OwnAuthority
from seawall.server.node import prepare
from seawall.server.state import State
from tests.real import processes
from tests.replication.cluster_roads import HOSTED
from tests.support.server import BINARY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from seawall.metadata.log import Row
    from seawall.metadata.wants import Queue
    from tests.replication.cluster_roads import Roads

DOMAIN: Final = "seawall.test"
CLOUD: Final = Cloud.own(DOMAIN)
PATIENCE: Final = 30.0
TABLES: Final = (REGION, SETTING, REPOSITORY, MANIFEST, TAG, BLOB_LINK)
"""What every region ends up with alike."""


class Node:
    """One region's node; it can be stopped, killed and started again."""

    def __init__(self, roads: Roads, folder: Path, region: str, extra: str = "", state: Path | None = None) -> None:
        """Describe a node.

        Args:
            roads: The networks.
            folder: Where its configuration, its log and its state are.
            region: Its region.
            extra: More TOML, inside the table ``replication``.
            state: Where its state is instead.
        """
        folder.mkdir(parents=True)
        self.region = region
        self.net = roads.add(region)
        self.address = roads.address(region)
        self.state = State(state or folder / "state")
        self.config = folder / "seawall.toml"
        self._hosts = roads.hosts(region)
        self._said, self._log = folder / "serve.out", folder / "serve.err"
        self._process: subprocess.Popen[bytes] | None = None
        self.reachable = "reachable = false" not in extra
        self.config.write_text(
            f'state = "{self.state.root}"\nregion = "{region}"\ndomain = "{DOMAIN}"\n'
            '[[door]]\nlisten = "0.0.0.0:443"\n[process]\nworkers = 1\nshutdown_seconds = 5\n'
            f'[log]\nrequests = "all"\n[replication]\n{extra}\n'
        )
        self.authority = OwnAuthority(self.state.authority)
        database = prepare(self.state, self.state.database_url, region)
        self.authority.ensure()
        database.close()

    @property
    def url(self) -> str:
        """Where it answers other regions' nodes; empty if they cannot come."""
        return f"https://{CLOUD.node(self.region)}" if self.reachable else ""

    @property
    def running(self) -> bool:
        """Whether it was started."""
        return self._process is not None

    @property
    def log(self) -> str:
        """What it said."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start it; it is not ready yet."""
        assert self._process is None, "already started"
        with self.net.inside(), self._said.open("wb") as said, self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*HOSTED, str(self._hosts), str(BINARY), "serve", "--config", str(self.config), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=errors,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        assert self._process is not None, "not started"
        deadline = time.monotonic() + PATIENCE
        while not self._said.read_text().endswith("\n"):
            assert self._process.poll() is None, f"the node in {self.region} ended:\n{self.log[-2000:]}"
            assert time.monotonic() < deadline, f"the node in {self.region} is not ready:\n{self.log[-2000:]}"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would."""
        if self._process is None:
            return
        processes.kill_group(self._process, PATIENCE)
        self._process = None

    def stop(self) -> None:
        """End it as a service manager does."""
        assert self._process is not None, "not started"
        self._process.terminate()
        code = self._process.wait(PATIENCE)
        self.kill()
        assert code == 0, f"exit code after SIGTERM: {code}\n{self.log[-2000:]}"

    def restart(self) -> None:
        """Start it again, and wait until it answers."""
        self.start()
        self.wait()

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command on its machine; return what it printed."""
        with self.net.inside():
            done = subprocess.run(
                [*HOSTED, str(self._hosts), str(BINARY), *arguments, "--config", str(self.config)],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        assert done.returncode == code, f"exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open its metadata."""
        database = Database(self.state.database_url, self.region)
        try:
            yield database
        finally:
            database.close()

    def describe(self) -> list[Row]:
        """Write down what others must know of it; return what it would tell them."""
        pem = self.authority.certificate_file.read_text("ascii")
        with self.database() as database:
            database.write_now(describe_self, self.url, pem)
            return database.read_now(log.settings)

    def take(self, rows: list[Row]) -> None:
        """Let it know what others told."""
        with self.database() as database:
            database.write_now(log.merge, rows)

    def content(self) -> dict[str, set[tuple[Any, ...]]]:
        """Return everything it knows that all regions are to know alike."""
        with self.database() as database:
            return database.read_now(_content)

    def lacks(self) -> set[str]:
        """Return the digests of the blobs that it has no bytes of, of those that can be read through it."""
        with self.database() as database:
            return {digest for digest, size in database.read_now(_linked) if self.octets(digest) != size}

    def octets(self, digest: str) -> int | None:
        """Return how many octets it has of a blob; ``None`` without it."""
        algorithm, _, value = digest.partition(":")
        path = self.state.root / "blobs" / algorithm / value[:2] / value
        return path.stat().st_size if path.exists() else None

    def queue(self) -> Queue:
        """Return what it has still to copy."""
        with self.database() as database:
            return database.read_now(wants.queue)

    def peer(self, region: str) -> peers.Peer:
        """Return what it knows of another region."""
        with self.database() as database:
            return database.read_now(peers.find, region)


def _content(connection: Connection) -> dict[str, set[tuple[Any, ...]]]:
    found = {}
    for table in TABLES:
        kept = [column for column in table.c if column.name != "sequence"]
        found[table.name] = {tuple(row) for row in connection.execute(select(*kept))}
    return found


def _linked(connection: Connection) -> list[tuple[str, int]]:
    rows = connection.execute(select(BLOB_LINK.c.digest, BLOB_LINK.c.size).where(BLOB_LINK.c.deleted.is_(False)))
    return [(row.digest, row.size) for row in rows]
