"""A signed link holds at one host, for one blob and one bearer, for half an hour at most."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.blobs.digest import digest_of
from seawall.dataplane.links import Link, LinkError, expiry, read_link, write_link
from seawall.identity.gate import Identity
from seawall.metadata.keys import SigningKey
from seawall.naming import Host, Role
from tests.unit import strategies

NOW: Final = 1_700_000_000.5
KEY: Final = SigningKey("0a1b2c3d", bytes(range(32)), NOW)
OLD_KEY: Final = SigningKey("ffffffff", bytes(range(32, 64)), NOW - 86400)
DATA: Final = Host(Role.DATA, registry="myregistry", region="eastus")
LINK: Final = Link(
    DATA, "myregistry", "team/app", digest_of(b"layer"), Identity("edge-device", "cred0001"), expiry(NOW)
)

links = st.builds(
    Link,
    strategies.hosts,
    strategies.registries,
    strategies.repositories,
    strategies.digests,
    st.builds(Identity, st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.text("0123456789abcdef")),
    st.integers(int(NOW) + 1200, int(NOW) + 1800),
)
keys = st.builds(
    SigningKey, strategies.words(1, 16), st.binary(min_size=16, max_size=64), st.floats(0, NOW, allow_nan=False)
)


def used(
    text: str,
    *,
    host: Host = DATA,
    registry: str = "myregistry",
    ring: tuple[SigningKey, ...] = (KEY, OLD_KEY),
    now: float = NOW,
) -> Link:
    """Use a link as a server sees it used: path and query parted, at some host and time."""
    path, _, query = text.partition("?")
    return read_link(host, registry, path, query.encode("utf-8", "surrogatepass"), ring, now)


@given(links, keys)
def test_a_link_reads_back_as_it_was_written(link: Link, key: SigningKey) -> None:
    text = write_link(link, key)
    assert text.isascii()
    assert used(text, host=link.host, registry=link.registry, ring=(key,)) == link


def test_a_link_is_a_path_and_a_query() -> None:
    path, question_mark, query = write_link(LINK, KEY).partition("?")
    assert path == f"/blobs/{LINK.digest}"
    assert question_mark
    # Nothing that anybody on the way might encode anew.
    assert query.replace("-", "").replace("_", "").replace(".", "").replace("=", "").replace("&", "").isalnum()


@pytest.mark.parametrize(
    "host",
    [
        Host(Role.REGIONAL, registry="myregistry", region="eastus"),
        Host(Role.LOGIN, registry="myregistry"),
        Host(Role.DATA, registry="myregistry", region="westus"),
        Host(Role.DATA, registry="another", region="eastus"),
        Host(Role.DATA, registry="myregistryeast", region="us"),
        Host(Role.BLOB, account="myregistry"),
        Host(Role.APEX),
    ],
    ids=str,
)
def test_a_link_holds_at_its_own_host_only(host: Host) -> None:
    with pytest.raises(LinkError):
        used(write_link(LINK, KEY), host=host)


def test_a_link_to_shared_storage_holds_at_its_own_account_only() -> None:
    mine, theirs = Host(Role.BLOB, account="account1"), Host(Role.BLOB, account="account2")
    text = write_link(replace(LINK, host=mine), KEY)
    assert used(text, host=mine).repository == "team/app"
    with pytest.raises(LinkError):
        used(text, host=theirs)


def test_a_link_holds_for_its_own_registry_only() -> None:
    with pytest.raises(LinkError):
        used(write_link(LINK, KEY), registry="another")


@pytest.mark.parametrize("digest", [digest_of(b"other"), digest_of(b"layer", "sha512")])
def test_a_link_holds_for_its_own_blob_only(digest: str) -> None:
    with pytest.raises(LinkError):
        used(write_link(LINK, KEY).replace(LINK.digest, digest))


@pytest.mark.parametrize(
    "ring",
    [
        (),
        (OLD_KEY,),
        (KEY._replace(secret=bytes(32)),),
        (KEY._replace(name="0a1b2c3e"),),
        (KEY._replace(name="0a1b2c3e"), OLD_KEY._replace(name=KEY.name)),
    ],
    ids=["none", "another", "its secret changed", "its name changed", "its name on another"],
)
def test_a_link_holds_with_its_own_key_only(ring: tuple[SigningKey, ...]) -> None:
    with pytest.raises(LinkError):
        used(write_link(LINK, KEY), ring=ring)


def test_a_link_holds_until_its_key_is_removed() -> None:
    text = write_link(LINK, OLD_KEY)
    assert used(text, ring=(KEY, OLD_KEY)) == LINK
    with pytest.raises(LinkError):
        used(text, ring=(KEY,))


@pytest.mark.parametrize(
    "other",
    [
        replace(LINK, repository="team/ap2"),
        replace(LINK, repository="team/application"),
        replace(LINK, digest=digest_of(b"other")),
        replace(LINK, identity=Identity("mallory", "cred0001")),
        replace(LINK, identity=Identity("edge-device", "cred0002")),
        replace(LINK, identity=Identity("edge-devicec", "red0001")),
        replace(LINK, expires=LINK.expires + 1),
        replace(LINK, expires=LINK.expires - 600),
    ],
    ids=["repository", "longer repository", "digest", "subject", "credential", "a shifted border", "second", "minutes"],
)
def test_no_link_can_be_put_together_from_two(other: Link) -> None:
    first, second = write_link(LINK, KEY), write_link(other, KEY)
    assert first != second
    for cut in range(1, len(first)):
        for mixed in (first[:cut] + second[cut - len(first) :], second[: cut - len(first)] + first[cut:]):
            if mixed not in {first, second}:
                with pytest.raises(LinkError):
                    used(mixed)


@given(st.data())
def test_any_changed_character_breaks_a_link(data: st.DataObject) -> None:
    text = write_link(LINK, KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", "A", "b", "0", ".", "=", "&", "%41", "+", "\n", "\u00e9", text[place] * 2]))
    changed = text[:place] + put + text[place + 1 :]
    if changed != text:
        with pytest.raises(LinkError):
            used(changed)


@given(st.floats(0, 4e9, allow_nan=False) | st.integers(0, 6_000_000).map(lambda steps: steps * 600.0))
@example(0.0)
@example(599.999)
@example(600.0)
def test_a_link_is_good_for_20_to_30_minutes(now: float) -> None:
    link = replace(LINK, expires=expiry(now))
    text = write_link(link, KEY)
    for later in (0, 600, 1199.9):
        assert used(text, now=now + later) == link
    with pytest.raises(LinkError, match="over"):
        used(text, now=now + 1800.001)
    assert 1200 < link.expires - int(now) <= 1800


@given(st.integers(0, 4_000_000_000), st.integers(0, 599), st.integers(0, 599))
def test_within_ten_minutes_a_client_gets_the_same_link(step: int, first: int, second: int) -> None:
    begin = step // 600 * 600
    written = {write_link(replace(LINK, expires=expiry(begin + late + 0.5)), KEY) for late in (first, second)}
    assert len(written) == 1
    assert expiry(begin + 600) != expiry(begin)


def test_a_link_from_a_clock_far_ahead_is_refused() -> None:
    text = write_link(replace(LINK, expires=expiry(NOW + 86400)), KEY)
    with pytest.raises(LinkError, match="clock"):
        used(text)


def test_an_error_repeats_nothing_of_the_link() -> None:
    path, _, query = write_link(LINK, KEY).partition("?")
    secrets = [LINK.digest, "team/app", "edge-device", "cred0001", KEY.name, *query.split(".")]
    for text, now in (
        (f"{path}?{query}", NOW + 7200),
        (f"{path}?{query}", NOW - 7200),
        (f"{path}?{query[:-1]}", NOW),
        (f"{path}0?{query}", NOW),
        (f"{path}?{query}&x", NOW),
        (f"{path}?{query.replace('.', '&')}", NOW),
        (f"/nothing{path}?{query}", NOW),
    ):
        with pytest.raises(LinkError) as caught:
            used(text, now=now)
        said = f"{caught.value!s} {caught.value!r} {caught.value.args}"
        assert not [secret for secret in secrets if secret in said]


@given(st.text(max_size=100), st.binary(max_size=300))
@example("/blobs/", b"")
@example(f"/blobs/{LINK.digest}", b"")
@example(f"/blobs/{LINK.digest}", b"\xff")
@example(f"/blobs/{LINK.digest}", b"a" * 1_000_000)
@example(f"/blobs/{LINK.digest}", b"0a1b2c3d.." + b"=" * 80)
@example("/blobs/\ud800", b"")
def test_strange_bytes_are_refused_and_nothing_else(path: str, query: bytes) -> None:
    prefixed = f"/blobs/{LINK.digest}"
    good = write_link(LINK, KEY).partition("?")[2].encode()
    for one, other in (
        (path, query),
        (prefixed, query),
        (prefixed, KEY.name.encode() + b"." + query),
        (f"{path}x", good),
    ):
        with pytest.raises(LinkError):
            read_link(DATA, "myregistry", one, other, (KEY,), NOW)
    for cut in (0, len(good) // 2, len(good)):
        if query:
            with pytest.raises(LinkError):
                read_link(DATA, "myregistry", prefixed, good[:cut] + query + good[cut:], (KEY,), NOW)
