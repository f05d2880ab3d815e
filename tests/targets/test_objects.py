"""Names of objects are valid and never shared; text fits between quotes."""

from __future__ import annotations

import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from seawall.firewall.targets.objects import chunks, object_name, plain, single
from seawall.servicetags.prefixes import V4, V6, write_address

_LABEL = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(_LABEL, min_size=2, max_size=9).map(".".join)
V4_PREFIXES = st.builds(
    lambda at, length: f"{write_address(V4, at >> (32 - length) << (32 - length))}/{length}",
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
)
V6_PREFIXES = st.builds(
    lambda at, length: f"{write_address(V6, at >> (128 - length) << (128 - length))}/{length}",
    st.integers(0, 2**128 - 1),
    st.integers(1, 128),
)
THINGS = st.one_of(HOSTS, HOSTS.map("*.{}".format), V4_PREFIXES, V6_PREFIXES)


@given(st.lists(THINGS, unique=True, max_size=20), st.sampled_from([31, 63, 64, 79, 100]))
def test_names_are_valid_and_never_shared(things: list[str], limit: int) -> None:
    names = [object_name(one, limit) for one in things]
    assert len(set(names)) == len(things)
    assert all(re.fullmatch(r"seawall-[a-z0-9._-]+", name) and len(name) <= limit for name in names)


def test_hosts_that_differ_behind_the_cut_have_their_own_names() -> None:
    long = "r" * 60 + ".azurecr.io"
    names = {object_name(one, 63) for one in (long, f"{long}x", f"*.{long}", f"other.{long}")}
    assert len(names) == 4
    assert {len(name) for name in names} == {63}


def test_a_name_stays_the_same() -> None:
    assert object_name("myregistry.azurecr.io", 63) == "seawall-myregistry.azurecr.io"
    assert object_name("*.blob.core.windows.net", 63) == "seawall-_.blob.core.windows.net"
    assert object_name("2603:1030::/40", 63, "seawall6-") == "seawall6-2603-1030--_40"


@given(st.text(max_size=300), st.integers(10, 255))
def test_text_stays_between_its_quotes(text: str, limit: int) -> None:
    line = plain(text, limit)
    assert len(line) <= limit
    assert shlex.split(f'"{line}"') == [line]
    assert line.isascii()
    assert line.isprintable()
    assert not set(line) & set('"\\?`$')


def test_single_addresses() -> None:
    assert single("192.0.2.1/32") == "192.0.2.1"
    assert single("2001:db8::1/128") == "2001:db8::1"
    assert single("192.0.2.0/31") is None
    assert single("2001:db8::/32") is None


def test_chunks() -> None:
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(chunks([], 2)) == []
