"""Which hosts a certificate's name is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.wildcards import covers

labels = st.sampled_from(["a", "b", "azurecr", "io", "eastus", "data"])
names = st.lists(labels, min_size=1, max_size=5)


def rfc_9525(pattern: list[str], host: list[str]) -> bool:
    """Section 6.3: label for label, without regard to case; a whole left-most label may be a wildcard."""
    if len(pattern) != len(host):
        return False
    pairs = list(zip(pattern, host, strict=True))
    first = pairs.pop(0)
    return (first[0] == "*" or first[0].lower() == first[1].lower()) and all(a.lower() == b.lower() for a, b in pairs)


@given(names, names, st.booleans(), st.booleans())
def test_covers_is_what_the_rfc_says(pattern: list[str], host: list[str], wild: bool, upper: bool) -> None:
    if wild:
        pattern = ["*", *pattern]
    text = ".".join(host)
    assert covers(".".join(pattern), text.upper() if upper else text) is rfc_9525(pattern, host)


@given(names)
def test_a_wildcard_covers_exactly_one_more_label(host: list[str]) -> None:
    name = ".".join(host)
    assert covers(f"*.{name}", f"x.{name}")
    assert not covers(f"*.{name}", name)
    assert not covers(f"*.{name}", f"y.x.{name}")
    assert not covers(f"x.{name}", f"*.{name}")


@pytest.mark.parametrize(
    ("pattern", "host"),
    [
        ("*.azurecr.io", "azurecr.io"),
        ("*.azurecr.io", ".azurecr.io"),
        ("*.azurecr.io", "evilazurecr.io"),
        ("*.azurecr.io", "myregistry.eastus.data.azurecr.io"),
        ("*.azurecr.io", "myregistry.azurecr.io.evil.example"),
        ("*.*.azurecr.io", "a.b.azurecr.io"),
        ("my*.azurecr.io", "myregistry.azurecr.io"),
        ("*registry.azurecr.io", "myregistry.azurecr.io"),
        ("a.*.azurecr.io", "a.b.azurecr.io"),
        ("*", "azurecr"),
        ("*", "azurecr.io"),
        ("", "azurecr.io"),
        ("*.", "azurecr.io"),
        ("azurecr.io", "myregistry.azurecr.io"),
        ("boo\N{KELVIN SIGN}s.azurecr.io", "books.azurecr.io"),
        ("*.boo\N{KELVIN SIGN}s.io", "a.books.io"),
    ],
)
def test_what_is_not_covered(pattern: str, host: str) -> None:
    assert not covers(pattern, host)
