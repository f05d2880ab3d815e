"""The rules for registries, regions, repositories and accounts, at their borders."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.naming import PUBLIC, NamingError, account_name, check_region, check_registry, check_repository
from tests.unit.strategies import repositories

STRANGE = [
    "",
    " ",
    "a b cde",
    "myregistry\n",
    "\nmyregistry",
    "myregistry\0",
    "MYREGISTRY",
    "my_registry",
    "../myregistry",
]


@pytest.mark.parametrize("name", ["abcde", "12345", "a" * 50, "myregistry-0a1b2c3d", "a" * 50 + "-" + "b" * 12])
def test_registries(name: str) -> None:
    assert check_registry(name) == name
    assert PUBLIC.parse(PUBLIC.login(name)).registry == name


@pytest.mark.parametrize(
    "name",
    [
        *STRANGE,
        "abcd",
        "a" * 51,
        "abcd-e",
        "myregistry-",
        "-myregistry",
        "my-registry-",
        "myregistry-a-b",
        "myregistry--a",
        "myregistry-" + "a" * 13,
        "my.registry",
        "myregistr\N{LATIN SMALL LETTER Y WITH ACUTE}",
        "\N{KELVIN SIGN}elvin",
        "regi\N{LATIN SMALL LETTER LONG S}try",
        "registry\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_what_is_no_registry(name: str) -> None:
    with pytest.raises(NamingError, match="registry name"):
        check_registry(name)
    with pytest.raises(NamingError):
        PUBLIC.login(name)
    with pytest.raises(NamingError):
        PUBLIC.data(name, "eastus")


@pytest.mark.parametrize("name", ["uk", "eastus", "eastus2", "a" + "1" * 39])
def test_regions(name: str) -> None:
    assert check_region(name) == name


@pytest.mark.parametrize(
    "name", [*STRANGE, "a", "1a", "a" * 41, "East US", "east-us", "eastus.data", "e\N{LATIN SMALL LETTER SHARP S}"]
)
def test_what_is_no_region(name: str) -> None:
    with pytest.raises(NamingError, match="region"):
        check_region(name)
    with pytest.raises(NamingError):
        PUBLIC.data("myregistry", name)
    with pytest.raises(NamingError):
        PUBLIC.regional("myregistry", name)


@pytest.mark.parametrize("name", ["", "ab", "a" * 25, "Abc", "a-b", "abc.blob", "abc\n", "ab\N{SUPERSCRIPT TWO}"])
def test_what_is_no_account(name: str) -> None:
    with pytest.raises(NamingError, match="account"):
        PUBLIC.blob(name)


@pytest.mark.parametrize(
    "name",
    ["a", "0", "a/b", "a/b/c/d/e", "a.b", "a_b", "a__b", "a-b", "a---b", "a0/9b", "a" * 255, "/".join("a" * 128)],
)
def test_repositories(name: str) -> None:
    assert check_repository(name) == name


@given(repositories)
def test_every_repository_the_grammar_makes(name: str) -> None:
    assert check_repository(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        "A",
        "a/B",
        ".",
        "..",
        "a/..",
        "../a",
        "a/../b",
        "a/./b",
        ".a",
        "a.",
        "_a",
        "a_",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a._b",
        "a.-b",
        "a_-b",
        "a:b",
        "a@b",
        "a b",
        "a\n",
        "a\0",
        "a\\b",
        "a%2fb",
        "a*",
        "*",
        "a?b",
        "a#b",
        "\N{LATIN SMALL LETTER E WITH ACUTE}",
        "\N{KELVIN SIGN}",
        "a" * 256,
        "a/" * 127 + "aa",
    ],
)
def test_what_is_no_repository(name: str) -> None:
    with pytest.raises(NamingError, match="repository name"):
        check_repository(name)


def test_no_name_makes_the_check_slow() -> None:
    # Nested repetition could take for ever on a name that fails at its very end.
    for name in ("a" * 254 + "!", "a-" * 127 + "-", "a/" * 127 + "!", "-" * 255, "a__" * 85):
        with pytest.raises(NamingError):
            check_repository(name)
    with pytest.raises(NamingError):
        check_repository("a" * 1_000_000)


@given(st.binary(min_size=14, max_size=64))
@example(b"\0" * 14)
@example(b"\xff" * 14)
def test_an_account_is_named_as_storage_accounts_are(entropy: bytes) -> None:
    name = account_name(entropy)
    assert re.fullmatch(r"sw[a-z2-7]{22}", name)
    assert PUBLIC.parse(PUBLIC.blob(name)).account == name
    assert account_name(entropy) == name


@given(st.integers(0, 2**110 - 1), st.integers(0, 109))
def test_each_of_110_bits_changes_an_accounts_name(bits: int, flipped: int) -> None:
    def name(value: int) -> str:
        return account_name((value << 2).to_bytes(14, "big"))

    assert name(bits) != name(bits ^ (1 << flipped))


@given(st.binary(max_size=13))
def test_too_little_entropy_is_refused(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="14"):
        account_name(entropy)
