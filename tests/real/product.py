"""The product as anyone starts it: `seawall up` in a process group of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from tests.real import processes

if TYPE_CHECKING:
    from types import TracebackType

BINARY: Final = Path(sys.prefix) / "bin" / "seawall"
PORTS: Final = range(20_000, 32_000)
PATIENCE: Final = 30.0
"""Seconds in which it must be ready after its start, and gone after SIGTERM."""


@dataclass(frozen=True)
class Ready:
    """What the line of `--json` says once the registry serves."""

    registry: str
    login_server: str
    data_endpoint: str
    blob_endpoint: str
    operations: str
    username: str
    password_file: str
    ca_file: str
    cert_dir: str

    @property
    def password(self) -> str:
        return Path(self.password_file).read_text().strip()

    @classmethod
    def parse(cls, line: str) -> Self:
        told = json.loads(line)
        assert told["ready"] is True, told
        return cls(**{field.name: told[field.name] for field in fields(cls)})


class Product:
    """One registry on one state folder and five ports; it can be stopped, killed and started again."""

    def __init__(self, folder: Path, *options: str, ports: int = 5) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.state = folder / "state"
        self.log = folder / "up.log"
        self._said = folder / "up.out"
        self._port = free_ports(ports)
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        assert self._ready is not None, "not started"
        return self._ready

    def ready_in(self, region: str) -> Ready:
        """Return what clients of one of several regions need to know."""
        told = json.loads(self._said.read_text().splitlines()[0])
        return Ready.parse(json.dumps(told | told["regions"][region]))

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def port(self) -> int:
        return self._port

    @property
    def dedicated(self) -> bool:
        """Whether it was started with dedicated data endpoints."""
        return "--data-endpoints" in self._options

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def start(self) -> Ready:
        """Start it and wait until it says that it is ready."""
        self.launch()
        deadline = time.monotonic() + PATIENCE
        while not (line := self._said.read_text()).endswith("\n"):
            code = self._process.poll() if self._process else None
            if code is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"seawall up is not ready (exit code {code}):\n{self.tail()}")
            time.sleep(0.02)
        self._ready = Ready.parse(line.splitlines()[0])
        return self._ready

    def launch(self) -> None:
        """Start it without waiting for anything."""
        assert self._process is None, "already started"
        command = [str(BINARY), "up", "--state", str(self.state), "--port", str(self._port)]
        with self._said.open("wb") as said, self.log.open("ab") as log:
            self._process = _spawn([*command, "--workers", "2", *self._options, "--json"], said, log)

    def stop(self) -> None:
        """End it as a service manager does; it must obey, and say that all is well."""
        assert self._process is not None, "not started"
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        assert code == 0, f"exit code after SIGTERM: {code}\n{self.tail()}"

    def kill(self) -> None:
        """Kill every process of it at once, as a power cut would, and wait until none is left."""
        if self._process is None:
            return
        processes.kill_group(self._process, PATIENCE)
        self._process = None

    def update(self, *options: str) -> None:
        """Change the registry while it runs."""
        command = [
            str(BINARY),
            "registry",
            "update",
            self.ready.registry,
            *options,
            "--state",
            str(self.state),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def tail(self) -> str:
        """The end of what it logged."""
        return self.log.read_text(errors="replace")[-4000:]


def _spawn(command: list[str], said: IO[bytes], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=log, start_new_session=True)


def free_ports(count: int) -> int:
    """The first of `count` free ports in a row, below those that the system hands to outgoing connections.

    Each process of a test run has ports of its own to choose from: between its looking and its server's listening,
    nobody else takes them.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = len(PORTS) // processes
    while True:
        first = random.randrange(PORTS[mine * share], PORTS[mine * share] + share - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
