"""Any sequence of calls leaves a store as it leaves two dictionaries."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from seawall.blobs.contract import DigestMismatchError, UploadUnknownError
from seawall.blobs.digest import ALGORITHMS, Digest, digest_of
from tests.unit.blobs.conftest import STORES

if TYPE_CHECKING:
    from seawall.blobs.contract import BlobStore

algorithms = st.sampled_from(sorted(ALGORITHMS))
owners = st.sampled_from(["alice", "bob"])
# Few and small, so that different uploads end up with the same blob.
chunks = st.lists(st.sampled_from([b"", b"a", b"ab", b"b" * 5000]), max_size=3)


class StoreMachine(RuleBasedStateMachine):
    """Drives a store and its model side by side."""

    kind = ""
    uploads: Bundle[tuple[str, str]] = Bundle("uploads")

    @initialize()
    def begin_with_nothing(self) -> None:
        # In memory where there is such a place: what is told apart here does not depend on the disk.
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.directory = Path(tempfile.mkdtemp(prefix="seawall-model-", dir=memory))
        self.store: BlobStore = STORES[self.kind](self.directory)
        self.received: dict[str, bytes] = {}
        self.blobs: dict[Digest, bytes] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.directory)

    @rule()
    def restart(self) -> None:
        self.store = STORES[self.kind](self.directory)

    @rule(target=uploads, owner=owners, algorithm=algorithms)
    def begin(self, owner: str, algorithm: str) -> tuple[str, str]:
        identifier = self.store.begin(owner, algorithm)
        assert identifier not in self.received
        self.received[identifier] = b""
        return identifier, owner

    @rule(upload=uploads, parts=chunks)
    def append(self, upload: tuple[str, str], parts: list[bytes]) -> None:
        with self.store.upload(*upload) as opened:
            assert opened.offset == len(self.received[upload[0]])
            opened.append(parts)
            self.received[upload[0]] += b"".join(parts)
            assert opened.offset == len(self.received[upload[0]])

    @rule(upload=consumes(uploads), parts=chunks, algorithm=algorithms)
    def finish(self, upload: tuple[str, str], parts: list[bytes], algorithm: str) -> None:
        data = self.received.pop(upload[0]) + b"".join(parts)
        digest = digest_of(data, algorithm)
        with self.store.upload(*upload) as opened:
            opened.append(parts)
            assert opened.finish(digest) == len(data)
        self.blobs[digest] = data
        self.is_unknown(upload)

    @rule(upload=consumes(uploads), other=chunks, algorithm=algorithms)
    def finish_as_something_else(self, upload: tuple[str, str], other: list[bytes], algorithm: str) -> None:
        digest = digest_of(self.received.pop(upload[0]) + b"".join(other) + b"!", algorithm)
        with self.store.upload(*upload) as opened, pytest.raises(DigestMismatchError):
            opened.finish(digest)
        self.is_unknown(upload)

    @rule(upload=consumes(uploads))
    def cancel(self, upload: tuple[str, str]) -> None:
        with self.store.upload(*upload) as opened:
            opened.cancel()
        del self.received[upload[0]]
        self.is_unknown(upload)

    @rule(upload=uploads)
    def somebody_else_tries(self, upload: tuple[str, str]) -> None:
        self.is_unknown((upload[0], "mallory"))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        digest = data.draw(st.sampled_from([*self.blobs, digest_of(b"never uploaded")]))
        self.store.delete(digest)
        self.blobs.pop(digest, None)

    @rule(data=st.data())
    def read_a_part(self, data: st.DataObject) -> None:
        if self.blobs:
            digest = data.draw(st.sampled_from(list(self.blobs)))
            size = len(self.blobs[digest])
            start = data.draw(st.integers(0, size))
            stop = data.draw(st.integers(start, size))
            assert b"".join(self.store.read(digest, start, stop)) == self.blobs[digest][start:stop]

    @rule()
    def expire_nothing(self) -> None:
        assert self.store.expire(3600) == 0

    @invariant()
    def what_is_there_is_what_should_be(self) -> None:
        for digest, data in getattr(self, "blobs", {}).items():
            assert self.store.size(digest) == len(data)
            assert b"".join(self.store.read(digest, 0, len(data))) == data

    def is_unknown(self, upload: tuple[str, str]) -> None:
        with pytest.raises(UploadUnknownError), self.store.upload(*upload):
            pass


EXAMPLES: Final = settings(max_examples=20, stateful_step_count=20, deadline=None)


class DirectoryMachine(StoreMachine):
    """The directory store."""

    kind = "directory"


TestDirectory = DirectoryMachine.TestCase
TestDirectory.settings = EXAMPLES
