"""The laboratory: networks with a wall between them, real names, real certificates, a real registry, real clients.

::

                       +--------------------------- wall -----------------------------+
    client             |  down10: default deny for the client    resolver (dnsmasq)   |          world
    10.10.0.1  --------|  10.10.0.2                              squid, HAProxy       |--------  name server
    fd10::1            |  fd10::2                                TLS middlebox        |  10.12   20.53.0.53
                       |  down11: the proxy's, which is let out          up12         |          sites of one's own
    proxy      --------|  10.11.0.2                                                   |             |
    10.11.0.1          +--------------------------------------------------------------+        10.13 | 10.14
    squid :3128, dante :1080                                                             +-----------+----------+
                                                                                       eastus               westus
                                                                           seawall serve                 seawall serve
                                                             myregistry.azurecr.io  20.1.0.1                  20.1.1.1
                                               myregistry.REGION.data.azurecr.io    20.1.0.2                  20.1.1.2
                                                   ACCOUNT.blob.core.windows.net    20.2.0.1                 20.2.16.1
                                         otherreg.azurecr.io, and a name that is alike          one database, one store

Both nodes have one registry with a replica in each region. Their addresses lie in the ranges that the weekly file of
the laboratory has for their regions, so rules by IP are right as they are.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from seawall.naming import PUBLIC
from seawall.server.certificates import wildcards
from tests.real.images import write_image
from tests.support.nets import needs
from tests.walls import azure, places
from tests.walls.authority import Authority
from tests.walls.clients import Client
from tests.walls.loops import InsideLoop
from tests.walls.names import Names
from tests.walls.networks import Networks
from tests.walls.nodes import Node
from tests.walls.product import write_rules, write_weekly
from tests.walls.relay import ask
from tests.walls.sites import Site
from tests.walls.walls import Wall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.walls.sites import Answer, Mood, Request

PROGRAMS: Final = ("nft", "dnsmasq", "squid", "danted", "haproxy", "openssl", "skopeo", "curl")
LAYERS: Final = (40_000, 100_000, 5 << 20)
needs_lab: Final = needs(*PROGRAMS)


def why_not() -> str:
    """Say why there can be no laboratory here; nothing when there can."""
    fits = needs_lab.name == "skipif" and not needs_lab.args[0]
    return "" if fits else str(needs_lab.kwargs["reason"])


class Lab:
    """Everything, until the block ends.

    Attributes:
        nets: The namespaces.
        names: The world's name server.
        wall: What is between the client and the world.
        client: The machine behind it.
        east: The node in eastus.
        west: The node in westus.
        tags: The weekly file.
        password: Of the registry's admin user, who is called like the registry.
        authority: The authority that clients trust.
    """

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="seawall-lab-"))
            stack.callback(shutil.rmtree, self.folder)
            # squid runs as somebody else.
            self.folder.chmod(0o755)
            self.tags = self.weekly({})
            self.authority = Authority(self.folder / "trusted", "Laboratory")
            self.strangers = Authority(self.folder / "inspecting", "Inspection")
            self.nets = stack.enter_context(Networks())
            for place, hosts in places.OWNERS.items():
                self.nets.give(place, [one for host in hosts for one in places.NAMES[host]])
            self.nets.give(places.EAST, places.PRIVATE)
            self.nets.give(places.WORLD, places.WORLD_DNS)
            self._world = stack.enter_context(InsideLoop(self.nets.world))
            self.names = Names(places.WORLD_DNS, {**places.NAMES, azure.MANAGEMENT: (azure.HERE,)})
            self.names.start(self._world)
            self._sites: list[Site] = []
            self._serve(stack)
            self.wall = stack.enter_context(Wall(self.nets, self.folder, self.names, self.rules, self.strangers))
            self.client = Client(
                self.nets.client, self.folder / "client", self.authority.pem, self.strangers.pem, self.password
            )
            self.resolver()
            self._azure(stack)
            self._push()
            self._dedicated = False
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_sites()
        self._stack.close()

    def reset(self) -> None:
        """Put everything back to how it was in the beginning."""
        self._end_sites()
        for place, hosts in places.OWNERS.items():
            self.nets.give(place, [one for host in hosts for one in places.NAMES[host]])
        self.names.reset()
        self.nets.families(4, 6)
        self.wall.reset()
        self.resolver()
        if self._dedicated:
            self.switch(on=False)

    def _end_sites(self) -> None:
        for site in self._sites:
            self._world.do(site.end())
        self._sites = []

    def home(self, region: str) -> None:
        """Lead the login server's name to a region."""
        self.names.lead(places.LOGIN, *places.HOMES[region])

    def switch(self, *, on: bool) -> None:
        """Switch dedicated data endpoints on or off, as an operator does."""
        self.update("--data-endpoints" if on else "--no-data-endpoints")
        self._dedicated = on

    def update(self, *switches: str) -> None:
        """Change the registry, by the product's own command."""
        self.east.run("registry", "update", places.REGISTRY, *switches)

    def give(self, place: str, *addresses: str) -> None:
        """Let eastus, westus or the world have further addresses."""
        self.nets.give(place, addresses)

    def move(self, place: str, places: Mapping[str, tuple[str, ...]]) -> None:
        """Lead hosts to other addresses, which a place gets; the old ones stay in service."""
        for host, addresses in places.items():
            self.nets.give(place, addresses)
            self.names.lead(host, *addresses)

    def families(self, *versions: int) -> None:
        """Let the client have IPv4 (4), IPv6 (6) or both; its name server is reached in the first that is given."""
        self.nets.families(*versions)
        self.resolver(places.RESOLVERS[versions[0] == 6])

    def dual_stack(self, *, on: bool) -> None:
        """Let the names that there are have IPv6 addresses beside the others, or not."""
        for host, addresses in self.names.known().items():
            both = dict.fromkeys((*addresses, *places.NAMES.get(host, ())))
            self.names.lead(host, *(one for one in both if on or ":" not in one))

    def resolver(self, *addresses: str) -> None:
        """Tell the client its name servers; the wall, unless others are given."""
        self.client.resolv.write_text("".join(f"nameserver {one}\n" for one in addresses or places.RESOLVERS[:1]))

    def weekly(self, changes: Mapping[str, tuple[str, ...]], change: int = 374) -> Path:
        """Write a weekly file whose ranges lead to the laboratory, but for some tags; return where it is."""
        return write_weekly(self.folder, changes, change)

    def rules(self, *options: str, tags: Path | None = None) -> str:
        """Run `seawall rules` for the registry; return what it printed."""
        return write_rules(*options, tags=tags or self.tags)

    def site(
        self,
        host: str,
        addresses: tuple[str, ...],
        answer: Callable[[Request], Answer],
        *,
        names: tuple[str, ...] = (),
        signed: str = "lab",
        expired: bool = False,
        mood: Mood = "answers",
        port: int = 443,
    ) -> Site:
        """Put another server into the world, and lead a name to it, until the next reset.

        Args:
            host: The name; it takes the place of whatever was there.
            addresses: Its addresses, nobody else's from now on.
            answer: Says what it answers.
            names: What its certificate is for, if not the host.
            signed: Who vouches for it: ``lab``, ``strangers``, ``itself``, or ``nobody``, which is plain HTTP.
            expired: Whether the certificate is over.
            mood: Whether it says anything at all.
            port: Its port.
        """
        certificate = None
        if signed != "nobody":
            authority = self.strangers if signed == "strangers" else self.authority
            certificate = authority.issue(names or (host,), expired=expired, alone=signed == "itself")
        made = Site(answer, certificate, mood)
        self.nets.give(places.WORLD, addresses)
        self._world.do(made.listen(addresses, port))
        self._sites.append(made)
        self.names.lead(host, *addresses)
        return made

    def relay(self, host: str, change: Callable[[Request, Answer], Answer]) -> Site:
        """Stand in for a host of the registry in the east, at its own addresses, until the next reset.

        Args:
            host: The host.
            change: Takes what was asked and what the true host answers; returns what the client gets.
        """
        trusted = self.authority.file

        def answer(request: Request) -> Answer:
            return change(request, ask(request, places.PRIVATE[0], trusted))

        every = tuple(one for one, found in places.NAMES.items() if found == places.NAMES[host])
        return self.site(host, places.NAMES[host], answer, names=every)

    def _serve(self, stack: ExitStack) -> None:
        every = {name for region in (places.EAST, places.WEST) for name in wildcards(PUBLIC, region)} - {
            PUBLIC.blob_wildcard
        }
        exact = [host for host in places.NAMES if host.endswith(PUBLIC.storage) or host == places.LOOK_ALIKE]
        certificate = self.authority.issue([*sorted(every), *exact])
        self.east = Node(self.nets.east, self.folder / places.EAST, places.EAST, certificate, None)
        self.west = Node(self.nets.west, self.folder / places.WEST, places.WEST, certificate, self.east)
        stack.enter_context(self.east).wait()
        stack.enter_context(self.west)
        self.password = self.east.furnish()
        self.west.wait()

    def _azure(self, stack: ExitStack) -> None:
        token = self.east.run("token", "sign-in", "--registry", places.REGISTRY).strip()
        azure.serve(stack.enter_context(InsideLoop(self.nets.client)), self.authority, token)

    def _push(self) -> None:
        tag = places.IMAGE.partition(":")[2]
        image = write_image(self.folder / "image", tag, LAYERS)
        done = self.client.run(
            "skopeo", "--insecure-policy", "copy", "--quiet", image.source, f"docker://{places.LOGIN}/{places.IMAGE}"
        )
        assert done.ok, done
