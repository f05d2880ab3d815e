"""What the benchmark asks of a registry server, and how it runs one as a child process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.fixtures import Image

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Server(Protocol):
    """One registry: started on an empty folder, measured, stopped."""

    name: str
    """The heading of its column, with the version."""
    redirects: bool
    """Whether a blob GET answers with a redirect instead of the bytes."""
    pages: bool
    """Whether `tags/list?n=` is obeyed; without it every page is the whole list."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the registry API."""
        ...

    @property
    def authority(self) -> Path:
        """The PEM file that clients trust."""
        ...

    @property
    def pid(self) -> int:
        """The root of the server's process tree."""
        ...

    def start(self, folder: Path) -> None:
        """Serve from a new, empty store inside `folder`; return once requests are answered."""
        ...

    def stop(self) -> None:
        """End every process of the server."""
        ...

    def token(self, repository: str) -> str:
        """A bearer token good for pulling from and pushing to `repository`."""
        ...

    def put_tags(self, repository: str, image: Image, tags: Sequence[str]) -> None:
        """Make many tags of one pushed image, by the quickest way this server has."""
        ...


class Child:
    """A server process in its own process group, so that stopping it leaves no worker behind."""

    def __init__(self, command: Sequence[str], folder: Path, extra: Mapping[str, str]) -> None:
        # The order of TLS suites in openssl.cnf is the clients' own; a server chooses by its defaults.
        environment = {key: value for key, value in os.environ.items() if key != "OPENSSL_CONF"} | dict(extra)
        self.output = folder / "stdout"
        self._errors = folder / "stderr"
        with self.output.open("wb") as output, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=errors, env=environment, cwd=folder, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process that was started; its workers are below it."""
        return self._process.pid

    def wait_until_ready(self, probe: Probe) -> None:
        """Poll `probe` until it holds; give up, showing the log, when the process dies or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while not probe():
            if self._process.poll() is not None or time.monotonic() > deadline:
                tail = self._errors.read_text(errors="replace")[-2000:]
                self.stop()
                sys.exit(f"bench: {self._process.args!r} did not start:\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask politely, then kill whatever is left of the group."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Probe(Protocol):
    """Says whether a starting server is ready."""

    def __call__(self) -> bool:
        """True once it is."""
        ...


@contextlib.contextmanager
def running(server: Server, folder: Path) -> Iterator[Server]:
    """Run `server` on a fresh `folder`, and remove the folder afterwards."""
    folder.mkdir(parents=True)
    try:
        server.start(folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def find_tool(name: str) -> str | None:
    """A program: from the folder $SEAWALL_TOOLS, from the tree's own tools, then from the PATH."""
    places = [os.environ.get("SEAWALL_TOOLS", ""), str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(place for place in places if place))


def free_ports(count: int) -> int:
    """The first of `count` neighbouring TCP ports that nothing listens on."""
    for first in range(21000, 29000, 10):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise RuntimeError("no free ports")
