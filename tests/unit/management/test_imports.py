"""What is to be imported is read strictly, and how it went is told to whoever asks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.importing.contract import Source, Target
from seawall.management.errors import ManagementError
from seawall.management.imports import read_order
from seawall.metadata import operations
from seawall.metadata.operations import Operation, Status

if TYPE_CHECKING:
    from seawall.metadata.database import Database

FOREIGN: Final = {"registryUri": "mcr.microsoft.com", "sourceImage": "dotnet/runtime:8.0"}
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


def order(source: dict[str, Any], **more: object) -> tuple[Source, tuple[Target, ...], bool]:
    read = read_order("myregistry", {"source": source, **more})
    assert read.registry == "myregistry"
    return read.source, read.targets, read.force


def test_an_image_of_somebody_else_is_called_as_it_is_there() -> None:
    source, targets, force = order(FOREIGN)
    assert source == Source("dotnet/runtime", "8.0", host="mcr.microsoft.com")
    assert (targets, force) == ((Target("dotnet/runtime", "8.0"),), False)


def test_names_that_it_is_to_have() -> None:
    source = {**FOREIGN, "sourceImage": "dotnet/runtime@sha256:" + "0" * 64}
    _, targets, force = order(source, targetTags=["a:1", "b", "a:1"], untaggedTargetRepositories=["c"], mode="Force")
    assert targets == (Target("a", "1"), Target("b", "latest"), Target("c"))
    assert force
    assert order(source)[1] == (Target("dotnet/runtime"),)


@pytest.mark.parametrize(
    ("uri", "image", "host", "repository"),
    [
        ("docker.io", "nginx:1", "registry-1.docker.io", "library/nginx"),
        ("docker.io", "team/app:1", "registry-1.docker.io", "team/app"),
        ("https://Registry.Example:5000/", "a:1", "registry.example:5000", "a"),
        ("127.0.0.1:5000", "a:1", "127.0.0.1:5000", "a"),
    ],
)
def test_where_it_is(uri: str, image: str, host: str, repository: str) -> None:
    source, *_ = order({"registryUri": uri, "sourceImage": image})
    assert (source.host, source.repository) == (host, repository)


def test_a_registry_of_this_node_is_known_by_its_path() -> None:
    path = "/subscriptions/x/resourceGroups/seawall/providers/Microsoft.ContainerRegistry/registries/Other"
    assert order({"resourceId": path, "sourceImage": "a"})[0] == Source("a", "latest", registry="other")


def test_credentials_are_not_shown() -> None:
    source, *_ = order(FOREIGN | {"credentials": {"username": "me", "password": "hunter2"}})
    assert (source.username, source.password) == ("me", "hunter2")
    assert "hunter2" not in repr(source) + str(source)
    assert (
        order(FOREIGN | {"credentials": {"password": "token"}})[0].username == "0" * 8 + "-0000-0000-0000-" + "0" * 12
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "'source'"),
        ({"source": []}, "'source'"),
        ({"source": {"registryUri": "mcr.microsoft.com"}}, "repository name"),
        ({"source": FOREIGN | {"sourceImage": "Upper:1"}}, "lower-case"),
        ({"source": FOREIGN | {"sourceImage": "a:-"}}, "no tag"),
        ({"source": FOREIGN | {"registryUri": "a b"}}, "registryUri"),
        ({"source": FOREIGN | {"registryUri": "x.example:99999"}}, "port"),
        ({"source": FOREIGN | {"registryUri": "user@x.example"}}, "registryUri"),
        ({"source": FOREIGN | {"registryUri": "x.example/path"}}, "registryUri"),
        ({"source": FOREIGN | {"registryUri": 5}}, "registryUri"),
        ({"source": FOREIGN | {"sourceImage": 5}}, "sourceImage"),
        ({"source": FOREIGN | {"sourceImage": "a@sha256:nonsense"}}, "digest"),
        ({"source": FOREIGN | {"sourceImage": "a@"}}, "digest"),
        ({"source": FOREIGN | {"resourceId": {}}}, "resourceId"),
        ({"source": FOREIGN | {"credentials": None}, "mode": None, "targetTags": None}, None),
        ({"source": FOREIGN | {"credentials": []}}, "credentials"),
        ({"source": FOREIGN | {"credentials": ["x"]}}, "credentials"),
        ({"source": FOREIGN | {"credentials": {"password": 5}}}, "password"),
        ({"source": {"resourceId": "registries/other", "sourceImage": "a", "credentials": "x"}}, "credentials"),
        ({"source": FOREIGN, "mode": "Perhaps"}, "mode"),
        ({"source": FOREIGN, "mode": ""}, "mode"),
        ({"source": FOREIGN, "targetTags": "a"}, "targetTags"),
        ({"source": FOREIGN, "targetTags": {}}, "targetTags"),
        ({"source": FOREIGN, "targetTags": [1]}, "targetTags"),
        ({"source": FOREIGN, "targetTags": [f"a:{number}" for number in range(101)]}, "at most 100"),
    ],
)
def test_orders_that_are_none(body: dict[str, Any], why: str | None) -> None:
    if why is None:
        read_order("myregistry", body)
        return
    with pytest.raises(ManagementError, match=why) as refusal:
        read_order("myregistry", body)
    assert refusal.value.status == 400


MEMBERS: Final = st.sampled_from(["registryUri", "resourceId", "sourceImage", "credentials"])


@given(
    st.dictionaries(
        st.sampled_from(["source", "targetTags", "mode"]), st.dictionaries(MEMBERS, JSON | st.just("a:1")) | JSON
    )
)
def test_whatever_is_asked_is_read_or_refused(body: dict[str, Any]) -> None:
    # Any other exception would be a fault of ours.
    with suppress(ManagementError):
        assert read_order("myregistry", body).targets


def test_how_it_stands_is_told_until_it_is_forgotten(database: Database) -> None:
    day = 24 * 3600 * 1000
    database.note_now(operations.begin, "one", "myregistry", day)
    assert database.read_now(operations.find, "one", day + 59_000) == Operation("myregistry", Status.RUNNING)
    database.note_now(operations.live, "one", day + 50_000)
    assert database.read_now(operations.find, "one", day + 100_000) == Operation("myregistry", Status.RUNNING)
    # Whoever was at it is dead.
    interrupted = database.read_now(operations.find, "one", day + 111_000)
    assert interrupted is not None
    assert (interrupted.status, interrupted.code) == (Status.FAILED, "OperationInterrupted")
    failed = Operation("myregistry", Status.FAILED, 404, "SourceNotFound", "there is none")
    database.note_now(operations.end, "one", failed, day + 120_000)
    assert database.read_now(operations.find, "one", 3 * day) == failed
    database.note_now(operations.begin, "two", "myregistry", 3 * day)
    assert database.read_now(operations.find, "one", 3 * day) is None
