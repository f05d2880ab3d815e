"""Set algebra. The judges: the standard library, netaddr, and iprange where it is installed."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from functools import reduce
from operator import and_, or_, sub
from typing import TYPE_CHECKING

import netaddr
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seawall.servicetags.prefixes import EVERYTHING, NOTHING, V4, V6, AddressSet, Spans, parse_prefix
from tests.unit.servicetags.addresses import (
    Network,
    away_from_the_ends,
    collapsed,
    ip_set,
    many,
    networks,
    of_ip_set,
    read,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
HALVES = [ipaddress.ip_network(text) for text in ("0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")]


def made(ranges: list[Network]) -> AddressSet:
    found = AddressSet.of(written(ranges))
    check_form(found)
    return found


def check_form(found: AddressSet) -> None:
    """Bounds rise strictly and stay in the family: the form in which equal sets are equal values."""
    for bits, spans in ((V4, found.v4), (V6, found.v6)):
        assert spans.family == bits
        assert len(spans.bounds) % 2 == 0
        assert list(spans.bounds) == sorted(set(spans.bounds))
        assert all(0 <= bound <= 1 << bits for bound in spans.bounds)
        assert len(spans) == len(list(spans.pairs())) == len(spans.bounds) // 2


@given(many)
@example([])
@example(ALL)
@example(HALVES)
def test_the_fewest_prefixes(ranges: list[Network]) -> None:
    cidrs = made(ranges).cidrs
    assert read(cidrs) == collapsed(ranges) == of_ip_set(ip_set(ranges))
    # Written and read again it is the same set, and so is the set in any order, with everything twice.
    assert AddressSet.of(cidrs) == made(ranges) == made([*reversed(ranges), *ranges])


@given(many)
@example(ALL)
def test_sizes(ranges: list[Network]) -> None:
    found = made(ranges)
    pieces = collapsed(ranges)
    for family in (V4, V6):
        size = sum(one.num_addresses for one in pieces if one.max_prefixlen == family)
        assert found.family(family).size == size
    assert found.v4.size + found.v6.size == ip_set(ranges).size
    assert bool(found) is bool(ranges)


@given(many, many)
@example(ALL, HALVES)
@example([], ALL)
@example(HALVES[:1], HALVES[1:2])
def test_union_difference_and_intersection(first: list[Network], second: list[Network]) -> None:
    mine, theirs = made(first), made(second)
    judges = ip_set(first), ip_set(second)
    for operation in (or_, sub, and_):
        found = operation(mine, theirs)
        check_form(found)
        assert read(found.cidrs) == of_ip_set(operation(*judges)), operation
    assert (mine <= theirs) is judges[0].issubset(judges[1])
    assert (mine == theirs) is (judges[0] == judges[1])
    assert mine.v4 | theirs.v4 == (mine | theirs).v4


@given(st.lists(many, max_size=5))
def test_many_sets_are_joined_at_once(several: list[list[Network]]) -> None:
    found = AddressSet.union(made(ranges) for ranges in several)
    check_form(found)
    assert read(found.cidrs) == collapsed(one for ranges in several for one in ranges)
    assert found == reduce(or_, map(made, several), NOTHING)


@given(many)
@example([])
@example(ALL)
@example(HALVES[:1])
@example(HALVES[1:2])
@example([ipaddress.ip_network("0.0.0.0/32"), ipaddress.ip_network("255.255.255.255/32")])
def test_complement(ranges: list[Network]) -> None:
    found = made(ranges)
    rest = AddressSet(found.v4.complement(), found.v6.complement())
    check_form(rest)
    assert read(rest.cidrs) == of_ip_set(ip_set(ALL) - ip_set(ranges))
    assert rest == EVERYTHING - found
    assert found | rest == EVERYTHING
    assert not found & rest
    assert (rest.v4.complement(), rest.v6.complement()) == (found.v4, found.v6)


@given(many, networks)
@example(ALL, ALL[0])
@example(ALL, ALL[1])
@example([], ALL[0])
@example(HALVES, ALL[0])
@example(HALVES[:1], ALL[0])
def test_a_range_is_inside_only_as_a_whole(ranges: list[Network], asked: Network) -> None:
    found = made(ranges)
    same = [one for one in collapsed(ranges) if one.version == asked.version]
    inside = any(asked.subnet_of(one) for one in same)  # type: ignore[arg-type]
    assert (parse_prefix(str(asked)) in found) is inside
    assert (netaddr.IPNetwork(str(asked)) in ip_set(ranges)) is inside


@given(many, networks)
def test_an_address_is_inside_or_not(ranges: list[Network], near: Network) -> None:
    found = made(ranges)
    last = 1 << near.max_prefixlen
    edges = {int(one[at]) for one in (near, *ranges) if one.version == near.version for at in (0, -1)}
    for address in (one + step for one in edges for step in (-1, 0, 1) if 0 <= one + step < last):
        inside = any(
            one.version == near.version and int(one[0]) <= address <= int(one[-1]) for one in collapsed(ranges)
        )
        assert (address in found.family(near.max_prefixlen)) is inside
        assert ((near.max_prefixlen, address, address + 1) in found) is inside


@given(many, many, many)
def test_laws(first: list[Network], second: list[Network], third: list[Network]) -> None:
    a, b, c = made(first), made(second), made(third)
    assert a | b == b | a
    assert a & b == b & a
    assert (a | b) & c == (a & c) | (b & c)
    assert a - (b | c) == (a - b) - c
    assert (a - b) | (a & b) == a
    assert not a - a
    assert a & b <= a <= a | b


def test_nothing_and_everything() -> None:
    assert not NOTHING
    assert NOTHING.cidrs == ()
    assert EVERYTHING.cidrs == ("0.0.0.0/0", "::/0")
    assert (EVERYTHING.v4.size, EVERYTHING.v6.size) == (2**32, 2**128)
    assert NOTHING.v4.complement() == EVERYTHING.v4
    assert EVERYTHING.v6.complement() == Spans(V6)
    assert EVERYTHING - NOTHING == EVERYTHING
    assert EVERYTHING - EVERYTHING == NOTHING
    assert 0 not in NOTHING.v4


def test_families_do_not_mix() -> None:
    # The same numbers in the other family are other addresses.
    found = AddressSet.of(["0.0.0.0/0"])
    assert parse_prefix("::/128") not in found
    assert parse_prefix("::ffff:0:0/96") not in found
    assert not found & AddressSet.of(["::/0"])
    assert found.cidrs == ("0.0.0.0/0",)


# Debian's iprange knows no IPv6, and miscounts where ranges reach the last address of all.


def iprange(directory: Path, first: list[Network], *more: str | list[Network]) -> list[Network]:
    program = shutil.which("iprange")
    if program is None:
        pytest.skip("iprange is not installed")
    arguments = []
    for number, one in enumerate((first, *more)):
        if isinstance(one, str):
            arguments.append(one)
            continue
        file = directory / str(number)
        file.write_text("".join(f"{network}\n" for network in one))
        arguments.append(str(file))
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=30)
    return [ipaddress.ip_network(line) for line in done.stdout.split()]


@settings(max_examples=25)
@given(away_from_the_ends, away_from_the_ends)
def test_iprange_finds_the_same(
    tmp_path_factory: pytest.TempPathFactory, first: list[Network], second: list[Network]
) -> None:
    directory = tmp_path_factory.getbasetemp()
    mine, theirs = made(first), made(second)
    assert read((mine | theirs).cidrs) == iprange(directory, first, second)
    assert read((mine - theirs).cidrs) == iprange(directory, first, "--except", second)
    assert read((mine & theirs).cidrs) == iprange(directory, first, "--common", second)
