"""What paths below /acr/v1/ mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.acr.routes import Kind, find_route
from seawall.registry.routes import Route
from tests.unit import strategies

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("_catalog", Route(Kind.CATALOG)),
        ("app", Route(Kind.REPOSITORY, "app")),
        ("library/hello-world", Route(Kind.REPOSITORY, "library/hello-world")),
        ("a/tags/b", Route(Kind.REPOSITORY, "a/tags/b")),
        ("a/b/_tags", Route(Kind.TAGS, "a/b")),
        ("a/_tags/", Route(Kind.TAGS, "a")),
        ("a/_tags/v1", Route(Kind.TAG, "a", "v1")),
        ("a/_tags/_tags", Route(Kind.TAG, "a", "_tags")),
        ("a/_tags/_manifests", Route(Kind.TAG, "a", "_manifests")),
        ("a/_manifests", Route(Kind.MANIFESTS, "a")),
        (f"a/b/_manifests/{DIGEST}", Route(Kind.MANIFEST, "a/b", DIGEST)),
        ("_deleted/_catalog", Route(Kind.DELETED_CATALOG)),
        ("_deleted/a/b/_tags", Route(Kind.DELETED_TAGS, "a/b")),
        ("_deleted/a/_manifests", Route(Kind.DELETED_MANIFESTS, "a")),
        (f"_deleted/a/_manifests/{DIGEST}", Route(Kind.DELETED_MANIFEST, "a", DIGEST)),
    ],
)
def test_a_path_means_one_thing(path: str, route: Route) -> None:
    assert find_route(f"/acr/v1/{path}") == route


@pytest.mark.parametrize("path", ["/acr/v1/", "/acr/v1/a/_other", "/acr/v1/_deleted/a", "/acr/v1", "/v2/", "/acr/v2/a"])
def test_other_paths_mean_nothing(path: str) -> None:
    assert find_route(path) is None


@given(name=strategies.repositories, tag=st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}", fullmatch=True))
def test_any_name_and_tag_are_found_again(name: str, tag: str) -> None:
    assert find_route(f"/acr/v1/{name}") == Route(Kind.REPOSITORY, name)
    assert find_route(f"/acr/v1/{name}/_tags/{tag}") == Route(Kind.TAG, name, tag)
