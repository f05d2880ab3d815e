"""Reading and writing ranges. The standard library is the judge."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.servicetags.prefixes import V4, V6, AddressSet, PrefixError, parse_prefix, write_address
from tests.unit.servicetags.addresses import Network, collapsed, networks, read

# Of what the standard library reads, these spellings alone are meant: a plain length and no zone.
PLAIN: Final = re.compile(r"[0-9.]+(/(0|[1-9][0-9]*))?|[0-9A-Fa-f:.]+(/(0|[1-9][0-9]*))?", re.ASCII)


def judged(text: str) -> Network | None:
    """Say what a text is, by the standard library; ``None`` for no range."""
    if not PLAIN.fullmatch(text):
        return None
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def check(text: str) -> None:
    expected = judged(text)
    if expected is None:
        with pytest.raises(PrefixError):
            parse_prefix(text)
        return
    start = int(expected.network_address)
    assert parse_prefix(text) == (expected.max_prefixlen, start, start + expected.num_addresses)


@given(networks)
def test_every_range_is_read(network: Network) -> None:
    start = int(network.network_address)
    span = (network.max_prefixlen, start, start + network.num_addresses)
    assert parse_prefix(str(network)) == span
    assert parse_prefix(network.exploded) == span
    assert parse_prefix(network.compressed.upper()) == span


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_alone_is_a_range_of_one(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert parse_prefix(str(address)) == (address.max_prefixlen, int(address), int(address) + 1)


@given(st.text(st.sampled_from("0123456789abcdefABCDEF:::....////%- \n\x00\N{ARABIC-INDIC DIGIT THREE}"), max_size=24))
def test_nonsense_is_read_as_the_standard_library_reads_it(text: str) -> None:
    check(text)


@given(networks, st.data())
def test_a_range_with_one_slip_is_read_as_the_standard_library_reads_it(network: Network, data: st.DataObject) -> None:
    text = str(network)
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 2))
    new = data.draw(st.text(st.sampled_from("0123456789af:./%"), max_size=2))
    check(text[:at] + new + text[at + gone :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0 /8",
        " 10.0.0.0/8",
        "10.0.0.0/8\n",
        "10.0.0.0\x00/8",
        "10.0.0/8",
        "10/8",
        "010.0.0.0/8",
        "0x0a.0.0.0/8",
        "167772160",
        "256.0.0.0/8",
        "1.2.3.4.5",
        "10.0.0.0-10.0.0.255",
        "10.0.0.0/\N{ARABIC-INDIC DIGIT EIGHT}",
        "2001:db8::/129",
        "2001:db8::/032",
        "2001:db8:::/32",
        "2001:db8::1::/48",
        "2001:0db80::/32",
        "1:2:3:4:5:6:7:8:9",
        "fe80::1%eth0",
        "[2001:db8::]/32",
        "::g/128",
        "mcr.microsoft.com",
        "\ud800",
        "9" * 5000,
        "10.0.0.0/" + "8" * 5000,
    ],
)
def test_what_is_no_range_is_refused_by_name(text: str) -> None:
    with pytest.raises(PrefixError) as caught:
        parse_prefix(text)
    assert repr(text[:60]) in str(caught.value)
    assert len(str(caught.value)) < 400


@given(networks, st.data())
def test_host_bits_are_refused_with_what_would_be_right(network: Network, data: st.DataObject) -> None:
    if network.num_addresses == 1:
        return
    host = network.network_address + data.draw(st.integers(1, network.num_addresses - 1))
    text = f"{host}/{network.prefixlen}"
    with pytest.raises(PrefixError, match=re.escape(repr(text))) as caught:
        parse_prefix(text)
    right = str(caught.value).rpartition(" ")[2]
    assert ipaddress.ip_network(right) == network


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_an_address_is_written_as_the_standard_library_reads_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    text = write_address(address.max_prefixlen, int(address))
    assert ipaddress.ip_address(text) == address
    assert text == text.lower()
    # The C library writes the embedded IPv4 addresses of RFC 5952 section 5, which the standard library leaves out.
    if "." not in text or address.version == 4:
        assert text == str(address)


@pytest.mark.parametrize("family", [V4, V6])
def test_the_ends_of_the_address_space(family: int) -> None:
    last = (1 << family) - 1
    for address in (0, 1, last - 1, last):
        text = write_address(family, address)
        assert parse_prefix(text) == (family, address, address + 1)
        assert parse_prefix(f"{text}/{family}") == (family, address, address + 1)
    assert parse_prefix(f"{write_address(family, 0)}/0") == (family, 0, 1 << family)


LINES: Final = st.one_of(
    networks.map(str),
    networks.map(lambda one: str(one.network_address)),
    # Halves of ranges, which make a whole one only if they are put together.
    st.builds("{}/{}".format, st.integers(0, 33), networks),
    networks.map("{}/".format),
    st.sampled_from(("", "/", "//", "8", "8/", "/8", "10.0.0.1/8", "x", ":", "10.0.0.0/8/", "10.0.0.0/8/10.0.0.0/8")),
)


@given(st.lists(LINES, max_size=8))
@example(["1.2.3.0", "24/5.6.7.8/32"])
@example(["2001:db8::", "32/2001:db9::/32"])
@example(["24/5.6.7.8/32", "1.2.3.0"])
@example(["10.0.0.0/8/10.0.0.0", "8"])
@example(["10.0.0.0", "2001:db8::/32"])
@example(["10.0.0.0/8/10.0.0.0/8"])
@example(["10.0.0.0/32", "2001:db8::/33", "2001:db8::/31"])
def test_many_are_read_as_each_alone(texts: list[str]) -> None:
    alone = []
    refused = False
    for text in texts:
        try:
            alone.append(parse_prefix(text))
        except PrefixError:
            refused = True
            break
    if refused:
        with pytest.raises(PrefixError) as caught:
            AddressSet.of(texts)
        # Whoever repairs the list wants to know which.
        with pytest.raises(PrefixError) as expected:
            parse_prefix(text)
        assert str(caught.value) == str(expected.value)
    else:
        found = AddressSet.of(texts)
        assert all(span in found for span in alone)
        pieces = collapsed(read(texts))
        for family in (V4, V6):
            size = sum(one.num_addresses for one in pieces if one.max_prefixlen == family)
            assert found.family(family).size == size
