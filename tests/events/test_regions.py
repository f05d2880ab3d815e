"""Pushes and deletes are told where they are received and where they are replicated, once each."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

import pytest

from seawall.metadata import log, registries, webhooks
from seawall.replication.contract import PeerError
from seawall.topology import Registry, Replica
from tests.events.telling import NOWHERE, create, delete, follow, manifest, push, told, words
from tests.replication.regions import EAST, NAMES, NORTH, REGISTRY, WEST
from tests.support import content

if TYPE_CHECKING:
    from tests.replication.regions import Regions

ONE: Final = manifest("one")
TWO: Final = manifest("two")


def test_a_push_is_told_where_it_is_received_and_where_it_is_replicated(world: Regions) -> None:
    create(world, world[EAST])
    world.run(push(world[EAST], "app", "v1", ONE))
    assert words(world[EAST].database) == ["push app:v1"]
    assert words(world[WEST].database) == []
    world.run(world.rest())
    assert words(world[EAST].database) == ["push app:v1"]
    for name in (NORTH, WEST):
        assert words(world[name].database) == ["push.replicated app:v1"]
    here, elsewhere = told(world[EAST].database)[0], told(world[WEST].database)[0]
    assert here["id"] != elsewhere["id"]
    assert here["time"] == elsewhere["time"]
    target = {
        "mediaType": content.OCI_INDEX,
        "size": len(ONE),
        "digest": content.digest_of(ONE),
        "repository": "app",
        "tag": "v1",
    }
    common = {"action": "push", "target": target, "origin": EAST}
    assert here["data"] == {**common, "region": EAST, "replicated": False}
    assert elsewhere["data"] == {**common, "region": WEST, "replicated": True}


def test_the_time_is_that_of_the_push(world: Regions) -> None:
    create(world, world[EAST])
    before = world.now()
    world.run(push(world[EAST], "app", "v1", ONE))
    after = world.now()
    (event,) = told(world[EAST].database)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert before <= round(datetime.fromisoformat(event["time"]).timestamp() * 1000) <= after


def test_an_echo_is_not_told(world: Regions) -> None:
    create(world, world[EAST])
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(world.rest())
    before = {name: told(world[name].database) for name in NAMES}
    # Everything once more, and by the third region as well.
    for name in NAMES:
        world[name].database.note_now(log.renew)
    world.run(world.rest())
    assert {name: told(world[name].database) for name in NAMES} == before


def test_each_tag_of_a_push_is_told_and_the_manifest_only_if_it_has_none(world: Regions) -> None:
    create(world, world[EAST])
    digest = world.run(push(world[EAST], "app", content.digest_of(ONE), ONE, "v1", "v1.2"))
    world.run(push(world[EAST], "app", content.digest_of(TWO), TWO))
    other = content.digest_of(TWO)
    assert words(world[EAST].database) == ["push app:v1", "push app:v1.2", f"push app@{other}"]
    untagged = told(world[EAST].database)[-1]["data"]["target"]
    assert "tag" not in untagged
    assert untagged["digest"] == other
    world.run(world.rest())
    assert sorted(words(world[WEST].database)) == sorted(
        ["push.replicated app:v1", "push.replicated app:v1.2", f"push.replicated app@{other}"]
    )
    assert {event["data"]["target"]["digest"] for event in told(world[WEST].database)} == {digest, other}


def test_pushing_again_is_told_again(world: Regions) -> None:
    create(world, world[EAST])
    for _ in range(2):
        world.run(push(world[EAST], "app", "v1", ONE))
        world.run(world.rest())
    assert words(world[EAST].database) == ["push app:v1"] * 2
    assert words(world[WEST].database) == ["push.replicated app:v1"] * 2


def test_a_tag_that_moves_is_a_push_and_no_delete(world: Regions) -> None:
    create(world, world[EAST])
    for body in (ONE, TWO):
        world.run(push(world[EAST], "app", "latest", body))
        world.run(world.rest())
    for name, kind in ((EAST, "push"), (WEST, "push.replicated")):
        assert words(world[name].database) == [f"{kind} app:latest"] * 2
        digests = [event["data"]["target"]["digest"] for event in told(world[name].database)]
        assert digests == [content.digest_of(ONE), content.digest_of(TWO)]


def test_a_deleted_tag_is_told(world: Regions) -> None:
    create(world, world[EAST], actions=("delete",))
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(world.rest())
    assert world.run(delete(world[WEST], "app", "v1"))
    assert not world.run(delete(world[WEST], "app", "v1"))
    world.run(world.rest())
    assert words(world[WEST].database) == ["delete app:v1"]
    assert words(world[EAST].database) == words(world[NORTH].database) == ["delete.replicated app:v1"]
    (event,) = told(world[EAST].database)
    assert event["data"]["origin"] == WEST
    assert event["data"]["target"] == {
        "mediaType": content.OCI_INDEX,
        "size": len(ONE),
        "digest": content.digest_of(ONE),
        "repository": "app",
        "tag": "v1",
    }


def test_a_deleted_manifest_is_told_and_so_is_every_tag_that_goes_with_it(world: Regions) -> None:
    create(world, world[EAST], actions=("delete",))
    create(world, world[EAST], "of-v2", scope="app:v2")
    for tag in ("v1", "v2"):
        world.run(push(world[EAST], "app", tag, ONE))
    world.run(push(world[EAST], "app", "v3", TWO))
    world.run(world.rest())
    digest = content.digest_of(ONE)
    assert world.run(delete(world[WEST], "app", digest))
    world.run(world.rest())
    assert words(world[WEST].database) == [f"delete app@{digest}", "delete app:v1", "delete app:v2"]
    assert words(world[EAST].database) == [f"delete.replicated app{one}" for one in (f"@{digest}", ":v1", ":v2")]
    assert words(world[EAST].database, "of-v2") == ["push app:v2", "delete.replicated app:v2"]


def test_what_was_never_there_is_not_told_as_deleted(world: Regions) -> None:
    create(world, world[EAST])
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(delete(world[EAST], "app", content.digest_of(ONE)))
    world.run(world.rest())
    assert words(world[WEST].database) == []
    assert len(words(world[EAST].database)) == 3


def test_what_reading_through_brings_is_told_once(world: Regions) -> None:
    create(world, world[EAST])
    world.run(push(world[EAST], "app", "v1", ONE))
    answer = world.run(world[WEST].call("GET", "/v2/app/manifests/v1"))
    assert answer.status_code == 200
    assert words(world[WEST].database) == ["push.replicated app:v1"]
    world.run(world.rest())
    assert words(world[WEST].database) == ["push.replicated app:v1"]


@pytest.mark.usefixtures("small_parts")
def test_a_tag_that_comes_before_its_manifest_is_told_with_what_is_known(world: Regions) -> None:
    create(world, world[EAST])
    # The second push moves the manifest's row to the end of the log, behind the first tag.
    for tag in ("v1", "v2"):
        world.run(push(world[EAST], "app", tag, ONE))
    world.run(follow(world[WEST], EAST))
    assert words(world[WEST].database) == ["push.replicated app:v1", "push.replicated app:v2"]
    first, second = (event["data"]["target"] for event in told(world[WEST].database))
    assert first == {"digest": content.digest_of(ONE), "repository": "app", "tag": "v1"}
    assert second["size"] == len(ONE)


def test_only_regions_that_are_wanted_tell(world: Regions) -> None:
    create(world, world[EAST], regions=(WEST,))
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(world.rest())
    assert [words(world[name].database) for name in NAMES] == [[], [], ["push.replicated app:v1"]]


def test_a_region_without_a_replica_tells_nothing(world: Regions) -> None:
    replicas = tuple(Replica(name, f"sw{name}") for name in (EAST, NORTH))
    world[EAST].database.write_now(registries.put, Registry(REGISTRY, EAST, replicas, data_endpoints=True))
    create(world, world[EAST])
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(world.rest())
    assert [len(words(world[name].database)) for name in NAMES] == [1, 1, 0]


def test_a_webhook_that_comes_with_what_it_is_to_be_told_of_is_told(world: Regions) -> None:
    world[EAST].database.write_now(webhooks.put, webhooks.Webhook(REGISTRY, "hook", NOWHERE))
    world.run(push(world[EAST], "app", "v1", ONE))
    # Both are in one part of the log.
    world.run(world.rest())
    assert words(world[WEST].database) == ["push.replicated app:v1"]


def test_without_a_webhook_nothing_is_written_down(world: Regions) -> None:
    create(world, world[EAST], scope="other")
    create(world, world[EAST], "disabled", enabled=False)
    world.run(push(world[EAST], "app", "v1", ONE))
    world.run(world.rest())
    assert [told(world[name].database) for name in NAMES] == [[], [], []]
    assert told(world[EAST].database, "disabled") == []


def test_a_push_that_is_refused_tells_nothing(world: Regions) -> None:
    create(world, world[EAST])
    body = content.image(b"{}", b"a layer that nobody pushed")
    answer = world.run(
        world[EAST].call("PUT", "/v2/app/manifests/v1", content=body, headers={"Content-Type": content.OCI_IMAGE})
    )
    assert answer.status_code == 404
    assert told(world[EAST].database) == []


def test_a_region_that_cannot_be_reached_tells_when_it_can_be_again(world: Regions) -> None:
    create(world, world[EAST])
    world.road(WEST, EAST).cut = True
    world.run(push(world[EAST], "app", "v1", ONE))
    with pytest.raises(PeerError):
        world.run(follow(world[WEST], EAST))
    assert told(world[WEST].database) == []
    world.heal()
    world.run(world.rest())
    assert words(world[WEST].database) == ["push.replicated app:v1"]
