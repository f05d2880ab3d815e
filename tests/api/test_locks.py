"""What is locked is neither overwritten nor deleted, by whatever way; everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import content

if TYPE_CHECKING:
    from tests.support.registry import Registry, User

CONFIG = b"{}"


class Locking:
    """A repository with three images under three tags, and the commands that lock it."""

    def __init__(self, registry: Registry, repository: str) -> None:
        self.registry = registry
        self.user: User = registry.admin
        self.name = repository
        self.user.push_blob(repository, CONFIG)
        self.digests = {tag: self.put(tag, tag) for tag in ("v1", "v2", "v3")}

    def body(self, text: str) -> bytes:
        return content.image(CONFIG, annotations={"text": text})

    def put(self, tag: str, text: str, status: int = 201) -> str:
        body = self.body(text)
        headers = {"Content-Type": content.OCI_IMAGE}
        path = f"/v2/{self.name}/manifests/{tag}"
        answer = self.user.call("PUT", path, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        return content.digest_of(body)

    def delete(self, reference: str) -> int:
        return self.user.call("DELETE", f"/v2/{self.name}/manifests/{reference}").status_code

    def stands_for(self, tag: str) -> str | None:
        found: str | None = self.user.call("HEAD", f"/v2/{self.name}/manifests/{tag}").headers.get(
            "docker-content-digest"
        )
        return found

    def tags(self) -> list[str]:
        listed: list[str] = self.user.call("GET", f"/v2/{self.name}/tags/list").json()["tags"]
        return listed

    def lock(self, what: str, *options: str) -> None:
        self.registry.server.run("lock", "set", f"{self.name}{what}", "-r", self.registry.name, *options)

    def unlock(self, what: str, *options: str) -> None:
        self.registry.server.run("lock", "remove", f"{self.name}{what}", "-r", self.registry.name, *options)


@pytest.fixture
def locking(first: Registry, repository: str) -> Locking:
    return Locking(first, repository)


def test_a_locked_tag_keeps_its_image(locking: Locking) -> None:
    locking.lock(":v1")
    locking.put("v1", "other", status=405)
    assert locking.delete("v1") == 405
    # Also not by the back door: a push by digest that names the tag, and a delete of what it stands for.
    body = locking.body("other")
    path = f"/v2/{locking.name}/manifests/{content.digest_of(body)}?tag=v1"
    answer = locking.user.call("PUT", path, content=body, headers={"Content-Type": content.OCI_IMAGE})
    assert answer.status_code == 405
    assert locking.delete(locking.digests["v1"]) == 405
    assert locking.stands_for("v1") == locking.digests["v1"]
    # What changes nothing may be pushed again, and other tags are free.
    locking.put("v1", "v1")
    locking.put("v2", "other")
    assert locking.delete("v3") == 202


def test_a_lock_taken_off_is_off(locking: Locking) -> None:
    locking.lock(":v1")
    locking.unlock(":v1", "--against", "write")
    assert locking.put("v1", "other") == locking.stands_for("v1")
    assert locking.delete("v1") == 405
    locking.lock(":v1", "--against", "read", "--against", "list")
    assert locking.stands_for("v1") is None
    assert "v1" not in locking.tags()
    locking.unlock(":v1")
    assert locking.delete("v1") == 202


@pytest.mark.parametrize(("against", "pushed", "deleted"), [("write", 405, 405), ("delete", 201, 405)])
def test_each_right_by_itself(locking: Locking, against: str, pushed: int, deleted: int) -> None:
    locking.lock(":v1", "--against", against)
    locking.put("v1", "other", status=pushed)
    assert locking.delete("v1") == deleted


def test_a_locked_manifest_is_not_deleted_whatever_becomes_of_its_tags(locking: Locking) -> None:
    digest = locking.digests["v1"]
    locking.lock(f"@{digest}")
    assert locking.delete(digest) == 405
    assert locking.delete("v1") == 202
    assert locking.stands_for(digest) == digest


def test_a_locked_repository_takes_nothing_new_and_gives_nothing_away(locking: Locking) -> None:
    locking.lock("")
    locking.put("v1", "other", status=405)
    locking.put("v4", "new", status=405)
    assert locking.delete("v1") == 405
    assert locking.delete(locking.digests["v2"]) == 405
    assert [locking.stands_for(tag) for tag in locking.digests] == list(locking.digests.values())
    locking.unlock("")
    assert locking.put("v4", "new") == locking.stands_for("v4")


def test_locks_are_listed(locking: Locking) -> None:
    locking.lock(":v1", "--against", "delete")
    locking.lock("")
    told = locking.registry.server.run_json("lock", "list", "-r", locking.registry.name)
    mine = [one for one in told if one["repository"] == locking.name]
    assert mine == [
        {"repository": locking.name, "name": "", "against": ["delete", "write"]},
        {"repository": locking.name, "name": "v1", "against": ["delete"]},
    ]
    assert locking.name in locking.registry.server.run("lock", "list", "-r", locking.registry.name)
    locking.unlock("")


@pytest.mark.parametrize("target", ["UPPER", "app:-tag", "app@sha256:12", "app@", ":v1"])
def test_what_cannot_be_locked(first: Registry, target: str) -> None:
    assert first.server.fails("lock", "set", target, "-r", first.name)


def test_a_right_that_there_is_not(first: Registry) -> None:
    assert "one of delete, write, read, list" in first.server.fails(
        "lock", "set", "app", "--against", "reading", "-r", first.name
    )
