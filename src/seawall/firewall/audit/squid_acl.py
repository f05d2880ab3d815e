"""Squid's lists (``acl``): which requests one fits. Pure.

A request for HTTPS comes to a proxy as CONNECT, one for plain HTTP as GET; so the method is decided by the port here.

Source: squid.conf.documented, "acl".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from seawall.firewall.audit.contract import ALL_PORTS, AuditError, Pattern, complement, ports_of
from seawall.firewall.audit.ipsets import parse_range
from seawall.firewall.need import HTTP
from seawall.firewall.targets.contract import Wildcard
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet, PrefixError, Spans

__all__ = ["BUILT_IN", "CONNECT_PORTS", "Acl", "Terms"]

_PLAIN_PORTS: Final = ports_of([(HTTP, HTTP)])
CONNECT_PORTS: Final = ALL_PORTS - _PLAIN_PORTS
"""Where requests are tunnels."""

_NAMES: Final = frozenset(("dstdomain", "ssl::server_name"))
_NO_PORTS: Final = ports_of([])


@dataclass(frozen=True, slots=True)
class Acl:
    """A list: the one field that its kind is about is filled.

    Attributes:
        kind: Such as ``dstdomain``.
        names: Hosts.
        ports: Ports, or methods as ports.
        sources: Clients.
        known: Whether what it fits is known at all.
    """

    kind: str
    names: tuple[Pattern, ...] | None = None
    ports: Spans | None = None
    sources: AddressSet | None = None
    known: bool = True

    @classmethod
    def of(cls, kind: str, words: list[str], number: int) -> Acl:
        """Read the values of one line.

        Raises:
            AuditError: They are none of their kind.
        """
        values = [word for word in words if not word.startswith("-")]
        if any(value.startswith(('"', "parameters(")) for value in values):
            # They are in another file.
            return cls(kind, known=False)
        try:
            match kind:
                case _ if kind in _NAMES:
                    return cls(kind, names=tuple(_pattern(value) for value in values if not value.startswith("*.")))
                case "port":
                    return cls(kind, ports=ports_of(map(_pair, values)))
                case "method":
                    return cls(kind, ports=_method_ports(values))
                case "src":
                    return cls(kind, sources=AddressSet.union(map(_sources, values)))
                case "transaction_initiator" if "client" not in values:
                    # What squid asks for by itself is no client's request.
                    return cls(kind, ports=_NO_PORTS)
                case _:
                    return cls(kind, known=False)
        except ValueError as error:
            raise AuditError(f"line {number}: {error}") from None

    def __or__(self, other: Acl) -> Acl:
        """Add another line to the list."""
        if not (self.known and other.known):
            return replace(self, known=False)
        return Acl(
            self.kind,
            None if self.names is None else (*self.names, *(other.names or ())),
            None if self.ports is None else self.ports | (other.ports or _NO_PORTS),
            None if self.sources is None else self.sources | (other.sources or NOTHING),
        )


BUILT_IN: Final = {
    "all": Acl("src", sources=EVERYTHING),
    "localhost": Acl("src", sources=AddressSet.of(("127.0.0.0/8", "::1"))),
    "CONNECT": Acl("method", ports=CONNECT_PORTS),
    # Nothing of what is asked about is for the proxy itself, or its machine.
    "to_localhost": Acl("dst", ports=_NO_PORTS),
    "to_linklocal": Acl("dst", ports=_NO_PORTS),
    "manager": Acl("url_regex", ports=_NO_PORTS),
}
"""The lists that squid has without being told."""


@dataclass(frozen=True, slots=True)
class Terms:
    """All lists of one rule together.

    Attributes:
        names: Hosts it is for; ``None`` for all.
        ports: Ports.
        sources: Clients.
        conditions: What cannot be known.
        beside: Hosts that it is not for.
    """

    names: tuple[Pattern, ...] | None = None
    ports: Spans = ALL_PORTS
    sources: AddressSet = EVERYTHING
    conditions: tuple[str, ...] = ()
    beside: tuple[tuple[Pattern, ...], ...] = ()

    def with_acl(self, name: str, acl: Acl, *, turned: bool) -> Terms:
        """Return the terms with one more list that must fit, or must not."""
        if acl.known and acl.names is not None and turned:
            return replace(self, beside=(*self.beside, acl.names))
        if acl.known and acl.names is not None and self.names is None:
            return replace(self, names=acl.names)
        if acl.known and acl.ports is not None:
            return replace(self, ports=self.ports & (acl.ports.complement() if turned else acl.ports))
        if acl.known and acl.sources is not None:
            sources = complement(acl.sources) if turned else acl.sources
            return replace(self, sources=self.sources & sources)
        return replace(self, conditions=(*self.conditions, f"{'!' if turned else ''}{name} ({acl.kind})"))


def _pattern(text: str) -> Pattern:
    host = text.lower()
    return Pattern(host[1:], Wildcard.SUBTREE) if host.startswith(".") else Pattern(host)


def _method_ports(methods: list[str]) -> Spans:
    plain = _PLAIN_PORTS if {"GET", "HEAD"} & {method.upper() for method in methods} else _NO_PORTS
    return plain | CONNECT_PORTS if "CONNECT" in map(str.upper, methods) else plain


def _pair(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise ValueError(f"{text!r} is no port") from None


def _sources(text: str) -> AddressSet:
    """Read an address, a prefix, a range, or an address and a mask."""
    if text == "all":
        return EVERYTHING
    address, slash, mask = text.partition("/")
    if slash and "." in mask:
        bits = "".join(f"{int(part):08b}" for part in mask.split("."))
        if "01" in bits:
            raise PrefixError(f"{text!r} has a mask with holes")
        return parse_range(f"{address}/{bits.count('1')}")
    return parse_range(text)
