"""What is particular to blobs in a directory: files, their names, full disks, and races between processes."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import threading
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.contract import DigestMismatchError, UploadBusyError, UploadUnknownError
from seawall.blobs.digest import Digest, digest_of
from seawall.blobs.directory import DirectoryBlobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OWNER: Final = "myregistry\nteam/app\nalice"
DATA: Final = b"some bytes"
DIGEST: Final = digest_of(DATA)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if not path.is_dir()]


def put(store: DirectoryBlobs, data: bytes) -> Digest:
    identifier = store.begin(OWNER, "sha256")
    with store.upload(identifier, OWNER) as upload:
        upload.append([data])
        upload.finish(digest_of(data))
    return digest_of(data)


def test_a_blob_is_one_file_where_path_says(tmp_path: Path) -> None:
    store = DirectoryBlobs(tmp_path)
    put(store, DATA)
    assert files(tmp_path) == [store.path(DIGEST)]
    assert store.path(DIGEST).read_bytes() == DATA


def test_nobody_may_write_to_a_blob(tmp_path: Path) -> None:
    store = DirectoryBlobs(tmp_path)
    put(store, DATA)
    assert stat.S_IMODE(store.path(DIGEST).stat().st_mode) & 0o377 == 0


@pytest.mark.parametrize("end", ["cancel", "mismatch", "expire", "dedupe"])
def test_no_file_is_left_of_an_upload_that_is_over(tmp_path: Path, end: str) -> None:
    store = DirectoryBlobs(tmp_path)
    kept = put(store, DATA)
    identifier = store.begin(OWNER, "sha256")
    with store.upload(identifier, OWNER) as upload:
        upload.append([DATA])
        if end == "cancel":
            upload.cancel()
        elif end == "mismatch":
            with pytest.raises(DigestMismatchError):
                upload.finish(digest_of(b"other"))
        elif end == "dedupe":
            upload.finish(DIGEST)
    if end == "expire":
        assert store.expire(-1) == 1
    assert files(tmp_path) == [store.path(kept)]


def test_a_blob_that_was_cut_short_is_replaced(tmp_path: Path) -> None:
    # As a disk does that lost the end of a file.
    store = DirectoryBlobs(tmp_path)
    store.path(DIGEST).write_bytes(DATA[:3])
    put(store, DATA)
    assert store.path(DIGEST).read_bytes() == DATA


def test_a_path_is_inside_whatever_directory_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = DirectoryBlobs(tmp_path.joinpath("store").relative_to(tmp_path))
    put(store, DATA)
    monkeypatch.chdir("/")
    assert store.path(DIGEST).is_absolute()
    assert b"".join(store.read(DIGEST, 0, len(DATA))) == DATA


@pytest.mark.parametrize("identifier", ["link", "../../outside", "{}/outside", "..", "../blobs/sha256"])
def test_no_identifier_leads_out_of_the_directory(tmp_path: Path, identifier: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    store = DirectoryBlobs(tmp_path / "root")
    store.begin(OWNER, "sha256")
    for directory in [path for path in tmp_path.rglob("uploads") if path.is_dir()]:
        (directory / "link").symlink_to(outside)
    before = files(tmp_path)
    with pytest.raises(UploadUnknownError), store.upload(identifier.format(tmp_path), OWNER):
        pass
    assert files(tmp_path) == before
    assert outside.read_bytes() == b"secret"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    directory = tmp_path / "disk"
    directory.mkdir()
    if os.geteuid() != 0:
        pytest.skip("a file system of its own can only be mounted by root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def append_until_full(store: DirectoryBlobs, identifier: str, data: bytes, step: int) -> tuple[int, int]:
    """Write until it fails; return how far the upload had come before, and how far it says it has come."""
    with store.upload(identifier, OWNER) as upload:
        before = upload.offset
        with pytest.raises(OSError, match="No space left"):  # noqa: PT012 - which call fails is open
            for start in range(before, len(data), step):
                upload.append([data[start : start + step // 2], data[start + step // 2 : start + step]])
        return before, upload.offset


def assert_resumes(store: DirectoryBlobs, make_room: Callable[[], None], data: bytes, step: int) -> None:
    """Whatever an upload says it has must be the beginning of the data; with more room it is gone on with."""
    identifier = store.begin(OWNER, "sha256")
    _, offset = append_until_full(store, identifier, data, step)
    assert 0 < offset < len(data)
    again, offset_after = append_until_full(store, identifier, data, step)
    assert offset == again <= offset_after < len(data)
    make_room()
    with store.upload(identifier, OWNER) as upload:
        assert upload.offset == offset_after
        upload.append([data[offset_after:]])
        assert upload.finish(digest_of(data)) == len(data)
    assert store.path(digest_of(data)).read_bytes() == data


def test_a_full_disk_loses_nothing(small_disk: Path) -> None:
    filler = small_disk / "filler"
    store = DirectoryBlobs(small_disk)
    filler.write_bytes(b"x" * (500 << 10))
    assert_resumes(store, filler.unlink, os.urandom(700 << 10), 300_001)


def during_lock(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Let something happen just before the next lock is taken, as if another process had been faster."""
    lock, pending = fcntl.flock, [meanwhile]

    def flock(descriptor: int, operation: int) -> None:
        if pending:
            pending.pop()()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.parametrize("end", ["finish", "cancel", "expire"])
def test_an_upload_that_ends_while_it_is_opened_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    store, other = DirectoryBlobs(tmp_path), DirectoryBlobs(tmp_path)
    identifier = store.begin(OWNER, "sha256")
    with store.upload(identifier, OWNER) as upload:
        upload.append([DATA])

    def end_it() -> None:
        if end == "expire":
            other.expire(-1)
            return
        with other.upload(identifier, OWNER) as upload:
            upload.finish(DIGEST) if end == "finish" else upload.cancel()

    during_lock(monkeypatch, end_it)
    with pytest.raises(UploadUnknownError), store.upload(identifier, OWNER) as upload:
        upload.append([b"into a published blob"])
    if end == "finish":
        assert store.path(DIGEST).read_bytes() == DATA


def test_an_upload_that_goes_on_while_it_expires_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = DirectoryBlobs(tmp_path), DirectoryBlobs(tmp_path)
    identifier = store.begin(OWNER, "sha256")
    for file in files(tmp_path):
        os.utime(file, (0, 0))

    def go_on() -> None:
        with other.upload(identifier, OWNER) as upload:
            upload.append([DATA])

    during_lock(monkeypatch, go_on)
    assert store.expire(3600) == 0
    with store.upload(identifier, OWNER) as upload:
        assert upload.offset == len(DATA)


def test_uploads_may_come_and_go_while_others_expire(tmp_path: Path) -> None:
    store, other = DirectoryBlobs(tmp_path), DirectoryBlobs(tmp_path)
    done = threading.Event()

    def come_and_go() -> None:
        for _ in range(300):
            identifier = other.begin(OWNER, "sha256")
            with other.upload(identifier, OWNER) as upload:
                upload.cancel()
        done.set()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    while not done.is_set():
        assert store.expire(3600) == 0
    thread.join()
    assert files(tmp_path) == []


def test_many_threads_at_one_upload_never_write_into_the_blob(tmp_path: Path) -> None:
    store, late = DirectoryBlobs(tmp_path), DirectoryBlobs(tmp_path)
    entered = []

    def come_late(identifier: str, finished: threading.Event, stop: threading.Event) -> None:
        while not stop.is_set():
            over = finished.is_set()
            try:
                with late.upload(identifier, OWNER) as upload:
                    if over:
                        entered.append(identifier)
                        upload.append([b"too late"])
            except UploadUnknownError:
                return
            except UploadBusyError:
                pass

    for number in range(15):
        data = b"%d" % number
        identifier = store.begin(OWNER, "sha256")
        finished, stop = threading.Event(), threading.Event()
        threads = [threading.Thread(target=come_late, args=(identifier, finished, stop)) for _ in range(2)]
        for thread in threads:
            thread.start()
        while not finished.is_set():
            try:
                with store.upload(identifier, OWNER) as upload:
                    upload.append([data])
                    upload.finish(digest_of(data))
                finished.set()
            except UploadBusyError:
                pass
        stop.set()
        for thread in threads:
            thread.join()
        assert store.path(digest_of(data)).read_bytes() == data
    assert not entered
