"""Deleting a repository with all that is in it, and what others learn of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from seawall.metadata import repositories, tags, webhooks
from seawall.metadata.own import EVENT
from seawall.registry import deleting
from tests.unit.acr.counter import here
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import sync

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seawall.metadata.database import Database
    from tests.unit.acr.counter import Counter


@pytest.mark.parametrize("at_once", [1, 2, 3, 20_000])
def test_all_of_it_is_gone_and_told_of(counter: Counter, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "AT_ONCE", at_once)
    digests = {counter.push("app", name, text) for name, text in (("v1", "one"), ("v2", "two"), (None, "three"))}
    counter.push("app", "latest", "two")
    counter.push("other", "v1", "one")
    answer = counter.call("DELETE", "/acr/v1/app")
    assert answer.status == 202
    told = answer.json
    assert (set(told["manifestsDeleted"]), set(told["tagsDeleted"])) == (digests, {"v1", "v2", "latest"})
    assert (len(told["manifestsDeleted"]), len(told["tagsDeleted"])) == (3, 3)
    for path in ("/acr/v1/app", "/acr/v1/app/_tags", "/v2/app/tags/list", "/v2/app/manifests/v1"):
        assert counter.call("GET", path).status == 404
    assert counter.call("DELETE", "/acr/v1/app").status == 404
    assert counter.get("/v2/_catalog")["repositories"] == ["other"]
    assert counter.call("GET", "/v2/other/manifests/v1").status == 200
    # It can be pushed again, and nothing of before comes back.
    counter.push("app", "v1", "two")
    assert counter.get("/v2/app/tags/list")["tags"] == ["v1"]
    assert (counter.get("/acr/v1/app")["manifestCount"], counter.get("/acr/v1/app")["tagCount"]) == (1, 1)


def test_a_repository_with_nothing_in_it_is_deleted(counter: Counter) -> None:
    counter.database.write_now(repositories.put, here("app"))
    assert counter.call("DELETE", "/acr/v1/app").json == {"manifestsDeleted": [], "tagsDeleted": []}
    assert counter.get("/v2/_catalog")["repositories"] == []


def events(database: Database) -> list[tuple[str, str | None, str]]:
    def read(connection: Any) -> list[str]:  # noqa: ANN401
        return list(connection.execute(select(EVENT.c.document).order_by(EVENT.c.sequence, EVENT.c.number)).scalars())

    told = [json.loads(document)["data"] for document in database.read_now(read)]
    return [(one["action"], one["target"].get("tag"), one["target"]["digest"]) for one in told]


def test_webhooks_are_told(counter: Counter) -> None:
    one, two = counter.push("app", "v1", "one"), counter.push("app", "v2", "two")
    counter.push("app", "latest", "two")
    hook = webhooks.Webhook("myregistry", "hook", "https://hook.example/", (webhooks.DELETE,))
    counter.database.write_now(webhooks.put, hook)
    counter.call("DELETE", "/acr/v1/app/_tags/v1")
    assert events(counter.database) == [("delete", "v1", one)]
    counter.call("DELETE", "/acr/v1/app")
    rest = {("delete", None, one), ("delete", None, two), ("delete", "v2", two), ("delete", "latest", two)}
    assert set(events(counter.database)[1:]) == rest
    assert len(events(counter.database)) == 5


def test_what_another_region_pushed_meanwhile_is_not_lost_from_sight(
    tmp_path: Path, migrated_sqlite: Path, open_databases: Callable[..., Database]
) -> None:
    east, west = (
        open_databases(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / f'{name}.db')}", name)
        for name in ("eastus", "westus")
    )
    app = here("app")

    def make(writer: Any, body: bytes, tag: str) -> None:  # noqa: ANN401
        repositories.put(writer, app)
        push(writer, app, body, tag)

    east.write_now(make, b"one", "v1")
    sync(east, west)
    west.write_now(make, b"two", "v2")
    assert east.write_now(deleting._repository, app, 100) is not None
    assert not east.read_now(repositories.exists, app)
    sync(east, west)
    for region in (east, west):
        assert region.read_now(repositories.exists, app)
        assert region.read_now(repositories.page, "myregistry", "", 10) == ["app"]
        assert region.read_now(tags.page, app, "", 10) == ["v2"]
