"""Which way leads to which host. What is expected of NO_PROXY was seen in Go's own package."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.check.route import Proxy, ProxyError, Routes, read_proxy, routes_of

SECRET: Final = "hunter2"
PROXY: Final = Proxy("http", "proxy.corp", 3128)
OTHER: Final = Proxy("http", "other.corp", 8080)

PROXIES: Final = {
    "http://proxy.corp:3128": PROXY,
    "HTTP://Proxy.Corp:3128/": PROXY,
    "proxy.corp:3128": PROXY,
    "proxy.corp": Proxy("http", "proxy.corp", 80),
    "http://proxy.corp:": Proxy("http", "proxy.corp", 80),
    "https://proxy.corp": Proxy("https", "proxy.corp", 443),
    "socks5://proxy.corp": Proxy("socks5", "proxy.corp", 1080),
    "socks5h://proxy.corp:9050/ignored": Proxy("socks5h", "proxy.corp", 9050),
    "my_proxy:3128": Proxy("http", "my_proxy", 3128),
    "[::1]:3128": Proxy("http", "::1", 3128),
    "http://[2001:DB8::0:1]": Proxy("http", "2001:db8::1", 80),
    "http://me@proxy.corp:3128": Proxy("http", "proxy.corp", 3128, "me"),
    "http://me:pw@proxy.corp:3128": Proxy("http", "proxy.corp", 3128, "me", "pw"),
    "me:pw@proxy.corp:3128": Proxy("http", "proxy.corp", 3128, "me", "pw"),
    "http://corp%5Cme:p%40s%3As%2F%C3%A9@proxy.corp:3128": Proxy(
        "http", "proxy.corp", 3128, "corp\\me", "p@s:s/\u00e9"
    ),
    "http://me:p:w@p@proxy.corp:3128": Proxy("http", "proxy.corp", 3128, "me", "p:w@p"),
    "http://:pw@proxy.corp:3128": Proxy("http", "proxy.corp", 3128, "", "pw"),
}

NO_PROXIES: Final = (
    # The list, a host, its port, and whether it is reached directly.
    ("", "foo.com", 443, False),
    ("foo.com", "foo.com", 443, True),
    ("foo.com", "bar.foo.com", 443, True),
    ("foo.com", "barfoo.com", 443, False),
    ("FOO.com", "Bar.Foo.Com", 443, True),
    (".foo.com", "foo.com", 443, False),
    (".foo.com", "x.bar.foo.com", 443, True),
    ("*.foo.com", "foo.com", 443, False),
    ("*.foo.com", "bar.foo.com", 443, True),
    ("*foo.com", "bar.foo.com", 443, False),
    ("com", "foo.com", 443, True),
    ("foo.com:443", "foo.com", 443, True),
    ("foo.com:443", "foo.com", 8443, False),
    ("foo.com:", "foo.com", 8443, True),
    (".foo.com:8443", "bar.foo.com", 8443, True),
    (":443", "foo.com", 443, False),
    ("*", "foo.com", 443, True),
    ("x.com, *", "10.0.0.1", 443, True),
    ("*:443", "foo.com", 443, False),
    (" x.com , foo.com\t", "foo.com", 443, True),
    ("x.com foo.com", "foo.com", 443, False),
    ("http://foo.com", "foo.com", 443, False),
    ("foo.com/", "foo.com", 443, False),
    ("10.0.0.1", "10.0.0.1", 443, True),
    ("10.0.0.1", "10.0.0.2", 443, False),
    ("10.0.0.1:443", "10.0.0.1", 8443, False),
    ("10.0.0.01", "10.0.0.1", 443, False),
    ("0.0.1", "10.0.0.1", 443, False),
    ("10.9.8.7/8", "10.1.1.1", 443, True),
    ("10.0.0.0/8", "11.0.0.1", 443, False),
    ("10.0.0.0/255.0.0.0", "10.0.0.1", 443, False),
    ("10.0.0.0/33", "10.0.0.0", 443, False),
    ("10.0.0.0/8:443", "10.0.0.1", 443, False),
    ("0.0.0.0/0", "2001:db8::1", 443, False),
    ("2001:db8::/32", "2001:db8::1", 443, True),
    ("2001:db8::1", "2001:db8:0::1", 443, True),
    ("[2001:db8::1]", "2001:db8::1", 443, False),
    ("[2001:db8::1]:443", "2001:db8::1", 443, True),
    ("[2001:db8::1]:443", "2001:db8::1", 8443, False),
    ("::ffff:10.0.0.0/104", "10.1.1.1", 443, True),
    ("::ffff:10.0.0.1", "10.0.0.1", 443, True),
    ("fe80::1%eth0", "fe80::1", 443, False),
    # Whatever the list says.
    ("", "localhost", 5000, True),
    ("", "127.0.0.1", 443, True),
    ("", "127.9.9.9", 443, True),
    ("", "::1", 443, True),
    ("", "::ffff:127.0.0.1", 443, True),
    ("", "localhost.example", 443, False),
)


@pytest.mark.parametrize("text", PROXIES)
def test_a_proxy_is_read(text: str) -> None:
    assert read_proxy(text) == PROXIES[text]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "proxy's address"),
        ("http://", "proxy's address"),
        ("//proxy.corp:3128", "proxy's address"),
        ("http://proxy.corp:3128:1", "proxy's address"),
        ("http://pro xy:3128", "proxy's address"),
        ("::1", "proxy's address"),
        ("http://proxy.corp:port", "proxy's address"),
        ("http://proxy.corp:0", "1 to 65535"),
        ("http://proxy.corp:65536", "1 to 65535"),
        ("http://proxy.corp:99999999999", "proxy's address"),
        ("http://[::g]:3128", "proxy's address"),
        ("http://[1.2.3.4]:3128", "brackets"),
        ("socks4://proxy.corp:1080", "socks5"),
        ("socks4a://proxy.corp:1080", "socks5"),
        ("ftp://proxy.corp", "socks5"),
        ("http://me:%FF@proxy.corp:3128", "UTF-8"),
        (f"socks4://me:{SECRET}@proxy.corp:1080", "socks5"),
        (f"http://me:{SECRET}%zz@proxy.corp:3128", "%"),
        (f"http://me:{SECRET}#x@proxy.corp:3128", "%"),
        (f"http://me:1/{SECRET}@proxy.corp:3128", "%"),
        (f"http://me:{SECRET}/x@proxy.corp:3128", "%"),
        (f"http://me:{SECRET}?x@proxy.corp:3128", "%"),
        (f"http://me:{SECRET} x@proxy.corp:3128", "%"),
        (f"http://me:{SECRET}@proxy.corp:99999", "1 to 65535"),
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(text: str, reason: str) -> None:
    with pytest.raises(ProxyError) as caught:
        read_proxy(text)
    assert reason in str(caught.value)
    assert SECRET not in str(caught.value)


@given(st.text(min_size=1, max_size=20).map("q{}".format), st.text(min_size=1, max_size=20).map("pw{}wp".format))
def test_any_credentials_get_through_and_are_not_shown(username: str, password: str) -> None:
    proxy = read_proxy(f"http://{quote(username, safe='')}:{quote(password, safe='')}@proxy.corp:3128")
    assert (proxy.username, proxy.password) == (username, password)
    assert password not in f"{proxy} {proxy!r}"
    assert str(proxy) == "http://proxy.corp:3128"


@given(st.text(max_size=40))
def test_any_text_is_a_proxy_or_refused(text: str) -> None:
    try:
        proxy = read_proxy(text)
    except ProxyError:
        return
    assert read_proxy(str(proxy)) == Proxy(proxy.scheme, proxy.host, proxy.port)


@pytest.mark.parametrize(("no_proxy", "host", "port", "direct"), NO_PROXIES)
def test_exceptions_are_go_s(no_proxy: str, host: str, port: int, direct: bool) -> None:
    assert Routes(PROXY, no_proxy).to(host, port) == (None if direct else PROXY)


@given(st.text(st.sampled_from("fo.com:10/*[], \u0661"), max_size=30), st.sampled_from(["foo.com", "10.0.0.1", "::1"]))
def test_no_exception_is_a_fault(no_proxy: str, host: str) -> None:
    assert Routes(PROXY, no_proxy).to(host, 443) in {None, PROXY}


def test_port_80_has_a_proxy_of_its_own() -> None:
    routes = Routes(PROXY, "direct.example", OTHER)
    assert routes.to("crl3.digicert.com", 80) == OTHER
    assert routes.to("crl3.digicert.com", 443) == PROXY
    assert routes.to("direct.example", 80) is None
    assert Routes(PROXY).to("crl3.digicert.com", 80) is None
    assert Routes(None, "", OTHER).to("foo.com", 443) is None


@pytest.mark.parametrize(
    ("environment", "secure", "plain"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": "proxy.corp:3128"}, PROXY, None),
        ({"https_proxy": "proxy.corp:3128"}, PROXY, None),
        ({"HTTPS_PROXY": "proxy.corp:3128", "https_proxy": "other.corp:8080"}, PROXY, None),
        ({"HTTPS_PROXY": "", "https_proxy": "other.corp:8080"}, OTHER, None),
        ({"HTTP_PROXY": "other.corp:8080"}, None, OTHER),
        ({"HTTPS_PROXY": "proxy.corp:3128", "http_proxy": "other.corp:8080"}, PROXY, OTHER),
        ({"ALL_PROXY": "proxy.corp:3128", "all_proxy": "proxy.corp:3128"}, None, None),
        ({"HTTPS_PROXY": "proxy.corp:3128", "NO_PROXY": "foo.com"}, None, None),
        ({"HTTPS_PROXY": "proxy.corp:3128", "no_proxy": "foo.com"}, None, None),
        ({"HTTPS_PROXY": "proxy.corp:3128", "NO_PROXY": "bar.com", "no_proxy": "foo.com"}, PROXY, None),
    ],
)
def test_the_environment_is_read_as_go_reads_it(
    environment: dict[str, str], secure: Proxy | None, plain: Proxy | None
) -> None:
    routes = routes_of(environment)
    assert (routes.to("foo.com", 443), routes.to("foo.com", 80)) == (secure, plain)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "HTTP_PROXY"])
def test_a_bad_proxy_in_the_environment_is_told_by_its_variable(variable: str) -> None:
    with pytest.raises(ProxyError, match=f"^{variable}: "):
        routes_of({variable: "gopher://proxy.corp"})
