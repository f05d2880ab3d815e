"""The networks of a cluster: a namespace for each region and one for clients, all joined in a hub.

::

    eastus 10.20.0.1 --- 10.20.0.2 +-----+ 10.10.0.2 --- 10.10.0.1 clients
    westus 10.21.0.1 --- 10.21.0.2 | hub | 10.90.0.N     relays that stand between two regions
    ...                            +-----+

Whoever is cut off from somebody drops what comes from there, on both sides, without a word: as in a network that fails.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import combinations
from typing import TYPE_CHECKING, Final, Self

from tests.support.nets import Net, link, needs
from tests.walls.loops import InsideLoop

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CLIENTS: Final = 10
FIRST: Final = 20
RECEIVED: Final = "4096 131072 1000000"
needs_roads: Final = needs("nft", "mount")
HOSTED: Final = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"')
"""Run with another file of hosts, which nobody else gets to see."""
RULES: Final = """\
table inet cut
delete table inet cut
table inet cut {{
	set gone {{ type ipv4_addr; {elements}}}
	chain incoming {{
		type filter hook input priority 0;
		ip saddr @gone drop
	}}
}}
"""
UNREACHABLE: Final = """\
table inet unreachable {
	chain incoming {
		type filter hook input priority 1; policy drop;
		iif lo accept
		ct state established,related accept
	}
}
"""


def why_not() -> str:
    """Say why there can be no cluster here; nothing when there can."""
    fits = needs_roads.name == "skipif" and not needs_roads.args[0]
    return "" if fits else str(needs_roads.kwargs["reason"])


class Roads:
    """The namespaces, and who is cut off from whom.

    Attributes:
        hub: Where all cables end.
        clients: Where clients are.
        loop: Runs relays, in the hub.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._nets: dict[str, Net] = {}
        self._relays: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._led: dict[str, dict[str, str]] = {}
        self._cuts: set[frozenset[str]] = set()

    def __enter__(self) -> Self:
        with self._stack as stack:
            self.hub = stack.enter_context(Net())
            self.hub.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            self.clients = stack.enter_context(Net())
            link(self.clients, self.hub, CLIENTS)
            self.loop = stack.enter_context(InsideLoop(self.hub))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, region: str) -> Net:
        """Give a region a namespace."""
        net = self._stack.enter_context(Net())
        link(net, self.hub, FIRST + len(self._nets))
        # What waits in the kernel is lost when its reader is killed, and tests count what is sent again.
        net.run("sysctl", "-qw", f"net.ipv4.tcp_rmem={RECEIVED}")
        self._nets[region] = net
        self._led[region] = {}
        self._write()
        return net

    def address(self, region: str) -> str:
        """Where a region's node is."""
        return f"10.{FIRST + list(self._nets).index(region)}.0.1"

    def hosts(self, region: str) -> Path:
        """The file of hosts that a region's node goes by."""
        return self._folder / f"{region}.hosts"

    def name(self, names: dict[str, str]) -> None:
        """Let names lead to addresses, for everybody."""
        self._names |= names
        self._write()

    @property
    def names(self) -> dict[str, str]:
        """Every name there is, and where it leads."""
        return dict(self._names)

    def find(self, host: str) -> str:
        """Return where a name leads."""
        return self._names[host]

    def lead(self, region: str, host: str, address: str) -> None:
        """Let a name lead elsewhere for one region's node; to where it leads everybody if that is empty."""
        self._led[region][host] = address
        if not address:
            del self._led[region][host]
        self._write()

    def relay_address(self, asking: str, asked: str) -> str:
        """Return the address of whatever stands between a region that asks and one that is asked."""
        if (asking, asked) not in self._relays:
            address = f"10.90.0.{len(self._relays) + 1}"
            self.hub.owns(f"{address}/32")
            self._relays[asking, asked] = address
        return self._relays[asking, asked]

    def cut(self, *pairs: tuple[str, str]) -> None:
        """Let nothing come through between the regions of each pair, beside what was cut already."""
        self._cuts |= {frozenset(pair) for pair in pairs}
        self._load()

    def isolate(self, *regions: str) -> None:
        """Cut some regions off from all others."""
        self.cut(*((one, other) for one in regions for other in self._nets if one != other))

    def split(self, *groups: Iterable[str]) -> None:
        """Cut groups of regions off from each other."""
        for one, other in combinations([tuple(group) for group in groups], 2):
            self.cut(*((near, far) for near in one for far in other))

    def heal(self) -> None:
        """Cut nothing off any more."""
        self._cuts = set()
        self._load()

    @property
    def whole(self) -> bool:
        """Whether nothing is cut off."""
        return not self._cuts

    def close_in(self, region: str) -> None:
        """Let nobody begin a conversation with a region's machine; it may begin them."""
        self._nets[region].run("nft", "-f", "-", stdin=UNREACHABLE)

    def _load(self) -> None:
        for region, net in self._nets.items():
            gone = {other for pair in self._cuts if region in pair for other in pair - {region}}
            addresses = {self.address(other) for other in gone}
            addresses |= {
                address
                for (asking, asked), address in self._relays.items()
                if (asking == region and asked in gone) or (asked == region and asking in gone)
            }
            elements = f"elements = {{ {', '.join(sorted(addresses))} }}; " if addresses else ""
            net.run("nft", "-f", "-", stdin=RULES.format(elements=elements))

    def _write(self) -> None:
        for region, led in self._led.items():
            lines = {"localhost": "127.0.0.1"} | self._names | led
            text = "".join(f"{address} {host}\n" for host, address in lines.items())
            # Not replaced by another file: what is bound in a node's place is this one.
            self.hosts(region).write_text(text)
