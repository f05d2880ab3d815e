"""Which ranges may be written, and whom a set of them lets in."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.network import EVERYBODY, Action, NetworkRules, NetworkRulesError, Range, parse_range


def rules(*ranges: str, action: Action = Action.DENY) -> NetworkRules:
    return NetworkRules(action).adding(map(parse_range, ranges))


@st.composite
def near_ranges(draw: st.DrawFn) -> Range:
    """Ranges in so few addresses that they meet, nest and touch."""
    start = draw(st.sampled_from(["192.0.2.0", "2001:db8::", "255.255.255.0", "0.0.0.0"]))
    base = ip_address(start) + draw(st.integers(0, 255))
    length = base.max_prefixlen - draw(st.integers(0, 9))
    return ip_network(f"{base}/{length}", strict=False)


near_addresses = st.builds(
    lambda start, step: ip_address(start) + step,
    st.sampled_from(["192.0.1.128", "2001:db8::", "255.255.254.255", "0.0.0.0", "::"]),
    st.integers(0, 256),
)


@given(st.lists(near_ranges(), max_size=12), near_addresses)
@example([ip_network("0.0.0.0/0")], IPv4Address("255.255.255.255"))
@example([ip_network("::/0")], IPv6Address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))
@example([ip_network("::/0")], IPv4Address("192.0.2.1"))
@example([ip_network("0.0.0.0/0")], IPv6Address("::1"))
def test_who_is_let_in_is_who_some_range_holds(ranges: list[Range], address: IPv4Address | IPv6Address) -> None:
    assert NetworkRules(Action.DENY).adding(ranges).admits(str(address)) is any(address in one for one in ranges)


@given(st.lists(near_ranges(), max_size=12), st.lists(near_ranges(), max_size=12))
def test_what_is_added_is_there_until_it_is_removed(first: list[Range], second: list[Range]) -> None:
    both = NetworkRules(Action.DENY).adding(first).adding(second)
    assert both == NetworkRules(Action.DENY).adding([*second, *first, *first])
    assert set(both.ranges) == {*first, *second}
    assert set(both.removing(second).ranges) == set(first) - set(second)
    assert both.removing([*first, *second]) == NetworkRules(Action.DENY)


@given(near_ranges())
def test_a_range_is_read_as_it_is_written(one: Range) -> None:
    assert parse_range(str(one)) == one
    assert parse_range(str(one).upper()) == one
    assert parse_range(one.exploded) == one
    single = parse_range(str(one.network_address))
    assert (single.network_address, single.num_addresses) == (one.network_address, 1)


def test_ranges_are_in_order_and_each_is_there_once() -> None:
    wanted = ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/32", "192.0.2.7/32", "::/0", "2001:db8::/32"]
    for order in permutations(wanted):
        assert [str(one) for one in rules(*order, "10.0.0.0", "10.0.0.0/32").ranges] == wanted


@pytest.mark.parametrize(
    "ranges", [("10.0.0.2/32", "10.0.0.1/32"), ("10.0.0.1/32", "10.0.0.1/32"), ("::/0", "10.0.0.0/8")]
)
def test_other_orders_cannot_be_kept(ranges: tuple[str, ...]) -> None:
    with pytest.raises(NetworkRulesError, match="in order"):
        NetworkRules(Action.DENY, tuple(map(parse_range, ranges)))


def test_there_may_be_many() -> None:
    many = rules(*(f"10.{number >> 8}.{number & 255}.0/24" for number in range(5000)))
    assert many.adding([parse_range("10.0.7.0/24")]) == many
    assert many.admits("10.19.135.255")
    assert not many.admits("10.19.136.0")


def test_by_default_everybody_may_come_in() -> None:
    assert NetworkRules() == EVERYBODY
    for rule_set in (EVERYBODY, rules("192.0.2.7", action=Action.ALLOW)):
        assert all(rule_set.admits(one) for one in ("192.0.2.7", "198.51.100.1", "::1", "unknown", ""))


@pytest.mark.parametrize(
    "client", ["", "unknown", "testclient", "/run/seawall.sock", "192.0.2", "192.0.2.7 ", "192.0.2.07"]
)
def test_who_has_no_address_is_refused(client: str) -> None:
    assert not rules("0.0.0.0/0", "::/0").admits(client)
    assert not NetworkRules(Action.DENY).admits(client)


def test_ipv4_written_as_ipv6_is_ipv4() -> None:
    one = rules("192.0.2.7")
    assert one.admits("::ffff:192.0.2.7")
    assert one.admits("::FFFF:c000:207")
    assert not one.admits("::ffff:192.0.2.8")
    assert not one.admits("::192.0.2.7")
    assert not rules("::/0").admits("::ffff:192.0.2.7")


def test_an_address_is_its_own_whatever_interface_it_came_by() -> None:
    assert rules("fe80::/10").admits("fe80::1%eth0")
    assert not rules("fe80::2").admits("fe80::1%eth0")


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7/0", "0.0.0.0/0"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:c000:207/128", "192.0.2.7/32"),
        ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ],
)
def test_a_range_that_cannot_be_is_answered_with_the_right_one(written: str, right: str) -> None:
    with pytest.raises(NetworkRulesError) as caught:
        parse_range(written)
    assert repr(written) in str(caught.value)
    assert f"write {right}" in str(caught.value)
    assert str(parse_range(right)) == right


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "/24",
        "*",
        "all",
        "5",
        "3221225991",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.07",
        "192.0.2.7/",
        "192.0.2.0/33",
        "192.0.2.0/024",
        "192.0.2.0/+24",
        "192.0.2.0/-1",
        "192.0.2.0/\u0662\u0664",
        "\u0661.2.3.4",
        "192.0.2.0/24/24",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/0.0.0.255",
        "192.0.2.0-192.0.2.9",
        "192.0.2.7,192.0.2.8",
        "192.0.2.7:443",
        "[2001:db8::1]",
        "2001:db8::/129",
        "2001:db8",
        "1::2::3",
        "fe80::1%eth0",
        "fe80::1%eth0/128",
        " 192.0.2.7",
        "192.0.2.7\n",
        "registry.example.com",
        "AzureContainerRegistry",
    ],
)
def test_what_is_no_range(written: str) -> None:
    with pytest.raises(NetworkRulesError, match=r"no range of addresses: write 203\.0\.113\.7"):
        parse_range(written)


@given(st.text(alphabet="0123456789abcdefg.:/% -", max_size=24))
@example("192.0.2.0/24")
@example("::/0")
def test_whatever_is_written_is_a_range_or_refused(written: str) -> None:
    try:
        found = parse_range(written)
    except NetworkRulesError:
        return
    assert parse_range(str(found)) == found
    assert rules(written).admits(str(found.network_address))
    assert rules(written).admits(str(found.broadcast_address))
