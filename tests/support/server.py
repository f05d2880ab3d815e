"""The registry under real names: `seawall serve` in a process group of its own, and the commands that manage it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import NullPool, create_engine, text
from typer.testing import CliRunner

from seawall.cli.main import app
from seawall.metadata import (
    keys,
    migrate,  # noqa: F401 - once here instead of in every process that a command forks
    registries,
)
from seawall.metadata.database import Database
from seawall.naming import Cloud
from tests.real import processes
from tests.real.product import free_ports
from tests.support import network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    import httpx

    from seawall.topology import Registry

BINARY: Final = Path(sys.prefix) / "bin" / "seawall"
DOMAIN: Final = "azurecr.test"
STORAGE: Final = "storage.test"
CLOUD: Final = Cloud.own(DOMAIN, STORAGE)
REGION: Final = "eastus"
TABLES: Final = ("blob_link", "manifest", "repository", "tag")
PATIENCE: Final = 30.0


def seawall(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEAWALL_")}
    done = subprocess.run(
        [str(BINARY), *arguments], capture_output=True, text=True, timeout=PATIENCE * 2, check=False, env=environment
    )
    assert done.returncode == code, f"exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
    return done


class Server:
    """One node on one state directory; it can be stopped, killed and started again."""

    def __init__(
        self, folder: Path, *, metadata: str | None = None, top: str = "", extra: str = "", door: str = ""
    ) -> None:
        """Describe a node.

        Args:
            folder: Where its configuration, its log and, below that, its state are.
            metadata: URL of its database; the embedded one by default.
            top: More TOML, outside any table.
            extra: More TOML, whole tables.
            door: More TOML for its one door.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.state = folder / "state"
        self.config = folder / "seawall.toml"
        self.port = free_ports(2)
        self._metadata = metadata or f"sqlite:///{self.state / 'seawall.db'}"
        self._engine = create_engine(self._metadata, poolclass=NullPool)
        self._said = folder / "serve.out"
        self._log = folder / "serve.err"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.Client | None = None
        self.ca_file = self.state / "ca" / "ca.crt"
        self.secrets: set[str] = set()
        self.redirected_to: set[str] = set()
        database = f"metadata = {json.dumps(metadata)}\n" if metadata else ""
        process = "" if "[process]" in extra else "[process]\nworkers = 2\n"
        self.config.write_text(
            f"state = {json.dumps(str(self.state))}\n"
            f'region = "{REGION}"\ndomain = "{DOMAIN}"\nstorage_domain = "{STORAGE}"\n'
            f"public_port = {self.port}\n{database}{top}\n"
            f'[[door]]\nlisten = "127.0.0.1:{self.port}"\n{door}\n'
            f'[operations]\nlisten = "127.0.0.1:{self.port + 1}"\n{process}{extra}'
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and kind is None:
            self.stop()
        self.kill()
        self.close_client()

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def uploads(self) -> set[str]:
        """The files of unfinished uploads."""
        return {entry.name for entry in (self.state / "uploads").iterdir()}

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def client(self) -> httpx.Client:
        if self._client is None:
            self._client = network.client(self.ca_file)
        return self._client

    def new_client(self) -> httpx.Client:
        """Make a client whose connections are all new."""
        return network.client(self.ca_file)

    def close_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        engine = create_engine(self._metadata, poolclass=NullPool)
        with engine.connect() as connection:
            return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}

    @contextlib.contextmanager
    def database(self) -> Iterator[Database]:
        """Open its metadata, for what no command and no request shows."""
        database = Database(self._metadata, REGION)
        try:
            yield database
        finally:
            database.close()

    def keys(self, purpose: str) -> tuple[keys.SigningKey, ...]:
        """Return the keys that sign tokens or links."""
        with self.database() as database:
            return database.read_now(keys.newest_first, purpose)

    def topology(self, name: str) -> Registry:
        """Return what the server itself knows of a registry."""
        with self.database() as database:
            found = database.read_now(registries.find, name)
        assert found is not None, name
        return found

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Hold a block to leaving nothing behind: no upload, no row."""
        before = self.uploads, self.rows()
        yield
        assert (self.uploads, self.rows()) == before

    def raw(self, host: str, timeout: float = PATIENCE) -> contextlib.AbstractContextManager[network.RawConnection]:
        return network.raw_connection(self.ca_file, host, self.port, timeout)

    def authority(self, host: str) -> str:
        return f"{host}:{self.port}"

    def launch(self) -> None:
        """Start it without waiting for anything."""
        assert self._process is None, "already started"
        with self._said.open("wb") as said, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(BINARY), "serve", "--config", str(self.config), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> dict[str, Any]:
        """Start it and wait until it says that it is ready."""
        self.launch()
        deadline = time.monotonic() + PATIENCE
        while not (line := self._said.read_text()).endswith("\n"):
            code = self._process.poll() if self._process else None
            if code is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"seawall serve is not ready (exit code {code}):\n{self.log[-4000:]}")
            time.sleep(0.02)
        facts: dict[str, Any] = json.loads(line.splitlines()[0])
        return facts

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "not started"
        self._process.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait until it has ended; say with which exit code."""
        assert self._process is not None, "not started"
        code = self._process.wait(seconds)
        self._process = None
        return code

    def stop(self, seconds: float = PATIENCE) -> None:
        """End it as a service manager does; it must obey, and say that all is well."""
        self.signal(signal.SIGTERM)
        group = self.pid
        try:
            code = self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {seconds} seconds after SIGTERM") from None
        processes.wait_for_end_of_group(group, PATIENCE)
        assert code == 0, f"exit code after SIGTERM: {code}\n{self.log[-4000:]}"

    def kill(self) -> None:
        """Kill every process of it at once."""
        if self._process is None:
            return
        processes.kill_group(self._process, PATIENCE)
        self._process = None

    def workers(self) -> set[int]:
        return processes.workers(self.pid, self.port)

    def await_workers(self, count: int) -> None:
        """Wait until there are so many: while they are replaced there is one more."""
        deadline = time.monotonic() + PATIENCE
        while len(self.workers()) != count:
            assert time.monotonic() < deadline, f"{len(self.workers())} workers, not {count}"
            time.sleep(0.05)

    def kill_worker(self) -> set[int]:
        """Kill one worker and wait for its successor; return the workers there were before."""
        before = self.workers()
        os.kill(min(before), signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while len(self.workers() - {min(before)}) < len(before):
            assert time.monotonic() < deadline, f"no worker took its place:\n{self.log[-2000:]}"
            time.sleep(0.05)
        return {min(before)}

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a management command about this node, in this process to save its start; return what it printed."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        assert done.exit_code == code, f"exit code {done.exit_code}, not {code}\n{done.output}\n{done.exception!r}"
        return done.stdout

    def fails(self, *arguments: str, code: int = 2) -> str:
        """Run a management command that must not succeed; return what it said on standard error."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        assert done.exit_code == code, f"exit code {done.exit_code}, not {code}\n{done.output}\n{done.exception!r}"
        assert not done.stdout
        return done.stderr

    def does_not_start(self) -> str:
        """Start another node with this configuration, which must not come up; return what it said."""
        return seawall("serve", "--config", str(self.config), code=1).stderr

    def run_json(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.run(*arguments, "--json"))

    def operations(self, path: str) -> httpx.Response:
        return self.client.get(f"http://{network.LOOPBACK}:{self.port + 1}{path}")


class Hammer:
    """Repeats a call in a thread until told to stop, and keeps what went wrong."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat)
        self.rounds = 0
        self.failures: list[str] = []

    def _repeat(self) -> None:
        while not self._stop.is_set():
            try:
                self._call()
            except Exception as error:  # noqa: BLE001 - shown by the test
                self.failures.append(f"{type(error).__name__}: {error}"[:300])
            self.rounds += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
