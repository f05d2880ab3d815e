"""Manifests are kept byte for byte, go with their tags, and may come back."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from seawall.blobs.digest import Digest, digest_of
from seawall.metadata import manifests, tags
from seawall.metadata.manifests import Manifest
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
OTHERS: Final = [Repository("another", "team/app"), Repository("myregistry", "team/app/x")]
IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
BODY: Final = b'{"schemaVersion": 2}\n'
DIGEST: Final = digest_of(BODY)
numbers = itertools.count()


def put(database: Database, body: bytes = BODY, repository: Repository = HERE, **more: Any) -> Digest:  # noqa: ANN401
    manifest = Manifest(digest_of(body), IMAGE, body)
    values = {"artifact_type": "", "subject": "", "annotations": {}, **more}
    database.write_now(manifests.put, repository, manifest, **values)
    return manifest.digest


def row(connection: Connection, repository: Repository, digest: str) -> Row[Any]:
    query = select(MANIFEST).where(
        MANIFEST.c.registry == repository.registry,
        MANIFEST.c.repository == repository.name,
        MANIFEST.c.digest == digest,
    )
    return connection.execute(query).one()


@settings(max_examples=20)
@given(body=st.binary(max_size=300))
def test_a_manifest_is_kept_byte_for_byte(database: Database, body: bytes) -> None:
    repository = Repository("myregistry", f"bytes{next(numbers)}")
    digest = put(database, body, repository)
    assert database.read_now(manifests.by_digest, repository, digest) == Manifest(digest, IMAGE, body)


def test_a_manifest_of_four_megabytes(database: Database) -> None:
    body = b"x" * (4 << 20)
    found = database.read_now(manifests.by_digest, HERE, put(database, body))
    assert found is not None
    assert found.body == body


def test_what_is_not_here_is_not_found(database: Database) -> None:
    put(database)
    assert database.read_now(manifests.by_digest, HERE, digest_of(b"other")) is None
    for other in OTHERS:
        assert database.read_now(manifests.by_digest, other, DIGEST) is None
        assert database.read_now(manifests.missing, other, [DIGEST]) == [DIGEST]


def test_to_push_a_manifest_again_that_is_there_is_a_write(database: Database) -> None:
    put(database, annotations={"a": "first"})
    before = database.read_now(row, HERE, DIGEST)
    put(database, annotations={"a": "second"})
    after = database.read_now(row, HERE, DIGEST)
    # In another region it may have been deleted meanwhile, and this push is to outdo that.
    assert after.clock > before.clock
    assert after.sequence > before.sequence
    assert (after.body, after.media_type, after.buried, after.deleted) == (BODY, IMAGE, 0, False)
    assert json.loads(after.annotations) == {"a": "second"}


def test_when_it_was_last_deleted_outlasts_its_being_pushed_again(database: Database) -> None:
    put(database)
    assert database.read_now(row, HERE, DIGEST).buried == 0
    for _ in range(2):
        database.write_now(manifests.delete, HERE, DIGEST)
        deleted = database.read_now(row, HERE, DIGEST)
        assert deleted.buried == deleted.clock
        # To delete what is gone is no delete.
        database.write_now(manifests.delete, HERE, DIGEST)
        assert database.read_now(row, HERE, DIGEST) == deleted
        for _ in range(2):
            put(database)
            assert database.read_now(row, HERE, DIGEST).buried == deleted.clock


def test_a_deleted_manifest_leaves_a_mark_and_no_bytes(database: Database) -> None:
    put(database)
    before = database.read_now(row, HERE, DIGEST)
    assert database.write_now(manifests.delete, HERE, DIGEST) is True
    assert database.read_now(manifests.by_digest, HERE, DIGEST) is None
    after = database.read_now(row, HERE, DIGEST)
    assert after.deleted
    assert after.body == b""
    assert after.clock > before.clock
    assert database.write_now(manifests.delete, HERE, DIGEST) is False
    assert database.read_now(row, HERE, DIGEST) == after


def test_its_tags_go_with_a_manifest(database: Database) -> None:
    other = put(database, b"other")
    put(database)
    for name, digest in (("latest", DIGEST), ("v1", DIGEST), ("v0", other)):
        database.write_now(tags.put, HERE, name, digest)
    database.write_now(manifests.delete, HERE, DIGEST)
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["v0"]
    put(database)
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["v0"]
    assert database.read_now(manifests.by_tag, HERE, "latest") is None
    assert database.write_now(tags.delete, HERE, "latest") is False
    database.write_now(tags.put, HERE, "latest", DIGEST)
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest", "v0"]
    assert database.write_now(tags.delete, HERE, "latest") is True


def test_a_deleted_manifest_that_is_pushed_again_is_back(database: Database) -> None:
    put(database, artifact_type="application/x-first")
    for _ in range(2):
        before = database.read_now(row, HERE, DIGEST)
        database.write_now(manifests.delete, HERE, DIGEST)
        put(database, artifact_type="application/x-second", annotations={"a": "b"})
        assert database.read_now(manifests.by_digest, HERE, DIGEST) == Manifest(DIGEST, IMAGE, BODY)
        after = database.read_now(row, HERE, DIGEST)
        assert not after.deleted
        assert after.artifact_type == "application/x-second"
        assert after.size == len(BODY)
        assert after.clock > before.clock


def test_deleting_in_one_repository_does_not_concern_another(database: Database) -> None:
    for repository in (HERE, *OTHERS):
        put(database, repository=repository)
        database.write_now(tags.put, repository, "latest", DIGEST)
    database.write_now(manifests.delete, HERE, DIGEST)
    for other in OTHERS:
        assert database.read_now(manifests.by_digest, other, DIGEST) is not None
        assert database.read_now(manifests.by_tag, other, "latest") is not None


def test_which_of_very_many_are_missing(database: Database) -> None:
    digests = [digest_of(str(number).encode()) for number in range(1_300)]
    here = digests[::100]
    for number in range(0, 1_300, 100):
        put(database, str(number).encode())
    absent = [digest for digest in digests if digest not in here]
    assert database.read_now(manifests.missing, HERE, digests) == absent
    assert database.read_now(manifests.missing, HERE, [*here, absent[0], absent[0]]) == [absent[0]]
    assert database.read_now(manifests.missing, HERE, iter(())) == []
    database.write_now(manifests.delete, HERE, here[0])
    assert database.read_now(manifests.missing, HERE, here) == [here[0]]


def test_a_tag_that_stands_for_nothing_finds_nothing(database: Database) -> None:
    database.write_now(tags.put, HERE, "latest", DIGEST)
    assert database.read_now(manifests.by_tag, HERE, "latest") is None


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_both_algorithms(database: Database, algorithm: str) -> None:
    digest = digest_of(BODY, algorithm)
    manifest = Manifest(digest, IMAGE, BODY)
    database.write_now(manifests.put, HERE, manifest, artifact_type="", subject="", annotations={})
    assert database.read_now(manifests.by_digest, HERE, digest) == manifest
