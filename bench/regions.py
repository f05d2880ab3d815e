"""Regions of Seawall on this machine, started as anyone starts them: TLS, authentication and replication on."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import signal
import ssl
import sys
import time
import urllib.parse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench import far_apart, processes
from bench.client import Client
from bench.servers import ROOT, Child, free_ports
from seawall.blobs.directory import DirectoryBlobs
from seawall.metadata.database import Database
from seawall.server.local import PORTS_PER_REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

A = "eastus"
B = "westus"
REPOSITORY = "bench/app"
_TRIES = 100


class Regions:
    """One or two regions over a state folder, which outlasts them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    @contextmanager
    def running(self, *names: str, apart: float = 0.0) -> Iterator[None]:
        """Run regions until the block is left; between nodes, not clients, everything takes so long each way."""
        port = free_ports(PORTS_PER_REGION * len(names))
        self._ports = {name: port + place * PORTS_PER_REGION for place, name in enumerate(names)}
        program = Path(sys.executable).with_name("seawall")
        chosen = [word for name in names for word in ("--region", name)]
        command = [str(program), "up", "--state", str(self._state), "--port", str(port), *chosen, "--json"]
        if apart:
            command = [sys.executable, "-m", far_apart.__name__, str(self._state), str(port), str(apart), *names]
        # What `seawall up` sets for itself; and where this package is, for the other one.
        child = Child(command, self._folder, {"MALLOC_ARENA_MAX": "2", "PYTHONPATH": str(ROOT)})
        child.wait_until_ready(lambda: self._said(child).endswith("\n"))
        self._session = child.pid
        self._ready = json.loads(self._said(child))
        self.authority = Path(self._ready["ca_file"])
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

    def _home(self, region: str) -> Path:
        return self._state if region == A else self._state / "regions" / region

    def store(self, region: str) -> DirectoryBlobs:
        """The blobs of a region."""
        return DirectoryBlobs(self._home(region))

    def context(self) -> ssl.SSLContext:
        """Whom clients trust."""
        return ssl.create_default_context(cafile=self.authority)

    @contextmanager
    def database(self, region: str) -> Iterator[Database]:
        """The metadata of a region."""
        database = Database(f"sqlite:///{self._home(region) / 'seawall.db'}", region)
        try:
            yield database
        finally:
            database.close()

    @property
    def registry(self) -> str:
        """The registry's name."""
        name: str = self._ready["registry"]
        return name

    def client(self, region: str, repository: str = REPOSITORY) -> Client:
        """Somebody who pushes to and pulls from a region's login server, with a token of that region."""
        service = self._ready.get("regions", {}).get(region, self._ready)["login_server"]
        origin = f"https://{service}"
        password = Path(self._ready["password_file"]).read_text().strip()
        basic = base64.b64encode(f"{self._ready['username']}:{password}".encode()).decode()
        query = urllib.parse.urlencode({"service": service, "scope": f"repository:{repository}:pull,push"})
        asking = Client(origin, self.authority)
        answer = asking.send("GET", f"/oauth2/token?{query}", 200, headers={"Authorization": f"Basic {basic}"})
        asking.close()
        return Client(origin, self.authority, json.loads(answer.body)["access_token"])

    def cpu_seconds(self) -> float:
        """Processor time that all processes have used so far."""
        return sum(process.cpu_seconds for process in processes.of_session(self._session))

    @contextmanager
    def copying_nothing(self, region: str) -> Iterator[None]:
        """Hold a region's replicator, so that only what a client asks for comes from elsewhere."""
        pid = self._replicator(region)
        self._hold(pid, region)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _replicator(self, region: str) -> int:
        """The process beside a region's workers that listens nowhere."""
        known = processes.of_session(self._session)
        port = self._ports[region]
        parent = next(one.parent for one in known if port in processes.ports_of(one.pid))
        [found] = [one.pid for one in known if one.parent == parent and not processes.ports_of(one.pid)]
        return found

    def _hold(self, pid: int, region: str) -> None:
        """Stop a process, but not while it keeps the workers from writing."""
        lock = os.open(self._home(region) / "seawall.db.lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            for _ in range(_TRIES):
                os.kill(pid, signal.SIGSTOP)
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.01)
        finally:
            os.close(lock)
        raise RuntimeError(f"the replicator of {region} writes all the time")
