"""The network namespaces of the laboratory, the cables and the routes."""

from __future__ import annotations

from contextlib import ExitStack
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Self

from tests.support.nets import Net, link
from tests.walls.places import EAST, RESOLVERS, WEST, WORLD

if TYPE_CHECKING:
    from collections.abc import Iterable

CABLES: Final = {"client": 10, "proxy": 11, "world": 12, EAST: 13, WEST: 14}
"""The number of the cable that leads to a place; its near end has the address 10.NUMBER.0.1."""
INSIDE: Final = ("client", "proxy")
ROUTERS: Final = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
)


class Networks:
    """All namespaces, joined; there is a way from everywhere to everywhere until the wall has rules."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._owned: dict[str, set[str]] = {}

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.client, self.proxy, self.wall, self.world, self.east, self.west = (
                stack.enter_context(Net()) for _ in range(6)
            )
            for router in (self.wall, self.world):
                router.run("sysctl", "-qw", *ROUTERS)
            for near, far, place in (
                (self.client, self.wall, "client"),
                (self.proxy, self.wall, "proxy"),
                (self.wall, self.world, "world"),
                (self.east, self.world, EAST),
                (self.west, self.world, WEST),
            ):
                link(near, far, CABLES[place])
            for place in INSIDE:
                # Nobody hides behind the wall's own address: the registry sees who asks.
                number, way = CABLES[place], CABLES["world"]
                self.world.run("ip", "route", "add", f"10.{number}.0.0/24", "via", f"10.{way}.0.1")
                self.world.run("ip", "-6", "route", "add", f"fd{number}::/64", "via", f"fd{way}::1")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def net(self, place: str) -> Net:
        """Return the namespace of a place that can have addresses."""
        return {EAST: self.east, WEST: self.west, WORLD: self.world}[place]

    def give(self, place: str, addresses: Iterable[str]) -> None:
        """Let a place have addresses, and nobody else any more, and let the world know the way."""
        wanted = set(addresses) - self._owned.setdefault(place, set())
        for other, owned in self._owned.items():
            if taken := owned & wanted:
                owned.difference_update(taken)
                self._batch(self.net(other), [f"address delete {_single(one)} dev lo" for one in taken])
        self._owned[place] |= wanted
        self._batch(
            self.net(place),
            [f"address add {_single(one)} dev lo{' nodad' if ':' in one else ''}" for one in wanted],
        )
        if place != WORLD:
            number = CABLES[place]
            self._batch(
                self.world,
                [
                    f"route replace {_single(one)} via {f'fd{number}::1' if ':' in one else f'10.{number}.0.1'}"
                    for one in wanted
                ],
            )

    def families(self, *versions: int) -> None:
        """Let the client have an address and a way out in these families, and none in others."""
        device = f"up{CABLES['client']}"
        for version, own in ((4, "10.10.0.1/24"), (6, "fd10::1/64")):
            ip = ("ip", f"-{version}")
            if version in versions:
                more = ("nodad",) if version == 6 else ()
                self.client.run(*ip, "address", "replace", own, "dev", device, *more)
                self.client.run(*ip, "route", "replace", "default", "via", RESOLVERS[version == 6])
            else:
                self.client.run(*ip, "address", "flush", "dev", device, "scope", "global")

    @staticmethod
    def _batch(net: Net, lines: list[str]) -> None:
        if lines:
            net.run("ip", "-batch", "-", stdin="\n".join(lines))


def _single(address: str) -> str:
    return f"{address}/{ip_address(address).max_prefixlen}"
