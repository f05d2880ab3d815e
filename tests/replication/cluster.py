"""Regions as real nodes, each on a machine of its own as far as the network goes, and one registry in all of them."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from seawall.management.creation import blank, create
from seawall.metadata import log, registries
from seawall.topology import Registry, Replica
from tests.real.product import Ready
from tests.replication.cluster_client import Client
from tests.replication.cluster_node import CLOUD, Node
from tests.replication.cluster_relay import Relay
from tests.replication.cluster_roads import Roads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EAST: Final = "eastus"
WEST: Final = "westus"
NORTH: Final = "northeurope"
REGISTRY: Final = "myregistry"
LOGIN: Final = CLOUD.login(REGISTRY)
STEP: Final = 0.02


def account(region: str) -> str:
    """Name the storage account of a region's replica."""
    return f"sw{region}account"


def until(said: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until something is so; return how long it took."""
    began = time.monotonic()
    while not said():
        assert time.monotonic() - began < seconds, f"after {seconds} s: {what}"
        time.sleep(STEP)
    return time.monotonic() - began


class Cluster:
    """Some regions that replicate from each other, until the block ends.

    Attributes:
        folder: Where everything is.
        roads: The networks.
        nodes: The regions' nodes, by region.
    """

    def __init__(
        self,
        *regions: str,
        relays: Iterable[tuple[str, str]] = (),
        extra: dict[str, str] | None = None,
        states: dict[str, Path] | None = None,
    ) -> None:
        """Describe it.

        Args:
            regions: The regions; the first is home.
            relays: Between which regions, one that asks and one that is asked, there are relays.
            extra: More configuration of some regions, inside the table ``replication``.
            states: Where the state of some regions is.
        """
        self._regions = regions
        self._extra = extra or {}
        self._states = states or {}
        self._stack = ExitStack()
        self._wanted = tuple(relays)
        self._relays: dict[tuple[str, str], Relay] = {}
        self.nodes: dict[str, Node] = {}

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="seawall-cluster-"))
            stack.callback(shutil.rmtree, self.folder)
            self.roads = stack.enter_context(Roads(self.folder))
            stack.callback(self._end)
            for region in self._regions:
                self.add(region)
            self.furnish()
            self.introduce(*self._regions)
            for asking, asked in self._wanted:
                self._between(asking, asked)
            self.start(*self._regions)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _end(self) -> None:
        for node in self.nodes.values():
            node.kill()

    def add(self, region: str, extra: str = "") -> Node:
        """Set a machine up; it is a stranger to the others."""
        more = self._extra.get(region, extra)
        node = Node(self.roads, self.folder / region, region, more, self._states.get(region))
        self.nodes[region] = node
        hosts = (CLOUD.node(region), CLOUD.regional(REGISTRY, region), CLOUD.data(REGISTRY, region))
        self.roads.name(dict.fromkeys((*hosts, CLOUD.blob(account(region))), node.address))
        if len(self.nodes) == 1:
            self.roads.name({LOGIN: node.address})
        self.trusted.write_bytes(b"".join(one.authority.certificate_file.read_bytes() for one in self.nodes.values()))
        return node

    @property
    def trusted(self) -> Path:
        """Whom clients trust: the authorities of all regions."""
        return self.folder / "trusted.crt"

    def introduce(self, *regions: str) -> None:
        """Let regions know each other, as whoever runs all of them may."""
        told = {region: self.nodes[region].describe() for region in regions}
        for region in regions:
            for other in regions:
                if other != region:
                    self.nodes[region].take(told[other])

    def start(self, *regions: str) -> None:
        """Start nodes, all at once."""
        for region in regions:
            self.nodes[region].start()
        for region in regions:
            self.nodes[region].wait()

    def change(self, region: str, change: Callable[[Registry], Registry]) -> None:
        """Change the registry, in a region."""
        with self.nodes[region].database() as database, database.writing() as writer:
            registries.put(writer, change(registries.the(writer.connection, REGISTRY)))

    def replicate(self, region: str, *, told: str | None = None) -> None:
        """Let the registry have a replica in a region."""

        def change(registry: Registry) -> Registry:
            replicas = {one.region: one for one in registry.replicas} | {region: Replica(region, account(region))}
            return replace(registry, replicas=tuple(replicas[one] for one in sorted(replicas)))

        self.change(told or self._regions[0], change)

    def client(self, repository: str, region: str = "", *, keeps: bool = True, inside: bool = False) -> Client:
        """Make a client that uses a region's login server, or without one the registry's, wherever that leads.

        Args:
            repository: The repository.
            region: The region.
            keeps: Whether it keeps connections.
            inside: Whether it is on the machine of the region's node, instead of on the clients' network.
        """
        host = CLOUD.regional(REGISTRY, region) if region else LOGIN
        net = self.nodes[region].net if inside else self.roads.clients
        return Client(self.ready(host), repository, net, self.roads.find, keeps=keeps)

    def ready(self, host: str) -> Ready:
        """Describe the registry to clients."""
        told: dict[str, Any] = dict.fromkeys(("data_endpoint", "blob_endpoint", "operations"), "")
        return Ready(
            registry=REGISTRY,
            login_server=host,
            username=REGISTRY,
            password_file=str(self.folder / "password"),
            ca_file=str(self.trusted),
            cert_dir=str(self.folder),
            **told,
        )

    def lead(self, region: str) -> None:
        """Let the registry's name lead to a region."""
        self.roads.name({LOGIN: self.nodes[region].address})

    def relay(self, asking: str, asked: str) -> Relay:
        """Return the relay between a region that asks and one that is asked."""
        return self._relays[asking, asked]

    @property
    def relays(self) -> list[Relay]:
        """Every relay there is."""
        return list(self._relays.values())

    def _between(self, asking: str, asked: str) -> None:
        # Before nodes run: connections that there are would go on without it.
        address = self.roads.relay_address(asking, asked)
        self._relays[asking, asked] = Relay(self.roads.loop, address, self.nodes[asked].address)
        self.roads.lead(asking, CLOUD.node(asked), address)

    def differences(self, *regions: str) -> list[str]:
        """Say in what regions differ, and which blobs they have not; nothing if they are alike and whole."""
        names = regions or tuple(self.nodes)
        known = {region: self.nodes[region].content() for region in names}
        first = known[names[0]]
        found = []
        for region in names[1:]:
            for table, rows in known[region].items():
                if rows != first[table]:
                    found.append(f"{table}: {names[0]} {first[table] - rows} {region} {rows - first[table]}"[:2000])
        found += [f"{region} lacks {lacks}"[:500] for region in names if (lacks := self.nodes[region].lacks())]
        return found

    def converge(self, *regions: str, seconds: float = 40.0) -> float:
        """Wait until regions are alike and whole; return how long it took."""
        began = time.monotonic()
        while left := self.differences(*regions):
            assert time.monotonic() - began < seconds, f"not alike after {seconds} s: {left}"
            time.sleep(STEP)
        return time.monotonic() - began

    def furnish(self) -> None:
        """Make the registry, and let all regions know of it, before they run."""
        home = self.nodes[self._regions[0]]
        with home.database() as database:
            database.write_now(_create, self.folder / "password", self._regions)
            told = database.read_now(log.settings)
        for region in self._regions[1:]:
            self.nodes[region].take(told)


def _create(writer: Any, password: Path, regions: Iterable[str]) -> None:  # noqa: ANN401
    home, *_ = regions
    made, secret = create(writer, blank(REGISTRY, home))
    password.write_text(secret)
    replicas = tuple(Replica(region, account(region)) for region in sorted(regions))
    registries.put(writer, replace(made, replicas=replicas, data_endpoints=True))
