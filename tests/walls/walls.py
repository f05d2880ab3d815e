"""The wall: whatever stands between the client and the world, told what to let through by the product."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Self

from tests.walls import filters, nsg
from tests.walls.boxes import dante, dnsmasq, haproxy, squid, squid_in_the_way
from tests.walls.dante import translate
from tests.walls.loops import InsideLoop
from tests.walls.middlebox import Middlebox
from tests.walls.places import EVERYTHING, PROXY_ADDRESS, PROXY_PORT, SOCKS_PORT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.walls.authority import Authority
    from tests.walls.names import Names
    from tests.walls.networks import Networks

How = Literal["reject", "drop"]
TLS_DOOR: Final = 3130
PLAIN_DOOR: Final = 3129
LOGS: Final = ("proxy.log", "socks.log", "splice.log", "sni.log")


class Refusal(NamedTuple):
    """A connection that did not get through."""

    address: str
    port: int


class Wall:
    """What the wall does; each way of setting it takes the place of the one before.

    The options of every rule set are those of `seawall rules`, behind the registry's name.

    Attributes:
        text: The rules as the product wrote them last.
    """

    def __init__(
        self, nets: Networks, folder: Path, names: Names, write: Callable[..., str], authority: Authority
    ) -> None:
        """Take what it is made of.

        Args:
            nets: Where it stands.
            folder: Where its files and logs are; other users may read it.
            names: The name server, for what it must know about names.
            write: Runs `seawall rules` for the registry with further arguments.
            authority: The one it opens TLS with; no client trusts it by itself.
        """
        self._nets = nets
        self._folder = folder
        self._names = names
        self._write = write
        self._boxes = ExitStack()
        self._resolver = ExitStack()
        self._loop = InsideLoop(nets.wall)
        self._middlebox = Middlebox(authority)
        self._certificate = folder / "wall.pem"
        chain, key = authority.issue(["wall.test"])
        self._certificate.write_text(key.read_text() + chain.read_text())
        self._feeding: str | None = None
        self.text = ""

    def __enter__(self) -> Self:
        self._loop.__enter__()
        self._middlebox.start(self._loop)
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._boxes.close()
        self._resolver.close()
        self._loop.__exit__()

    def reset(self) -> None:
        """Be as in the beginning."""
        self.open()
        self.intercept()

    def open(self) -> None:
        """Let everything through."""
        self._set("")

    def close(self, how: How = "reject") -> None:
        """Let nothing through but questions to the wall's own name server."""
        self._set(filters.default_deny(how))

    def addresses(self, *options: str, how: How = "reject", tags: Path | None = None) -> None:
        """Let the addresses of the registry's ranges through: `--to nftables`, by IP."""
        self.include(self._write("--by", "ip", "--to", "nftables:include", *(options or EVERYTHING), tags=tags), how)

    def include(self, text: str, how: How = "reject") -> None:
        """Let through what rules of the format `nftables:include` allow, whoever had the product write them."""
        self.text = text
        self._set(filters.default_deny(how, allow="jump seawall_allow", sets=text))

    def kept(self, text: str, *, how: How = "reject") -> None:
        """Let the ranges of a file through that `seawall upkeep` or `seawall rules` wrote for nftables."""
        self.text = text
        self._set(filters.default_deny(how, allow="jump seawall_allow", sets=text))

    def names_only(self, *options: str, also: tuple[str, ...] = (), how: How = "reject") -> None:
        """Let the addresses through that dnsmasq gives the client for the names of the rules: `--to dnsmasq`.

        Args:
            options: Of the rules.
            also: Of further rules, as when both kinds of endpoints are to be open during a switch.
            how: What becomes of the rest.
        """
        table = self._write("--to", "dnsmasq:nft", *(options or EVERYTHING))
        every = (options or EVERYTHING, also) if also else (options or EVERYTHING,)
        self.text = "".join(self._write("--to", "dnsmasq", *one) for one in every)
        ports = _only(re.findall(r"^\t\ttcp dport (\{ [\d, ]+ \}) jump wall$", table, re.MULTILINE))
        if how == "drop":
            assert table.count("reject with tcp reset") == 1
            table = table.replace("reject with tcp reset", "drop")
        # The product's table decides on its ports; what else there is, is refused behind it.
        self._set(table + filters.default_deny(how, allow=f"tcp dport {ports} accept", priority=10), self.text)

    def proxy(self, *options: str, login: tuple[str, str] | None = None, how: How = "drop") -> None:
        """Let the client reach a proxy only, which lets the names of the rules through: `--to squid`."""
        self.text = self._write("--to", "squid:include", *(options or EVERYTHING))
        self._set(filters.default_deny(how, allow=f"ip daddr {PROXY_ADDRESS} tcp dport {PROXY_PORT} accept"))
        self._boxes.enter_context(squid(self._nets.proxy, self._folder, self.text, login))

    def socks(self, *options: str, login: tuple[str, str] | None = None, how: How = "drop") -> None:
        """Let the client reach a SOCKS proxy only, which lets the names of the rules through, as `--to json` has them.

        It keeps the addresses of names for an hour, so it is to be set anew after names change.
        """
        self.text = self._write("--to", "json", *(options or EVERYTHING))
        self._set(filters.default_deny(how, allow=f"ip daddr {PROXY_ADDRESS} tcp dport {SOCKS_PORT} accept"))
        self._boxes.enter_context(dante(self._nets.proxy, self._folder, translate(self.text), login))

    def splice(self, *options: str) -> None:
        """Put squid in the way, which goes by the name in the TLS hello: `--to squid-splice`."""
        self.text = self._write("--to", "squid-splice", *(options or EVERYTHING))
        lead = filters.redirect({443: TLS_DOOR, 80: PLAIN_DOOR})
        self._set(lead + filters.default_deny("reject"))
        self._boxes.enter_context(squid_in_the_way(self._nets.wall, self._folder, self.text, self._certificate))

    def sni(self, *options: str) -> None:
        """Put HAProxy in the way, which goes by the name in the TLS hello: `--to haproxy`. It has no IPv6."""
        self.text = self._write("--to", "haproxy", *(options or EVERYTHING))
        self._set(filters.redirect({443: 443}, "ip") + filters.default_deny("reject"))
        self._boxes.enter_context(haproxy(self._nets.wall, self._folder, self.text))

    def nsg(self, *options: str, by: Literal["ip", "tag"] = "ip", tags: Path | None = None) -> None:
        """Do as a network security group does: `--to nsg`, which drops."""
        self.text = self._write("--by", by, "--to", "nsg", *(options or EVERYTHING), tags=tags)
        self._set(nsg.translate(self.text))

    def intercept(self, *hosts: str) -> None:
        """Open TLS to these hosts, and to no others, with a certificate of another authority; none to stop.

        Behind a proxy too: what the proxy sends to these hosts is opened on its way out.
        """
        addresses = [one for host in hosts for one in self._names.addresses(host)]
        self._load(filters.interception(addresses, self._middlebox.port))

    def refused(self) -> set[Refusal]:
        """Say which connections were turned away or dropped since the wall was set, by its own packet filter."""
        found = filters.logged(self._nets.wall, "tried") - filters.logged(self._nets.wall, "passed")
        return {Refusal(*one) for one in found}

    def log(self) -> list[str]:
        """Return everything that the wall wrote down: its packet filter with names, its proxies in their own words."""
        known = self._names.known()
        lines = [
            f"refused: {address} port {port} ({', '.join(host for host in known if address in known[host])})"
            for address, port in sorted(self.refused())
        ]
        for name in LOGS:
            file = self._folder / name
            lines += file.read_text(errors="replace").splitlines() if file.exists() else []
        return lines

    def _set(self, rules: str, feeding: str = "") -> None:
        self._boxes.close()
        for name in LOGS:
            (self._folder / name).unlink(missing_ok=True)
        self._load(f"{filters.EMPTY}{filters.LOG}{rules}")
        # Clients that ask just then would see a name server that is not there.
        if feeding != self._feeding:
            self._resolver.close()
            self._resolver.enter_context(dnsmasq(self._nets.wall, self._folder, feeding))
            self._feeding = feeding

    def _load(self, text: str) -> None:
        self._nets.wall.run("nft", "-f", "-", stdin=text)


def _only(found: list[str]) -> str:
    assert found, "the rules name no port"
    assert len(set(found)) == 1, found
    return found[0]
