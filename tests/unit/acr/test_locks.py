"""Attributes: each keeps from what it is against, by every way through the login door."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from seawall.identity.actions import Rights
from seawall.metadata import locks
from seawall.metadata.locks import Right
from tests.support import content
from tests.unit.acr.counter import CONFIG, REGISTRY, Counter, here

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.blobs.directory import DirectoryBlobs
    from seawall.metadata.database import Database

ATTRIBUTES = ("deleteEnabled", "writeEnabled", "readEnabled", "listEnabled")


def status(counter: Counter, method: str, path: str) -> int:
    return counter.call(method, path).status


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("kind", ["repository", "tag", "manifest"])
def test_an_attribute_is_shown_as_it_was_set_and_no_other_is_changed(counter: Counter, kind: str, name: str) -> None:
    digest = counter.push("app", "v1")
    path = {"repository": "app", "tag": "app/_tags/v1", "manifest": f"app/_manifests/{digest}"}[kind]

    def attributes(told: Any) -> dict[str, bool]:  # noqa: ANN401
        found: dict[str, bool] = told.get(kind, told)["changeableAttributes"]
        return found

    set_so = attributes(counter.lock(path, **{name: False}).json)
    assert set_so == dict.fromkeys(ATTRIBUTES, True) | {name: False}
    assert attributes(counter.get(f"/acr/v1/{path}")) == set_so
    others = [other for other in ("app", "app/_tags/v1", f"app/_manifests/{digest}") if other != path]
    for other in others:
        shown = counter.get(f"/acr/v1/{other}")
        kept = next((shown[one] for one in ("tag", "manifest") if one in shown), shown)
        assert all(kept["changeableAttributes"].values())
    # Null and unknown members change nothing, and the same again is not written again.
    before = counter.database.read_now(locks.list_all, "myregistry")
    counter.lock(path, **{name: False})
    assert counter.call("PATCH", f"/acr/v1/{path}", {name: None, "quarantineState": "x"}).status == 200
    assert counter.database.read_now(locks.list_all, "myregistry") == before
    assert all(attributes(counter.lock(path, **{name: True}).json).values())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'{"readEnabled": "false"}', b'{"readEnabled": 0}'])
def test_what_is_no_change_is_refused(counter: Counter, body: bytes) -> None:
    counter.push("app", "v1")
    assert counter.call("PATCH", "/acr/v1/app", body).status in {400, 413}
    assert counter.database.read_now(locks.list_all, "myregistry") == []


def manifest_paths(digest: str) -> dict[str, str]:
    return {"v1": "/v2/app/manifests/v1", "latest": "/v2/app/manifests/latest", "digest": f"/v2/app/manifests/{digest}"}


@pytest.mark.parametrize(
    ("what", "kept_from", "blobs"),
    [
        ("app", {"v1", "latest", "digest"}, 405),
        ("app/_tags/v1", {"v1"}, 307),
        ("app/_manifests/{digest}", {"v1", "latest", "digest"}, 307),
    ],
)
def test_what_is_locked_against_reading_is_not_read(
    counter: Counter, what: str, kept_from: set[str], blobs: int
) -> None:
    digest = counter.push("app", "v1", "layer")
    counter.push("app", "latest", "layer")
    # Somebody who only reads, since those who push may know what is there.
    counter.doorman.rights = Rights.of_scope_map(
        [f"repositories/*/{one}" for one in ("content/read", "metadata/read", "metadata/write")]
    )
    blob = f"/v2/app/blobs/{content.digest_of(b'layer')}"

    def answers(method: str) -> dict[str, int]:
        return {name: status(counter, method, path) for name, path in manifest_paths(digest).items()}

    free = dict.fromkeys(("v1", "latest", "digest"), 200)
    assert answers("GET") == free
    counter.lock(what.format(digest=digest), readEnabled=False)
    locked = free | dict.fromkeys(kept_from, 405)
    assert answers("GET") == answers("HEAD") == locked
    assert status(counter, "GET", blob) == blobs
    assert status(counter, "HEAD", blob) == (405 if blobs == 405 else 200)
    refusal = counter.call("GET", next(manifest_paths(digest)[name] for name in kept_from)).json["errors"][0]
    assert "locked against read" in refusal["message"]
    # It may still be looked at and listed, or nobody could unlock it.
    assert status(counter, "GET", "/acr/v1/app") == status(counter, "GET", "/acr/v1/app/_tags/v1") == 200
    assert counter.get("/v2/app/tags/list")["tags"] == ["latest", "v1"]
    counter.lock(what.format(digest=digest), readEnabled=True)
    assert answers("GET") == free
    assert status(counter, "GET", blob) == 307


def test_those_who_push_are_told_what_is_there(counter: Counter) -> None:
    counter.push("app", "v1", "layer")
    counter.lock("app", readEnabled=False)
    blob = f"/v2/app/blobs/{content.digest_of(b'layer')}"
    assert status(counter, "HEAD", blob) == 200
    assert status(counter, "GET", blob) == 405
    counter.push("app", "v2", "another")


def test_nothing_is_mounted_from_where_nothing_may_be_read(counter: Counter) -> None:
    counter.push("secret", "v1", "layer")
    digest = content.digest_of(b"layer")
    counter.lock("secret", readEnabled=False)
    for query in (f"mount={digest}&from=secret", f"mount={digest}"):
        assert counter.call("POST", f"/v2/app/blobs/uploads/?{query}").status == 202
    # Another repository has it, too; it is the one that a client means who names none.
    counter.push("zoo", "v1", "layer")
    assert counter.call("POST", f"/v2/app/blobs/uploads/?mount={digest}").status == 201
    counter.lock("zoo", readEnabled=False)
    assert counter.call("POST", f"/v2/another/blobs/uploads/?mount={digest}&from=zoo").status == 202
    counter.lock("secret", readEnabled=True)
    assert counter.call("POST", f"/v2/another/blobs/uploads/?mount={digest}&from=secret").status == 201


LISTS: dict[str, Callable[[Counter], list[str]]] = {
    "catalog": lambda counter: counter.get("/v2/_catalog")["repositories"],
    "own catalog": lambda counter: counter.get("/acr/v1/_catalog")["repositories"],
    "tags": lambda counter: counter.get("/v2/app/tags/list")["tags"],
    "own tags": lambda counter: [one["name"] for one in counter.get("/acr/v1/app/_tags")["tags"]],
    "newest tags": lambda counter: [one["name"] for one in counter.get("/acr/v1/app/_tags?orderby=timedesc")["tags"]],
    "manifests": lambda counter: [one["digest"] for one in counter.get("/acr/v1/app/_manifests")["manifests"]],
}
TAG_LISTS = ("tags", "own tags", "newest tags")


def lists(counter: Counter) -> dict[str, set[str]]:
    return {name: set(listed(counter)) for name, listed in LISTS.items()}


def test_what_is_not_to_be_listed_is_in_no_list(counter: Counter) -> None:
    one, two = counter.push("app", "v1", "one"), counter.push("app", "v2", "two")
    counter.push("other", "v1")
    free = lists(counter)
    assert free == {
        **{name: {"app", "other"} for name in ("catalog", "own catalog")},
        **{name: {"v1", "v2"} for name in TAG_LISTS},
        "manifests": {one, two},
    }
    counter.lock("app/_tags/v1", listEnabled=False)
    assert lists(counter) == free | {name: {"v2"} for name in TAG_LISTS}
    assert counter.get(f"/acr/v1/app/_manifests/{one}")["manifest"]["tags"] == []
    assert counter.get("/acr/v1/app/_tags/v1")["tag"]["name"] == "v1"
    counter.lock("app/_tags/v1", listEnabled=True)
    counter.lock(f"app/_manifests/{one}", listEnabled=False)
    assert lists(counter) == free | {"manifests": {two}}
    assert counter.get("/acr/v1/app")["manifestCount"] == 2
    counter.lock(f"app/_manifests/{one}", listEnabled=True)
    counter.lock("app", listEnabled=False)
    assert counter.get("/v2/_catalog")["repositories"] == counter.get("/acr/v1/_catalog")["repositories"] == ["other"]
    for path in ("/v2/app/tags/list", "/acr/v1/app/_tags", "/acr/v1/app/_manifests"):
        assert counter.call("GET", path).json["errors"][0]["code"] == "NAME_UNKNOWN"
    # Those who know its name may read it, and unlock it.
    assert status(counter, "GET", "/v2/app/manifests/v1") == status(counter, "GET", "/acr/v1/app") == 200
    counter.lock("app", listEnabled=True)
    assert lists(counter) == free


@pytest.mark.parametrize("what", ["app", "app/_manifests/{digest}"])
def test_referrers_are_listed_unless_they_are_not_to_be(counter: Counter, what: str) -> None:
    subject = counter.push("app", "v1")
    counter.call("POST", f"/v2/app/blobs/uploads/?digest={content.digest_of(b'{}')}", b"{}")
    body = content.artifact("application/x.signature", subject=content.image(CONFIG, b""))
    digest = counter.put("app", None, body)

    def referrers() -> list[str]:
        return [one["digest"] for one in counter.get(f"/v2/app/referrers/{subject}")["manifests"]]

    assert referrers() == [digest]
    counter.lock(what.format(digest=digest), listEnabled=False)
    assert referrers() == []


@pytest.mark.parametrize("attribute", ["deleteEnabled", "writeEnabled"])
@pytest.mark.parametrize("what", ["app", "app/_tags/v1", "app/_manifests/{digest}"])
def test_what_is_locked_is_not_deleted_nor_what_it_needs(counter: Counter, what: str, attribute: str) -> None:
    digest = counter.push("app", "v1", "layer")
    counter.push("app", "v2", "other")
    layer = content.digest_of(b"layer")
    counter.lock(what.format(digest=digest), **{attribute: False})
    for path in ("/acr/v1/app", f"/v2/app/manifests/{digest}", f"/v2/app/blobs/{layer}"):
        assert status(counter, "DELETE", path) == 405, path
    tag = 405 if "_manifests" not in what else 202
    assert status(counter, "DELETE", "/acr/v1/app/_tags/v1") == tag
    if what != "app":
        assert status(counter, "DELETE", "/v2/app/manifests/v2") == 202
        assert status(counter, "DELETE", f"/v2/app/blobs/{content.digest_of(b'other')}") == 202
    assert status(counter, "GET", f"/v2/app/manifests/{digest}") == 200
    counter.lock(what.format(digest=digest), **{attribute: True})
    assert status(counter, "DELETE", "/acr/v1/app") == 202


def test_a_lock_on_what_is_not_there_keeps_nothing_from_being_deleted(counter: Counter) -> None:
    counter.push("app", "v1")
    with counter.database.writing() as writer:
        for name in ("v9", content.digest_of(b"none")):
            locks.put(writer, here("app"), name, Right.DELETE, allowed=False)
    assert status(counter, "DELETE", f"/v2/app/blobs/{content.digest_of(CONFIG)}") == 202
    assert status(counter, "DELETE", "/acr/v1/app") == 202


def test_a_switch_keeps_everything_from_being_deleted(
    counter: Counter, database: Database, store: DirectoryBlobs
) -> None:
    counter.push("app", "v1")
    other = Counter(database, store, replace(REGISTRY, deletes=False))
    for path in ("/acr/v1/app", "/acr/v1/app/_tags/v1"):
        assert status(other, "DELETE", path) == 405
    assert status(counter, "GET", "/v2/app/manifests/v1") == 200
