"""nftables' comparisons: which new TCP connections fit one. Pure.

Only connections that clients begin matter here, so what compares the state of a connection, or the protocol, is
decided; what compares anything else that a rule set cannot know stays as a condition.

Source: libnftables-json(5), nft(8).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.audit.chains import Fit
from seawall.firewall.audit.contract import ALL_PORTS, complement, ports_of
from seawall.firewall.audit.nft_words import match_words, value_words
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, V4, V6, AddressSet, PrefixError, Spans, parse_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["FAMILIES", "Sets", "fits_of"]

FAMILIES: Final = {"ip": AddressSet(EVERYTHING.v4), "ip6": AddressSet(v6=EVERYTHING.v6), "inet": EVERYTHING}
"""What comes to the chains of each family of tables."""

_LAST_PORT: Final = 65535
_PORTS: Final = {"http": 80, "https": 443}
_TCP: Final = frozenset(("tcp", 6))
_OTHER_PROTOCOLS: Final = frozenset(("udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "arp"))
_LOCAL: Final = frozenset(("local", "broadcast", "multicast", "anycast", "blackhole", "unreachable", "prohibit"))


@dataclass(frozen=True, slots=True)
class Sets:
    """The named sets and maps of one table, by name."""

    elements: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def expand(self, value: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """List the elements that a value stands for; ``None`` when it names a set that is not there."""
        if isinstance(value, str) and value.startswith("@"):
            found = self.elements.get(value[1:])
            return None if found is None else [_bare(one) for one in found]
        if isinstance(value, dict) and isinstance(value.get("set"), list):
            return [_bare(one) for one in value["set"]]
        return [_bare(one) for one in value] if isinstance(value, list) else [value]


def fits_of(match: dict[str, Any], sets: Sets) -> list[Fit]:
    """Say which connections a comparison is true for: any of some, none when it never is.

    What is not understood fits all, on a condition.
    """
    left, op = match.get("left"), str(match.get("op", "=="))
    elements = sets.expand(match.get("right"))
    unknown = [Fit(conditions=(match_words(match),))]
    if elements is None or op not in {"==", "!=", "in", "<", ">", "<=", ">="}:
        return unknown
    if isinstance(left, dict) and isinstance(left.get("concat"), list):
        several = _concatenated(left["concat"], op, elements)
        return unknown if several is None else several
    found = _fit(left, op, elements)
    if found is None:
        return unknown
    return [found] if found.possible else []


def _concatenated(parts: list[Any], op: str, elements: list[Any]) -> list[Fit] | None:
    """Read a comparison of several fields at once: each element is a fit of its own."""
    fits = []
    for element in elements:
        values = element.get("concat") if isinstance(element, dict) else None
        if op == "!=" or not isinstance(values, list) or len(values) != len(parts):
            return None
        fit = Fit()
        for part, value in zip(parts, values, strict=True):
            words = f"{value_words(part)} {value_words(value)}"
            fit &= _fit(part, "==", [_bare(value)]) or Fit(conditions=(words,))
        fits.append(fit)
    return fits


def _fit(left: Any, op: str, elements: list[Any]) -> Fit | None:  # noqa: ANN401 - JSON
    match left:
        case {"payload": {"protocol": "ip" | "ip6" as protocol, "field": "daddr" | "saddr" as name}}:
            return _addresses(protocol, name, op, elements)
        case {"payload": {"protocol": "tcp" | "th", "field": "dport"}}:
            return _ports(op, elements)
        case {"payload": {"protocol": "ip" | "ip6" as protocol, "field": "protocol" | "nexthdr"}}:
            found = _among(_TCP, op, elements)
            return Fit(FAMILIES[protocol]) if found == Fit() else found
        case {"payload": {"protocol": str(protocol)}} if protocol in _OTHER_PROTOCOLS:
            return Fit(NOTHING)
        case _:
            return _fact(left, op, elements)


def _fact(left: Any, op: str, elements: list[Any]) -> Fit | None:  # noqa: ANN401 - JSON
    """Compare what is the same for every connection asked about."""
    match left:
        case {"payload": {"protocol": "tcp", "field": "flags"}} if op in {"==", "in"} and elements == ["syn"]:
            return Fit()
        case {"meta": {"key": "l4proto"}}:
            return _among(_TCP, op, elements)
        case {"meta": {"key": "nfproto" | "protocol"}}:
            return _family(op, elements)
        case {"meta": {"key": "oifname" | "oif" | "iifname" | "iif"}} if elements == ["lo"]:
            # Nothing of what is asked about goes through the machine's own loop.
            return _among(frozenset(("another",)), op, elements)
        case {"ct": {"key": "state"}}:
            return _among(frozenset(("new",)), op, elements)
        case {"fib": {"result": "type", "flags": ["daddr"]}} if _LOCAL.issuperset(map(str, elements)):
            return _among(frozenset(("unicast",)), op, elements)
        case _:
            return None


def _among(wanted: frozenset[Any], op: str, elements: list[Any]) -> Fit | None:
    """Compare what is known of every connection asked about: it is one of ``wanted``, which all mean the same."""
    if op not in {"==", "!=", "in"} or not all(isinstance(one, str | int) for one in elements):
        return None
    inside = not wanted.isdisjoint(elements)
    return Fit() if inside is (op != "!=") else Fit(NOTHING)


def _family(op: str, elements: list[Any]) -> Fit | None:
    names = {"ipv4": "ip", "ip": "ip", "ipv6": "ip6", "ip6": "ip6"}
    if op not in {"==", "!=", "in"} or not all(isinstance(one, str) for one in elements):
        return None
    found = AddressSet.union(FAMILIES[names[one]] for one in elements if one in names)
    return Fit(found if op != "!=" else complement(found))


def _addresses(protocol: str, name: str, op: str, elements: list[Any]) -> Fit | None:
    family = V4 if protocol == "ip" else V6
    try:
        spans = Spans.of(family, (_interval(one, family) for one in elements))
    except (PrefixError, ValueError, TypeError, KeyError):
        return None
    if op == "!=":
        spans = spans.complement()
    elif op not in {"==", "in"}:
        return None
    found = AddressSet(spans) if family == V4 else AddressSet(v6=spans)
    # A comparison of one family's addresses is false for packets of the other.
    return Fit(found) if name == "daddr" else Fit(addresses=FAMILIES[protocol], sources=found)


def _interval(element: Any, family: int) -> tuple[int, int]:  # noqa: ANN401 - JSON
    match element:
        case {"prefix": {"addr": str(address), "len": int(length)}}:
            found, start, stop = parse_prefix(f"{address}/{length}")
        case {"range": [str(low), str(high)]}:
            found, start, stop = *parse_prefix(low)[:2], parse_prefix(high)[2]
        case _:
            found, start, stop = parse_prefix(str(element))
    if found != family or start >= stop:
        raise ValueError(element)
    return start, stop


def _ports(op: str, elements: list[Any]) -> Fit | None:
    try:
        pairs = [_port_pair(one) for one in elements]
        if op in {"==", "in"}:
            return Fit(ports=ports_of(pairs))
        return Fit(ports=ports_of(pairs).complement() if op == "!=" else _side(op, pairs[0][0]))
    except (TypeError, ValueError, IndexError):
        return None


def _side(op: str, port: int) -> Spans:
    """Read a comparison of order."""
    below, above = ports_of([(0, port)]), ports_of([(port, _LAST_PORT)])
    return {"<": ALL_PORTS - above, "<=": below, ">": ALL_PORTS - below, ">=": above}[op]


def _port_pair(element: Any) -> tuple[int, int]:  # noqa: ANN401 - JSON
    if isinstance(element, dict):
        low, high = element.get("range", (None, None))
        return _port(low), _port(high)
    return _port(element), _port(element)


def _port(value: Any) -> int:  # noqa: ANN401 - JSON
    return _PORTS[value] if value in _PORTS else int(value)


def _bare(element: Any) -> Any:  # noqa: ANN401 - JSON
    """Take an element out of what says how long it stays."""
    if isinstance(element, dict) and isinstance(element.get("elem"), dict):
        return element["elem"].get("val")
    return element
