"""What is told of a manifest's contents: from what it says, and from its configuration if that can be had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from seawall.acr import contents
from seawall.acr.contents import Platform, read_contents
from seawall.blobs.digest import DEFAULT_ALGORITHM, digest_of
from tests.support import content

if TYPE_CHECKING:
    from seawall.blobs.directory import DirectoryBlobs


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    contents._KNOWN.clear()


def keep(store: DirectoryBlobs, blob: bytes) -> None:
    with store.upload(store.begin("me", DEFAULT_ALGORITHM), "me") as upload:
        upload.append([blob])
        upload.finish(digest_of(blob))


def platform(store: DirectoryBlobs, config: bytes) -> Platform:
    return read_contents(store, content.OCI_IMAGE, content.image(config, b"layer")).platform


def test_an_image_is_as_large_as_what_it_names_and_for_its_configurations_platform(store: DirectoryBlobs) -> None:
    config = content.encode({"architecture": "s390x", "os": "linux"})
    keep(store, config)
    told = read_contents(store, content.OCI_IMAGE, content.image(config, b"layer", b"another"))
    assert told == (len(config) + 12, content.OCI_CONFIG, ("s390x", "linux"), None)


def test_an_index_tells_what_it_says_itself(store: DirectoryBlobs) -> None:
    children = [content.image(b"{}"), content.image(b"[]", b"layer")]
    body = json.loads(content.index(*children))
    body["manifests"][0]["platform"] = {"architecture": "amd64", "os": "windows"}
    told = read_contents(store, content.OCI_INDEX, json.dumps(body).encode())
    assert told.size == sum(map(len, children))
    assert told.references == [
        (content.digest_of(children[0]), ("amd64", "windows")),
        (content.digest_of(children[1]), ("", "")),
    ]


def test_a_configuration_that_comes_later_is_read_then_and_not_twice(
    store: DirectoryBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = content.encode({"architecture": "riscv64", "os": "linux"})
    assert platform(store, config) == ("", "")
    keep(store, config)
    assert platform(store, config) == ("riscv64", "linux")
    monkeypatch.setattr(store, "read", lambda *_: pytest.fail("it was known"))
    assert platform(store, config) == ("riscv64", "linux")


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"\xff",
        b"[1]",
        b"[" * 100_000,
        b'{"architecture": 5, "os": ["linux"]}',
        b'{"os": "a\\nb"}',
        b'{"os": "%s"}' % (b"x" * 101),
        b'{"os": "linux"}'.ljust(2**20 + 1),
    ],
)
def test_what_is_no_configuration_tells_nothing(store: DirectoryBlobs, config: bytes) -> None:
    keep(store, config)
    assert platform(store, config) == ("", "")


def test_only_so_much_is_remembered(store: DirectoryBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_REMEMBERED", 3)
    for number in range(5):
        config = content.encode({"os": f"os{number}"})
        keep(store, config)
        assert platform(store, config).os == f"os{number}"
    assert len(contents._KNOWN) == 3
