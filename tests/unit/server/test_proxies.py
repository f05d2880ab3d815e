"""Only proxies that are trusted are believed, and only what they added themselves."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.network import parse_range
from seawall.server.proxies import client_address

TRUSTED: Final = (parse_range("10.0.0.0/8"), parse_range("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("::ffff:10.0.0.1", ["198.51.100.9"], "198.51.100.9"),
        ("fd00::1", [" 2001:db8::7 "], "2001:db8::7"),
        # Behind two proxies, and with what the client made up itself.
        ("10.0.0.1", ["203.0.113.1, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.1", "198.51.100.9", "10.0.0.2"], "198.51.100.9"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("unix:", ["198.51.100.9"], "unix:"),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_client(peer: str, forwarded: list[str], client: str) -> None:
    headers = [(b"host", b"x"), *((b"x-forwarded-for", one.encode()) for one in forwarded)]
    assert client_address(peer, headers, TRUSTED) == client


@given(st.lists(st.text(max_size=30), max_size=3), st.ip_addresses())
def test_nobody_else_is_believed_whatever_they_write(forwarded: list[str], peer: object) -> None:
    headers = [(b"x-forwarded-for", one.encode("utf-8", "surrogatepass")) for one in forwarded]
    plain = client_address(str(peer), [], ())
    assert client_address(str(peer), headers, ()) == plain
