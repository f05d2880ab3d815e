"""What is not a host name, and what only looks like one of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.naming import PUBLIC, Cloud, NamingError, normalise

NO_HOSTS = {
    "nothing": "",
    "a dot": ".",
    "two dots": "..",
    "an empty label": "myregistry..azurecr.io",
    "an empty first label": ".azurecr.io",
    "two trailing dots": "myregistry.azurecr.io..",
    "a port": "myregistry.azurecr.io:443",
    "a colon": "myregistry.azurecr.io:",
    "a URL": "https://myregistry.azurecr.io",
    "a path": "myregistry.azurecr.io/v2/",
    "a user": "admin@myregistry.azurecr.io",
    "a query": "myregistry.azurecr.io?a",
    "a fragment": "myregistry.azurecr.io#a",
    "a wildcard": "*.azurecr.io",
    "a wildcard inside": "my*.azurecr.io",
    "a leading hyphen": "-myregistry.azurecr.io",
    "a trailing hyphen": "myregistry-.azurecr.io",
    "an underscore": "my_registry.azurecr.io",
    "a space": "my registry.azurecr.io",
    "a leading space": " myregistry.azurecr.io",
    "a newline": "myregistry.azurecr.io\n",
    "a NUL": "myregistry\0.azurecr.io",
    "a backslash": "myregistry\\.azurecr.io",
    "percent encoding": "my%72egistry.azurecr.io",
    "an IPv4 address": "127.0.0.1",
    "part of an address": "127.1",
    "an IPv6 address": "::1",
    "an IPv6 address in brackets": "[::1]",
    "the Kelvin sign": "boo\N{KELVIN SIGN}s.azurecr.io",
    "a dotted capital I": "reg\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stry.azurecr.io",
    "a long s": "my\N{LATIN SMALL LETTER LONG S}registry.azurecr.io",
    "full-width letters": "\N{FULLWIDTH LATIN SMALL LETTER A}bcde.azurecr.io",
    "a full-width dot": "myregistry\N{IDEOGRAPHIC FULL STOP}azurecr.io",
    "an Arabic digit": "registry\N{ARABIC-INDIC DIGIT ONE}.azurecr.io",
    "a Cyrillic letter": "myregistry.\N{CYRILLIC SMALL LETTER A}zurecr.io",
    "a zero-width space": "myregistry\N{ZERO WIDTH SPACE}.azurecr.io",
    "a lone surrogate": "myregistry\ud800.azurecr.io",
    "a label of 64": "a" * 64 + ".azurecr.io",
    "a name of 254": ".".join(["a" * 63] * 3 + ["a" * 62]),
}


@pytest.mark.parametrize("name", NO_HOSTS.values(), ids=NO_HOSTS)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(NamingError):
        normalise(name)
    with pytest.raises(NamingError):
        PUBLIC.parse(name)


@pytest.mark.parametrize(
    "name", ["a", "a" * 63, "xn--bcher-kva.example", "1.example", "a-b.example", ".".join(["a" * 63] * 3 + ["a" * 61])]
)
def test_what_is_a_host_name_is_not(name: str) -> None:
    assert normalise(name) == name
    assert normalise(name.upper() + ".") == name


@given(st.text(st.characters(min_codepoint=128), min_size=1, max_size=5))
def test_nothing_beyond_ascii_turns_into_a_host_name(text: str) -> None:
    for name in (text, f"{text}.azurecr.io", f"myregistry.azurecr.{text}o", f"my{text}registry.azurecr.io"):
        with pytest.raises(NamingError):
            PUBLIC.parse(name)


LOOK_ALIKES = {
    "no dot before the suffix": "evilazurecr.io",
    "a registry without its dot": "myregistryazurecr.io",
    "the suffix in front": "azurecr.io.evil.example",
    "a host in front": "myregistry.azurecr.io.evil.example",
    "a subdomain of a login server": "a.myregistry.azurecr.io",
    "a deeper data endpoint": "a.myregistry.eastus.data.azurecr.io",
    "a data endpoint without a region": "myregistry.data.azurecr.io",
    "a region that is none": "myregistry.1east.data.azurecr.io",
    "a region with a hyphen": "myregistry.east-us.data.azurecr.io",
    "another kind": "myregistry.eastus.date.azurecr.io",
    "the parts in another order": "myregistry.data.eastus.azurecr.io",
    "the kind alone": "data.azurecr.io",
    "a registry too short": "abcd.azurecr.io",
    "a registry too long": "a" * 51 + ".azurecr.io",
    "a hyphen where there is none": "my-regis-try.azurecr.io",
    "the storage suffix alone": "core.windows.net",
    "storage without an account": "blob.core.windows.net",
    "an account with a subdomain": "a.myaccount.blob.core.windows.net",
    "an account too short": "ab.blob.core.windows.net",
    "an account too long": "a" * 25 + ".blob.core.windows.net",
    "an account with a hyphen": "my-account.blob.core.windows.net",
    "another service of the account": "myaccount.file.core.windows.net",
    "no dot before blob": "myaccountblob.core.windows.net",
    "storage under the login suffix": "myaccount.blob.azurecr.io",
    "the storage suffix in front": "myaccount.blob.core.windows.net.evil.example",
    "another top-level domain": "myregistry.azurecr.com",
    "the address of nobody": "azurecr.io.azurecr.io",
}


@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_look_alikes_are_refused(name: str) -> None:
    normalise(name)  # a host name, but none of ours
    with pytest.raises(NamingError, match="Public"):
        PUBLIC.parse(name)


def test_a_storage_domain_of_ones_own_is_the_only_one() -> None:
    cloud = Cloud.own("registry.example", "storage.example")
    with pytest.raises(NamingError):
        cloud.parse("myaccount.blob.registry.example")
    assert cloud.parse("myaccount.blob.storage.example").account == "myaccount"
