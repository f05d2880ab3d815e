"""What any store of blobs must do; see :mod:`seawall.blobs.contract`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.contract import DigestMismatchError, UploadBusyError, UploadUnknownError
from seawall.blobs.digest import Digest, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from seawall.blobs.contract import BlobStore

ALICE: Final = "myregistry\nteam/app\nalice"
BOB: Final = "myregistry\nteam/app\nbob"
DATA: Final = bytes(range(256)) * 64
DIGEST: Final = digest_of(DATA)


def upload(store: BlobStore, chunks: Sequence[bytes], digest: Digest, *, algorithm: str = "sha256") -> int:
    """Upload a blob, every chunk in a request of its own."""
    identifier = store.begin(ALICE, algorithm)
    for chunk in chunks:
        with store.upload(identifier, ALICE) as opened:
            opened.append([chunk])
    with store.upload(identifier, ALICE) as opened:
        return opened.finish(digest)


def content(store: BlobStore, digest: Digest) -> bytes:
    size = store.size(digest)
    assert size is not None
    return b"".join(store.read(digest, 0, size))


def assert_unknown(store: BlobStore, identifier: str, owner: str = ALICE) -> None:
    with pytest.raises(UploadUnknownError), store.upload(identifier, owner):
        pass


def test_what_was_uploaded_is_there(store: BlobStore) -> None:
    assert store.size(DIGEST) is None
    assert upload(store, [DATA[:1], DATA[1:5000], DATA[5000:]], DIGEST) == len(DATA)
    assert store.size(DIGEST) == len(DATA)
    assert content(store, DIGEST) == DATA


def test_a_blob_is_there_for_other_processes_too(open_store: Callable[[], BlobStore]) -> None:
    upload(open_store(), [DATA], DIGEST)
    assert content(open_store(), DIGEST) == DATA


@pytest.mark.parametrize("hint", ["sha256", "sha512"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("data", [b"", b"x", DATA])
def test_the_algorithm_at_the_beginning_is_only_a_hint(
    store: BlobStore, hint: str, algorithm: str, data: bytes
) -> None:
    digest = digest_of(data, algorithm)
    assert upload(store, [data], digest, algorithm=hint) == len(data)
    assert content(store, digest) == data
    other = digest_of(data, "sha512" if algorithm == "sha256" else "sha256")
    assert store.size(other) is None


def test_an_empty_blob_needs_no_bytes(store: BlobStore) -> None:
    assert upload(store, [], digest_of(b"")) == 0
    assert store.size(digest_of(b"")) == 0
    assert list(store.read(digest_of(b""), 0, 0)) == []


def test_chunks_are_kept_in_their_order_however_they_come(store: BlobStore) -> None:
    chunks = [bytes([number % 256]) * (number % 7) for number in range(3000)]
    whole = b"".join(chunks)
    identifier = store.begin(ALICE, "sha256")
    with store.upload(identifier, ALICE) as opened:
        opened.append([])
        opened.append([b""])
        opened.append(chunks)
        assert opened.offset == len(whole)
        opened.append([b"end"])
        assert opened.finish(digest_of(whole + b"end")) == len(whole) + 3
    assert content(store, digest_of(whole + b"end")) == whole + b"end"


def test_the_offset_tells_how_far_it_came(store: BlobStore) -> None:
    identifier = store.begin(ALICE, "sha256")
    for number in range(4):
        with store.upload(identifier, ALICE) as opened:
            assert opened.offset == number * 100
            opened.append([b"x" * 60, b"y" * 40])
            assert opened.offset == (number + 1) * 100


def test_an_upload_goes_on_in_other_processes(open_store: Callable[[], BlobStore]) -> None:
    # One worker takes the first chunk, another the second, the first the third; then all were restarted.
    first, second = open_store(), open_store()
    identifier = first.begin(ALICE, "sha256")
    for store, chunk in ((first, DATA[:100]), (second, DATA[100:7000]), (first, DATA[7000:7001])):
        with store.upload(identifier, ALICE) as opened:
            opened.append([chunk])
    restarted = open_store()
    with restarted.upload(identifier, ALICE) as opened:
        assert opened.offset == 7001
        opened.append([DATA[7001:]])
        opened.finish(DIGEST)
    assert content(first, DIGEST) == DATA


def test_an_upload_goes_on_after_a_request_that_broke_off(store: BlobStore) -> None:
    identifier = store.begin(ALICE, "sha256")

    def break_off() -> None:
        with store.upload(identifier, ALICE) as opened:
            opened.append([DATA[:1000]])
            raise ConnectionResetError

    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            break_off()
    with store.upload(identifier, ALICE) as opened:
        assert opened.offset == 2000
        opened.append([b"end"])
        whole = DATA[:1000] * 2 + b"end"
        opened.finish(digest_of(whole))
    assert content(store, digest_of(whole)) == whole


@pytest.mark.parametrize("end", ["finish", "cancel", "mismatch"])
def test_an_upload_that_is_over_is_unknown(open_store: Callable[[], BlobStore], end: str) -> None:
    store = open_store()
    identifier = store.begin(ALICE, "sha256")
    with store.upload(identifier, ALICE) as opened:
        opened.append([DATA])
        if end == "finish":
            opened.finish(DIGEST)
        elif end == "cancel":
            opened.cancel()
        else:
            with pytest.raises(DigestMismatchError):
                opened.finish(digest_of(b"other"))
    assert_unknown(store, identifier)
    assert_unknown(open_store(), identifier)
    assert (store.size(DIGEST) is None) == (end != "finish")


def test_other_bytes_than_announced_are_not_kept(store: BlobStore) -> None:
    announced = digest_of(b"other")
    with pytest.raises(DigestMismatchError, match=DIGEST):
        upload(store, [DATA], announced)
    assert store.size(announced) is None
    assert store.size(DIGEST) is None


def test_a_digest_of_the_same_length_and_another_algorithm_is_no_match(store: BlobStore) -> None:
    sha512 = digest_of(DATA, "sha512")
    changed = Digest(sha512[:-1] + ("0" if sha512[-1] != "0" else "1"))
    with pytest.raises(DigestMismatchError):
        upload(store, [DATA], changed)
    assert store.size(changed) is None


@pytest.mark.parametrize("owner", [BOB, "", ALICE + " ", ALICE.upper(), "alice", f"{ALICE}\0", f"\0{ALICE}"])
def test_an_upload_is_its_owners(store: BlobStore, owner: str) -> None:
    identifier = store.begin(ALICE, "sha256")
    assert_unknown(store, identifier, owner)
    with store.upload(identifier, ALICE) as opened:
        assert opened.offset == 0


def test_identifiers_are_not_to_be_guessed(store: BlobStore) -> None:
    identifiers = {store.begin(ALICE, "sha256") for _ in range(50)}
    assert len(identifiers) == 50
    # 128 bits in hex or more, and fit for a path.
    assert all(len(one) >= 22 and one.isascii() and one.replace("-", "").isalnum() for one in identifiers)


STRANGE_IDENTIFIERS: Final = [
    "",
    ".",
    "..",
    "/",
    "../blobs",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "a\0b",
    "\0",
    "a" * 5000,
    "\N{SNOWMAN}",
    "a\n",
    "*",
    "%2e%2e",
    "\ud800",
]


@pytest.mark.parametrize("identifier", STRANGE_IDENTIFIERS, ids=ascii)
def test_an_identifier_that_was_never_given_is_unknown(store: BlobStore, identifier: str) -> None:
    store.begin(ALICE, "sha256")
    assert_unknown(store, identifier)


def test_an_upload_is_open_once(open_store: Callable[[], BlobStore]) -> None:
    store, other = open_store(), open_store()
    identifier = store.begin(ALICE, "sha256")
    with store.upload(identifier, ALICE) as opened:
        for again in (store, other):
            with pytest.raises(UploadBusyError), again.upload(identifier, ALICE):
                pass
        opened.append([b"one"])
    with other.upload(identifier, ALICE) as opened:
        assert opened.offset == 3


def test_two_uploads_do_not_mind_each_other(store: BlobStore) -> None:
    first, second = store.begin(ALICE, "sha256"), store.begin(ALICE, "sha256")
    with store.upload(first, ALICE) as one, store.upload(second, ALICE) as two:
        one.append([b"one"])
        two.append([b"two"])
        one.append([b"more"])
        two.finish(digest_of(b"two"))
        one.finish(digest_of(b"onemore"))
    assert content(store, digest_of(b"two")) == b"two"
    assert content(store, digest_of(b"onemore")) == b"onemore"


def test_the_same_blob_may_be_uploaded_twice(store: BlobStore) -> None:
    identifiers = [store.begin(ALICE, "sha256") for _ in range(2)]
    for identifier in identifiers:
        with store.upload(identifier, ALICE) as opened:
            opened.append([DATA])
    for identifier in identifiers:
        with store.upload(identifier, ALICE) as opened:
            assert opened.finish(DIGEST) == len(DATA)
        assert_unknown(store, identifier)
    assert content(store, DIGEST) == DATA


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 0), (5, 5), (100, 300), (16383, 16384), (0, 16384)])
def test_a_part_of_a_blob(store: BlobStore, start: int, stop: int) -> None:
    upload(store, [DATA], DIGEST)
    assert b"".join(store.read(DIGEST, start, stop)) == DATA[start:stop]


def test_a_large_blob_is_read_in_pieces(store: BlobStore) -> None:
    large = os.urandom(1000) * 5000
    digest = digest_of(large)
    upload(store, [large], digest)
    pieces = list(store.read(digest, 1, len(large) - 1))
    assert b"".join(pieces) == large[1:-1]
    assert max(map(len, pieces)) <= 4 << 20


def test_a_blob_that_is_not_here_cannot_be_read(store: BlobStore) -> None:
    with pytest.raises(FileNotFoundError):
        list(store.read(DIGEST, 0, 1))


def test_a_deleted_blob_is_gone_and_may_come_back(store: BlobStore) -> None:
    store.delete(DIGEST)
    upload(store, [DATA], DIGEST)
    store.delete(DIGEST)
    store.delete(DIGEST)
    assert store.size(DIGEST) is None
    with pytest.raises(FileNotFoundError):
        list(store.read(DIGEST, 0, 1))
    upload(store, [DATA], DIGEST)
    assert content(store, DIGEST) == DATA


def test_whoever_reads_a_blob_gets_all_of_it_though_it_is_deleted_meanwhile(store: BlobStore) -> None:
    large = DATA * 200
    digest = digest_of(large)
    upload(store, [large], digest)
    reading = store.read(digest, 0, len(large))
    first = next(reading)
    store.delete(digest)
    assert first + b"".join(reading) == large


def test_uploads_that_rest_too_long_are_cancelled(open_store: Callable[[], BlobStore]) -> None:
    store = open_store()
    idle, held, busy = (store.begin(ALICE, "sha256") for _ in range(3))
    upload(store, [DATA], DIGEST)
    with store.upload(held, ALICE) as opened:
        time.sleep(0.3)
        with store.upload(busy, ALICE) as other:
            other.append([b"x"])
        assert open_store().expire(0.2) == 1
        opened.append([b"held"])
        assert opened.offset == 4
    assert_unknown(store, idle)
    for identifier, offset in ((held, 4), (busy, 1)):
        with store.upload(identifier, ALICE) as opened:
            assert opened.offset == offset
    assert content(store, DIGEST) == DATA


def test_nothing_expires_that_is_young(store: BlobStore) -> None:
    identifier = store.begin(ALICE, "sha256")
    assert store.expire(60) == 0
    with store.upload(identifier, ALICE) as opened:
        assert opened.offset == 0
