"""Large and small writes, put down anywhere and failing anywhere, make the same file."""

from __future__ import annotations

import hashlib
import itertools
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seawall.blobs.contract import DigestMismatchError
from seawall.blobs.digest import digest_of
from seawall.blobs.directory import DirectoryBlobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWNER: Final = "myregistry\nteam/app\nalice"
BLOCK, LARGE, BUFFER = 4096, 256 << 10, 1 << 20
NOISE: Final = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(2**17))

near = st.builds(
    lambda size, more: max(size + more, 0),
    st.sampled_from([0, BLOCK, 2 * BLOCK, LARGE, LARGE + BLOCK, BUFFER, BUFFER + LARGE]),
    st.sampled_from([-BLOCK, -1, 0, 1, 17]),
)
# Requests, each of some calls, each of some chunks.
requests = st.lists(st.lists(st.lists(near, max_size=2), max_size=2), min_size=1, max_size=3)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path)


@settings(max_examples=30)
@given(requests=requests)
@example(requests=[[[LARGE + 1], [LARGE]], [[BLOCK - 1], [LARGE]]])
@example(requests=[[[LARGE]], [[1]], [[LARGE], [BLOCK - 1]], [[LARGE + BLOCK]]])
def test_however_it_is_cut_up_it_is_the_same(store: DirectoryBlobs, requests: list[list[list[int]]]) -> None:
    identifier = store.begin(OWNER, "sha256")
    offset = 0
    for calls in requests:
        with store.upload(identifier, OWNER) as upload:
            assert upload.offset == offset
            for sizes in calls:
                borders = [min(border, len(NOISE)) for border in itertools.accumulate(sizes, initial=offset)]
                upload.append([NOISE[start:stop] for start, stop in itertools.pairwise(borders)])
                offset = borders[-1]
                assert upload.offset == offset
    digest = digest_of(NOISE[:offset])
    # By another object, which has to trust the file alone.
    with DirectoryBlobs(store.path(digest).parents[3]).upload(identifier, OWNER) as upload:
        assert upload.finish(digest) == offset
    assert store.path(digest).read_bytes() == NOISE[:offset]
    store.delete(digest)


@contextmanager
def file_size_limit(size: int) -> Iterator[Callable[[], None]]:
    """Let no file grow beyond a size, as a full disk does, until what is yielded is called."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    try:
        yield lift
    finally:
        lift()
        signal.signal(signal.SIGXFSZ, handler)


def write_until_refused(store: DirectoryBlobs, identifier: str, sizes: list[int], *, finish: bool) -> None:
    """Append pieces of the noise, in one request, that do not all fit."""
    with pytest.raises(OSError, match=r"File too large|Invalid argument"), store.upload(identifier, OWNER) as upload:  # noqa: PT012
        start = upload.offset
        for size in sizes:
            upload.append([NOISE[start : start + size]])
            start += size
        if finish:
            upload.finish(digest_of(NOISE[:start]))


# A limit, and what is written: with whole blocks or without, in one call or in several.
REFUSED: Final = [
    (100_000, [70_000, 70_000]),
    (2 * LARGE, [3 * LARGE]),
    (LARGE + BLOCK, [LARGE + BLOCK + 1]),
    (LARGE + BLOCK, [LARGE + BLOCK + 1, 10]),
    (LARGE + BLOCK, [LARGE + BLOCK + 100, LARGE]),
    (BUFFER, [BUFFER + LARGE + 5]),
    (BUFFER + 3 * BLOCK, [BUFFER + 3 * BLOCK + 7, BUFFER]),
    (LARGE + 1000, [LARGE, 2000]),
    (300_000, [400_000]),
    (1_000_001, [2_000_000]),
]


@pytest.mark.parametrize("finish", [False, True], ids=["append", "finish"])
@pytest.mark.parametrize(("limit", "sizes"), REFUSED)
def test_what_is_kept_of_a_refused_write_is_the_beginning(
    store: DirectoryBlobs, limit: int, sizes: list[int], finish: bool
) -> None:
    identifier = store.begin(OWNER, "sha256")
    with file_size_limit(limit):
        write_until_refused(store, identifier, sizes, finish=finish)
        with store.upload(identifier, OWNER) as upload:
            offset = upload.offset
    assert offset <= limit
    data = NOISE[: 2 * BUFFER + 5]
    with store.upload(identifier, OWNER) as upload:
        assert upload.offset == offset
        upload.append([data[offset:]])
        assert upload.finish(digest_of(data)) == len(data)
    assert store.path(digest_of(data)).read_bytes() == data


@pytest.mark.parametrize("finish", [False, True], ids=["append", "finish"])
@pytest.mark.parametrize(("limit", "sizes"), REFUSED)
def test_what_was_refused_is_not_believed_to_be_there(
    store: DirectoryBlobs, limit: int, sizes: list[int], finish: bool
) -> None:
    # Whoever goes on with other bytes must not be given a blob under the digest of those that were lost.
    identifier = store.begin(OWNER, "sha256")
    with file_size_limit(limit):
        write_until_refused(store, identifier, sizes, finish=finish)
    with store.upload(identifier, OWNER) as upload:
        taken = next(size for size in itertools.accumulate(sizes) if size > upload.offset)
        other = bytes(taken - upload.offset)
        upload.append([other])
        with pytest.raises(DigestMismatchError):
            upload.finish(digest_of(NOISE[:taken]))
    assert store.size(digest_of(NOISE[:taken])) is None


def test_many_threads_may_write_large_pieces(store: DirectoryBlobs) -> None:
    # The buffers that are kept are shared; what one thread gathers must not end up in another's file.
    def upload_one(number: int) -> None:
        data = NOISE[number * 1000 : number * 1000 + BUFFER + LARGE + number]
        identifier = store.begin(OWNER, "sha256")
        for half in (data[: BUFFER // 2], data[BUFFER // 2 :]):
            with store.upload(identifier, OWNER) as upload:
                upload.append([half])
        with DirectoryBlobs(store.path(digest_of(data)).parents[3]).upload(identifier, OWNER) as upload:
            upload.finish(digest_of(data))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(upload_one, range(48)))
    finally:
        sys.setswitchinterval(interval)


def test_no_descriptor_is_left_open(store: DirectoryBlobs) -> None:
    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_descriptors()
    for end in ("finish", "cancel", "put down", "mismatch"):
        identifier = store.begin(OWNER, "sha256")
        with store.upload(identifier, OWNER) as upload:
            upload.append([NOISE[: LARGE + 1]])
            if end == "finish":
                upload.finish(digest_of(NOISE[: LARGE + 1]))
            elif end == "cancel":
                upload.cancel()
            elif end == "mismatch":
                with pytest.raises(DigestMismatchError):
                    upload.finish(digest_of(b"other"))
    assert open_descriptors() == before
