"""Whoever goes by what a region tells him knows what is there, whatever happened in which order."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import tags, webhooks
from seawall.metadata.repositories import Repository
from tests.events.telling import create, delete, follow, manifest, push, there, told
from tests.replication.regions import EAST, NAMES, REGISTRY
from tests.support import content

if TYPE_CHECKING:
    from tests.replication.regions import Regions

numbers = itertools.count()
steps = st.lists(
    st.tuples(
        st.sampled_from(["tag", "tag", "push", "delete", "untag", "follow", "part", "read"]),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from(["v1", "v2"]),
        st.integers(0, 2),
    ),
    max_size=25,
)


@settings(settings.get_profile("events"))
@given(steps=steps)
@pytest.mark.usefixtures("small_parts")
def test_whoever_goes_by_what_he_is_told_knows_what_is_there(world: Regions, steps: list[tuple[Any, ...]]) -> None:
    if not world[EAST].database.read_now(webhooks.everywhere):
        create(world, world[EAST])
    repository = f"app{next(numbers)}"
    for kind, name, other, tag, number in steps:
        region, body = world[name], manifest(f"{repository} {number}")
        match kind:
            case "tag":
                world.run(push(region, repository, tag, body))
            case "push":
                world.run(push(region, repository, content.digest_of(body), body))
            case "delete":
                world.run(delete(region, repository, content.digest_of(body)))
            case "untag":
                world.run(delete(region, repository, tag))
            case "read":
                world.run(region.call("GET", f"/v2/{repository}/manifests/{tag}"))
            case "part" | "follow" if name != other:
                world.run(follow(region, other, 1 if kind == "part" else 1000))
    world.run(world.rest())
    for name in NAMES:
        database = world[name].database
        heard_tags, heard_manifests = replayed(told(database), repository)
        assert heard_manifests == database.read_now(there, repository), name
        shown = database.read_now(tags.page, Repository(REGISTRY, repository), "", 100)
        assert sorted(heard_tags) == list(shown), name
        for tag in shown:
            answer = world.run(world[name].call("HEAD", f"/v2/{repository}/manifests/{tag}"))
            assert heard_tags[tag] == answer.headers["docker-content-digest"]


def replayed(events: list[dict[str, Any]], repository: str) -> tuple[dict[str, str], set[str]]:
    """Go by what was told: return the tags with what they stand for, and the manifests."""
    known: dict[str, str] = {}
    manifests: set[str] = set()
    for event in events:
        target = event["data"]["target"]
        if target["repository"] != repository:
            continue
        match event["data"]["action"], target.get("tag"):
            case "push", None:
                manifests.add(target["digest"])
            case "push", tag:
                known[tag] = target["digest"]
                if "size" in target:
                    manifests.add(target["digest"])
            case "delete", None:
                manifests.discard(target["digest"])
            case "delete", tag:
                known.pop(tag, None)
    return known, manifests
