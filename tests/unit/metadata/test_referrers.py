"""Manifests that refer to another: listed in pages that no client chokes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.digest import Digest, digest_of
from seawall.metadata import manifests
from seawall.metadata.manifests import Descriptor, Manifest
from seawall.metadata.repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
SUBJECT, OTHER = digest_of(b"subject"), digest_of(b"other subject")
IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
SBOM, SIGNATURE = "application/vnd.example.sbom", "application/vnd.example.signature"
LARGEST_MANIFEST: Final = 4 << 20


def put(
    database: Database,
    name: str,
    *,
    kind: str = SBOM,
    subject: str = SUBJECT,
    annotations: Mapping[str, str] | None = None,
    repository: Repository = HERE,
) -> Digest:
    manifest = Manifest(digest_of(name.encode()), IMAGE, name.encode())
    database.write_now(
        manifests.put, repository, manifest, artifact_type=kind, subject=subject, annotations=annotations or {}
    )
    return manifest.digest


def listed(
    database: Database, kind: str | None = None, last: str = "", limit: int = 100, subject: Digest = SUBJECT
) -> tuple[list[Descriptor], bool]:
    found, more = database.read_now(manifests.referrers, HERE, subject, kind, last, limit)
    return list(found), more


def digests(found: tuple[list[Descriptor], bool]) -> list[str]:
    return [one.digest for one in found[0]]


def test_a_list_says_what_clients_need(database: Database) -> None:
    note = {"org.example.note": 'quotes " and \N{SNOWMAN} and \0', "empty": ""}
    digest = put(database, "one", annotations=note)
    assert listed(database) == ([Descriptor(digest, IMAGE, SBOM, 3, note)], False)


def test_a_list_holds_the_referrers_of_one_subject_in_one_repository(database: Database) -> None:
    mine = put(database, "mine")
    put(database, "of another", subject=OTHER)
    put(database, "of nobody", subject="")
    for elsewhere in (Repository("another", HERE.name), Repository(HERE.registry, "team/app/x")):
        put(database, "elsewhere", repository=elsewhere)
    assert digests(listed(database)) == [mine]
    assert listed(database, subject=digest_of(b"unheard of")) == ([], False)


def test_a_list_may_be_limited_to_one_type(database: Database) -> None:
    sboms = sorted(put(database, f"sbom{number}") for number in range(3))
    signature = put(database, "signature", kind=SIGNATURE)
    untyped = put(database, "untyped", kind="")
    assert digests(listed(database, SBOM)) == sboms
    assert digests(listed(database, SIGNATURE)) == [signature]
    assert digests(listed(database)) == sorted([*sboms, signature, untyped])
    assert digests(listed(database, "")) == [untyped]
    for nothing in ("application/x-none", SBOM.upper(), "%", "\0", SBOM + "\0"):
        assert listed(database, nothing) == ([], False)


def test_a_deleted_referrer_is_not_listed_and_one_that_is_back_is(database: Database) -> None:
    kept, gone = put(database, "kept"), put(database, "gone")
    database.write_now(manifests.delete, HERE, gone)
    assert digests(listed(database)) == [kept]
    put(database, "gone")
    assert digests(listed(database)) == sorted([kept, gone])


def test_deleting_the_subject_does_not_hide_its_referrers(database: Database) -> None:
    mine = put(database, "mine")
    subject = put(database, "subject", subject="")
    assert subject == SUBJECT
    database.write_now(manifests.delete, HERE, SUBJECT)
    assert digests(listed(database)) == [mine]


@pytest.mark.parametrize("kind", [None, SBOM])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_put_together_are_the_list(database: Database, kind: str | None, limit: int) -> None:
    every = sorted(put(database, f"sbom{number}") for number in range(7))
    if kind is not None:
        for number in range(5):
            put(database, f"signature{number}", kind=SIGNATURE)
    found: list[str] = []
    more = True
    while more:
        page, more = listed(database, kind, found[-1] if found else "", limit)
        assert 0 < len(page) <= limit
        found += [one.digest for one in page]
    assert found == every


def test_a_page_of_nothing(database: Database) -> None:
    put(database, "one")
    assert listed(database, limit=0) == ([], True)
    assert listed(database, last=digest_of(b"one")) == ([], False)


def rendered(page: list[Descriptor]) -> int:
    """The octets of a list, as long as JSON can make it."""
    entries = [
        {"mediaType": one.media_type, "digest": one.digest, "size": one.size, "artifactType": one.artifact_type}
        | {"annotations": dict(one.annotations)}
        for one in page
    ]
    return len(json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "manifests": entries}, ensure_ascii=True))


@pytest.mark.parametrize(
    "text", ["x" * 700_000, "\N{SNOWMAN}" * 200_000, '"\\' * 300_000, "\N{GRINNING FACE}" * 90_000]
)
def test_no_list_is_larger_than_a_manifest_may_be(database: Database, text: str) -> None:
    every = sorted(put(database, f"large{number}", annotations={"a": text}) for number in range(9))
    found: list[str] = []
    more = True
    while more:
        page, more = listed(database, None, found[-1] if found else "")
        assert page
        assert rendered(page) <= LARGEST_MANIFEST
        found += [one.digest for one in page]
    assert found == every


def test_a_thousand_small_ones_fit_a_page(database: Database) -> None:
    with database.writing() as writer:
        for number in range(1_000):
            body = str(number).encode()
            manifest = Manifest(digest_of(body, "sha512"), IMAGE, body)
            manifests.put(writer, HERE, manifest, artifact_type="a/" + "b" * 250, subject=SUBJECT, annotations={})
    page, more = listed(database, limit=1_000)
    assert rendered(page) <= LARGEST_MANIFEST
    assert len(page) == 1_000
    assert not more


def test_one_that_is_larger_by_itself_does_not_stop_the_list(database: Database) -> None:
    every = sorted(put(database, f"huge{number}", annotations={"a": "x" * 3_900_000}) for number in range(3))
    found: list[str] = []
    for _ in range(3):
        page, _ = listed(database, None, found[-1] if found else "")
        found += [one.digest for one in page]
    assert found == every
