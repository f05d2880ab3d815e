"""Names as the documentation describes them, for properties."""

from __future__ import annotations

import string
from typing import Final

from hypothesis import strategies as st

from seawall.blobs.digest import Digest
from seawall.naming import Host, Role

_LETTERS: Final = string.ascii_lowercase
_ALNUM: Final = _LETTERS + string.digits


def words(least: int, most: int, alphabet: str = _ALNUM) -> st.SearchStrategy[str]:
    """Words of some length."""
    return st.text(st.sampled_from(alphabet), min_size=least, max_size=most)


registries = st.one_of(words(5, 50), st.builds("{}-{}".format, words(5, 50), words(1, 12)))
regions = st.builds("{}{}".format, words(1, 1, _LETTERS), words(1, 39))
accounts = words(3, 24)

_separators = st.one_of(st.sampled_from([".", "_", "__", "/"]), st.integers(1, 4).map("-".__mul__))
repositories = st.builds(
    lambda first, rest: first + "".join(separator + word for separator, word in rest),
    words(1, 8),
    st.lists(st.tuples(_separators, words(1, 8)), max_size=8),
)

digests = st.one_of(
    words(64, 64, "0123456789abcdef").map("sha256:{}".format),
    words(128, 128, "0123456789abcdef").map("sha512:{}".format),
).map(Digest)

hosts = st.one_of(
    st.just(Host(Role.APEX)),
    st.builds(Host, st.just(Role.LOGIN), registry=registries),
    st.builds(Host, st.just(Role.REGIONAL), registry=registries, region=regions),
    st.builds(Host, st.just(Role.DATA), registry=registries, region=regions),
    st.builds(Host, st.just(Role.BLOB), account=accounts),
)
"""Every kind of host there is."""
