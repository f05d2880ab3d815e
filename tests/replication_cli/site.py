"""Regions as whoever runs them sees them: machines, one each, on which nothing but commands is run."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from typer.testing import CliRunner

from seawall.cli.main import app
from seawall.metadata import migrate  # noqa: F401 - once here instead of in every process that a command forks
from tests.real.product import Ready
from tests.replication.cluster_client import Client, Image, make_image
from tests.replication.cluster_node import CLOUD, Node
from tests.replication.cluster_roads import Roads
from tests.support import network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

REGISTRY: Final = "myregistry"
EAST: Final = "eastus"
WEST: Final = "westus"
NORTH: Final = "northeurope"
LOGIN: Final = CLOUD.login(REGISTRY)
SECONDS: Final = 30.0


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


class Machine(Node):
    """A region's node, and the commands that are run beside it."""

    def __init__(self, site: Site, region: str, extra: str = "") -> None:
        """Set a machine up whose node is not started yet."""
        told = "" if "addresses" in extra else f'addresses = ["{site.next_address}"]\n'
        super().__init__(site.roads, site.folder / region, region, told + extra)
        self._site = site

    def tries(self, *arguments: str, stdin: str | None = None, configured: bool = True) -> Done:
        """Run a command of ``seawall``, in this process to save its start."""
        place = ("--config", str(self.config)) if configured else ()
        with self._site.names(), self.net.inside():
            done = CliRunner().invoke(app, [*arguments, *place], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    def says(self, *arguments: str, stdin: str | None = None, configured: bool = True) -> str:
        """Run a command that must succeed; return what it printed."""
        done = self.tries(*arguments, stdin=stdin, configured=configured)
        assert done.code == 0, done
        return done.out

    def told(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Run a command for its JSON."""
        done = self.tries(*arguments, "--json")
        assert done.code == code, done
        return json.loads(done.out)

    def refuses(self, *arguments: str, code: int, stdin: str | None = None) -> str:
        """Run a command that must not succeed; return what it said on standard error."""
        done = self.tries(*arguments, stdin=stdin)
        assert done.code == code, done
        assert not done.out
        assert done.err.startswith("seawall: ")
        return done.err

    def answers(self, host: str, path: str) -> httpx.Response:
        """Ask this machine under a host name, as somebody who trusts its authority."""
        with self.net.inside(), network.client(self.authority.certificate_file) as client:
            return client.get(f"https://{host}{path}")

    def lets_join(self, other: Machine) -> None:
        """Invite another region, which joins."""
        other.says("region", "join", "-", stdin=self.told("region", "invite", other.region)["invitation"])


class Site:
    """The networks and machines, until the block ends.

    Attributes:
        folder: Where everything is.
        roads: The networks.
        machines: The machines, by region.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.machines: dict[str, Machine] = {}

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seawall-site-")))
            self.roads = stack.enter_context(Roads(self.folder))
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        for machine in self.machines.values():
            machine.kill()

    @property
    def next_address(self) -> str:
        """The address that the next machine will have."""
        return f"10.{20 + len(self.machines)}.0.1"

    def set_up(self, *regions: str, extra: str = "", started: bool = True) -> list[Machine]:
        """Set machines up and start their nodes; they are strangers to one another."""
        made = []
        for region in regions:
            machine = self.machines[region] = Machine(self, region, extra)
            hosts = (CLOUD.node(region), CLOUD.regional(REGISTRY, region), CLOUD.data(REGISTRY, region))
            self.roads.name(dict.fromkeys(hosts, machine.address))
            made.append(machine)
        if len(made) == len(self.machines):
            self.roads.name({LOGIN: made[0].address})
        for machine in made if started else ():
            machine.start()
        for machine in made if started else ():
            machine.wait()
        trusted = [one.authority.certificate_file.read_bytes() for one in self.machines.values()]
        self.trusted.write_bytes(b"".join(trusted))
        return made

    def found(self, machine: Machine) -> None:
        """Make the registry, with dedicated data endpoints."""
        password = machine.told("registry", "create", REGISTRY)["password"]
        (self.folder / "password").write_text(password)
        machine.says("registry", "update", REGISTRY, "--data-endpoints")

    @property
    def trusted(self) -> Path:
        """Whom clients trust: the authorities of all regions."""
        return self.folder / "trusted.crt"

    @property
    def password(self) -> str:
        """The admin user's."""
        return (self.folder / "password").read_text()

    @contextlib.contextmanager
    def names(self) -> Iterator[None]:
        """Let names lead, in this process too, where they lead the nodes; no proxy or credential of ours counts."""
        real, before = socket.getaddrinfo, dict(os.environ)

        def find(host: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as the library has it
            with contextlib.suppress(KeyError):
                host = self.roads.find(host.decode() if isinstance(host, bytes) else host)
            return real(host, *more, **named)

        socket.getaddrinfo = find
        os.environ |= {"SSL_CERT_FILE": str(self.trusted), "SEAWALL_USERNAME": REGISTRY}
        if (self.folder / "password").exists():
            os.environ["SEAWALL_PASSWORD"] = self.password
        try:
            yield
        finally:
            socket.getaddrinfo = real
            os.environ.clear()
            os.environ.update(before)

    def client(self, repository: str, region: str) -> Client:
        """Make a client that uses a region's login server."""
        told: dict[str, Any] = dict.fromkeys(("data_endpoint", "blob_endpoint", "operations"), "")
        ready = Ready(
            registry=REGISTRY,
            login_server=CLOUD.regional(REGISTRY, region),
            username=REGISTRY,
            password_file=str(self.folder / "password"),
            ca_file=str(self.trusted),
            cert_dir=str(self.folder),
            **told,
        )
        return Client(ready, repository, self.roads.clients, self.roads.find)

    def push(self, region: str, tag: str, *sizes: int, repository: str = "app") -> Image:
        """Push an image in a region."""
        with self.client(repository, region) as client:
            return client.push(make_image(*(sizes or (1000,))), tag)

    def pulls(self, region: str, tag: str, repository: str = "app") -> Image:
        """Pull an image in a region."""
        with self.client(repository, region) as client:
            return client.pull(tag)


def until(said: Callable[[], object], what: str, seconds: float = SECONDS) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def in_step(*machines: Machine) -> None:
    """Wait until machines say that all regions are in step, as a script would."""
    for machine in machines:
        until(lambda: machine.tries("replication", "status").code == 0, f"{machine.region} does not catch up")  # noqa: B023
