"""Sets of addresses, as intervals of integers. Pure.

A service has thousands of ranges, and what matters of them is which addresses they hold, not how somebody cut them up:
the same space is published as one prefix in one list and as four in another. So a set is kept as the sorted, disjoint,
unconnected intervals it comes down to, which are unique, and two sets are equal when they hold the same addresses.

Intervals are half-open, ``start <= address < stop``, and lie one behind another in one flat tuple ``(start, stop,
start, stop, ...)``: an address is inside when an odd number of bounds is not above it, which is one binary search.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from operator import add, mod

# Nothing is sent or received: these four are the C library's own reader and writer of addresses.
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "V4",
    "V6",
    "AddressSet",
    "PrefixError",
    "Span",
    "Spans",
    "parse_prefix",
    "parse_prefixes",
    "write_address",
]

V4: Final = 32
V6: Final = 128
"""A family is told by the number of bits in its addresses."""

Span: TypeAlias = tuple[int, int, int]
"""Family, start, stop."""

Pair: TypeAlias = tuple[int, int]
"""Start, stop."""

_LENGTHS: Final = {family: {str(length): 1 << (family - length) for length in range(family + 1)} for family in (V4, V6)}
"""How many addresses a prefix has, by its length as it is written; no other spelling of a number is one."""

_MARK: Final = "\n"
_MARKED_LENGTHS: Final = {
    family: {f"{length}{_MARK}": size for length, size in lengths.items()} for family, lengths in _LENGTHS.items()
}


Bounds: TypeAlias = tuple[list[int], list[int]]
"""Starts, and the stop of each."""


class Bulk(NamedTuple):
    """Many ranges of both families, each family's in the order they came."""

    v4: Bounds
    v6: Bounds


class PrefixError(ValueError):
    """A text is no address range. The message says which, and what would be right."""


def parse_prefix(text: str) -> Span:
    """Read ``13.66.140.72/29``, ``2603:1030::/48`` or a single address.

    Raises:
        PrefixError: It is none, or has bits set behind its length (``10.0.0.1/8``), which usually means that one of the
            two is a mistake.
    """
    address, slash, length = text.partition("/")
    try:
        if ":" in address:
            family, size = V6, _LENGTHS[V6][length] if slash else 1
            start = int.from_bytes(inet_pton(AF_INET6, address))
        else:
            family, size = V4, _LENGTHS[V4][length] if slash else 1
            start = int.from_bytes(inet_pton(AF_INET, address))
    except (OSError, KeyError, ValueError):
        raise PrefixError(f"{text[:60]!r} is not an address range; write 192.0.2.0/24 or 2001:db8::/32") from None
    if start & (size - 1):
        right = write_address(family, start & -size)
        raise PrefixError(f"{text!r} has address bits behind its length; the range it lies in is {right}/{length}")
    return family, start, start + size


def parse_prefixes(prefixes: Iterable[str]) -> Bulk:
    """Read many ranges as :func:`parse_prefix` does, in a fraction of the time: the loops are the interpreter's own.

    Raises:
        PrefixError: For the first that is none.
    """
    every = list(prefixes)
    v6 = [prefix for prefix in every if ":" in prefix]
    v4 = [prefix for prefix in every if ":" not in prefix] if v6 else every
    try:
        return Bulk(_parse_family(V4, AF_INET, v4), _parse_family(V6, AF_INET6, v6))
    except (OSError, KeyError, ValueError):
        # Once more and slowly, to find out which one it is; or all is well, and one of them is a single address.
        spans = [parse_prefix(prefix) for prefix in every]
    return Bulk(_bounds(spans, V4), _bounds(spans, V6))


def _bounds(spans: list[Span], family: int) -> Bounds:
    return [one[1] for one in spans if one[0] == family], [one[2] for one in spans if one[0] == family]


def _parse_family(family: int, kind: int, prefixes: list[str]) -> Bounds:
    # The mark behind each length is what keeps half of one text from making a range with half of the next.
    parts = (f"{_MARK}/".join(prefixes) + _MARK).split("/") if prefixes else []
    sizes = list(map(_MARKED_LENGTHS[family].__getitem__, parts[1::2]))
    starts = list(map(int.from_bytes, map(inet_pton, repeat(kind), parts[::2])))
    if any(map(mod, starts, sizes)):
        raise ValueError("one of these has address bits behind its length")
    return starts, list(map(add, starts, sizes))


def write_address(family: int, address: int) -> str:
    """Write an address the canonical way (RFC 5952 for IPv6)."""
    if family == V4:
        return f"{address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}"
    return inet_ntop(AF_INET6, address.to_bytes(16))


@dataclass(frozen=True, slots=True)
class Spans:
    """Addresses of one family.

    Attributes:
        family: :data:`V4` or :data:`V6`.
        bounds: Start and stop of each interval, strictly rising all along.
    """

    family: int
    bounds: tuple[int, ...] = ()

    @classmethod
    def of(cls, family: int, pairs: Iterable[Pair]) -> Spans:
        """Make the set of all addresses in some intervals ``(start, stop)``, which may overlap, in any order."""
        bounds: list[int] = []
        last = -1
        for start, stop in sorted(pairs):
            if start > last:
                bounds += (start, stop)
                last = stop
            elif stop > last:
                bounds[-1] = last = stop
        return cls(family, tuple(bounds))

    def __contains__(self, address: int) -> bool:
        """Say whether an address is inside."""
        return bisect_right(self.bounds, address) & 1 == 1

    def __bool__(self) -> bool:
        """Say whether there is any address."""
        return bool(self.bounds)

    def __len__(self) -> int:
        """Count the intervals."""
        return len(self.bounds) // 2

    @property
    def size(self) -> int:
        """How many addresses there are."""
        return sum(self.bounds[1::2]) - sum(self.bounds[::2])

    def pairs(self) -> Iterator[Pair]:
        """Yield the intervals in order."""
        return zip(self.bounds[::2], self.bounds[1::2], strict=True)

    def __or__(self, other: Spans) -> Spans:
        """Addresses in either."""
        return Spans.of(self.family, (*self.pairs(), *other.pairs()))

    def __sub__(self, other: Spans) -> Spans:
        """Addresses in the first and not in the second."""
        return self & other.complement() if other else self

    def __and__(self, other: Spans) -> Spans:
        """Addresses in both."""
        mine, theirs = self.bounds, other.bounds
        bounds: list[int] = []
        here = there = 0
        while here < len(mine) and there < len(theirs):
            start, stop = max(mine[here], theirs[there]), min(mine[here + 1], theirs[there + 1])
            if start < stop:
                bounds += (start, stop)
            if mine[here + 1] < theirs[there + 1]:
                here += 2
            else:
                there += 2
        return Spans(self.family, tuple(bounds))

    def complement(self) -> Spans:
        """All other addresses of the family."""
        bounds = self.bounds
        end = 1 << self.family
        opened = bounds[1:] if bounds and bounds[0] == 0 else (0, *bounds)
        return Spans(self.family, opened[:-1] if opened[-1] == end else (*opened, end))

    def cover(self) -> list[str]:
        """Write the fewest prefixes that hold these addresses and no other, in order."""
        family = self.family
        prefixes: list[str] = []
        for first, stop in self.pairs():
            start = first
            while start < stop:
                # The largest block that may begin here, and the largest that still fits.
                bits = min((start & -start or 1 << family).bit_length(), (stop - start).bit_length()) - 1
                prefixes.append(f"{write_address(family, start)}/{family - bits}")
                start += 1 << bits
        return prefixes


@dataclass(frozen=True)
class AddressSet:
    """Addresses of both families."""

    v4: Spans = Spans(V4)
    v6: Spans = Spans(V6)

    @classmethod
    def of(cls, prefixes: Iterable[str]) -> AddressSet:
        """Read prefixes and addresses of both families, in any order.

        Raises:
            PrefixError: One of them is none.
        """
        read = parse_prefixes(prefixes)
        return cls(Spans.of(V4, zip(*read.v4, strict=True)), Spans.of(V6, zip(*read.v6, strict=True)))

    @classmethod
    def union(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """Join any number of sets, in one go."""
        v4: list[Pair] = []
        v6: list[Pair] = []
        for one in sets:
            v4 += one.v4.pairs()
            v6 += one.v6.pairs()
        return cls(Spans.of(V4, v4), Spans.of(V6, v6))

    def family(self, bits: int) -> Spans:
        """Return the addresses of one family."""
        return self.v4 if bits == V4 else self.v6

    def __contains__(self, span: Span) -> bool:
        """Say whether all of a span is inside."""
        family, start, stop = span
        bounds = self.family(family).bounds
        at = bisect_right(bounds, start)
        return at & 1 == 1 and stop <= bounds[at]

    def __bool__(self) -> bool:
        """Say whether there is any address."""
        return bool(self.v4 or self.v6)

    def __or__(self, other: AddressSet) -> AddressSet:
        """Addresses in either."""
        return AddressSet.union((self, other))

    def __sub__(self, other: AddressSet) -> AddressSet:
        """Addresses in the first and not in the second."""
        return AddressSet(self.v4 - other.v4, self.v6 - other.v6)

    def __and__(self, other: AddressSet) -> AddressSet:
        """Addresses in both."""
        return AddressSet(self.v4 & other.v4, self.v6 & other.v6)

    def __le__(self, other: AddressSet) -> bool:
        """Say whether the other set holds all of this one."""
        return not self - other

    @cached_property
    def cidrs(self) -> tuple[str, ...]:
        """The fewest prefixes that hold these addresses and no other: IPv4 first, each family in order."""
        return (*self.v4.cover(), *self.v6.cover())


NOTHING: Final = AddressSet()
EVERYTHING: Final = AddressSet(Spans(V4, (0, 1 << V4)), Spans(V6, (0, 1 << V6)))
