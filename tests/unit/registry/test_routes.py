"""From a path to what it means."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.registry.routes import Kind, Route, find_route
from tests.unit.strategies import repositories

PATHS: Final = {
    Kind.TAGS: "/v2/{}/tags/list",
    Kind.MANIFEST: "/v2/{}/manifests/{}",
    Kind.BLOB: "/v2/{}/blobs/{}",
    Kind.UPLOADS: "/v2/{}/blobs/uploads/",
    Kind.UPLOAD: "/v2/{}/blobs/uploads/{}",
    Kind.REFERRERS: "/v2/{}/referrers/{}",
}
WITHOUT_ARGUMENT: Final = {Kind.TAGS, Kind.UPLOADS}

# Names that are made of the very words that part a name from the rest.
words = st.sampled_from(["v2", "a", "tags", "list", "manifests", "blobs", "uploads", "referrers", "_catalog"])
names = repositories | st.lists(words, min_size=1, max_size=6).map("/".join)
arguments = st.sampled_from(["latest", "list", "tags", "manifests", "sha256:" + "0" * 64, "a.b-c_d", "\u00e9", "a b"])


@given(st.sampled_from(list(PATHS)), names, arguments)
def test_a_path_is_read_as_it_is_written(kind: Kind, name: str, argument: str) -> None:
    route = find_route(PATHS[kind].format(name, argument))
    assert route == Route(kind, name, "" if kind in WITHOUT_ARGUMENT else argument)


@given(names)
def test_uploads_may_begin_without_a_slash(name: str) -> None:
    assert find_route(f"/v2/{name}/blobs/uploads") == Route(Kind.UPLOADS, name)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2/", Route(Kind.BASE)),
        ("/v2", Route(Kind.BASE)),
        ("/v2/_catalog", Route(Kind.CATALOG)),
        ("/v2/a/blobs/b/tags/list", Route(Kind.TAGS, "a/blobs/b")),
        ("/v2/a/blobs/blobs/uploads/x", Route(Kind.UPLOAD, "a/blobs", "x")),
        ("/v2/a/blobs/uploads/manifests/x", Route(Kind.MANIFEST, "a/blobs/uploads", "x")),
        ("/v2/tags/list/tags/list", Route(Kind.TAGS, "tags/list")),
    ],
)
def test_ambiguous_looking_paths(path: str, route: Route) -> None:
    assert find_route(path) == route


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "v2/",
        "/v1/",
        "/V2/",
        "/v2x",
        "//v2/",
        "/v2/_catalog/",
        "/v2/a",
        "/v2/a/",
        "/v2/a/tags",
        "/v2/a/tags/",
        "/v2/a/tags/list/",
        "/v2/a/tags/lists",
        "/v2/a/manifests",
        "/v2/a/manifests/",
        "/v2/a/blobs",
        "/v2/a/blobs/",
        "/v2/a/referrers/",
        "/v2/a/manifests/x/",
        "/v2/a/manifests/x/y",
        "/v2/a/Manifests/x",
        "/v2/tags/list",
        "/v2/manifests/latest",
        "/v2/blobs/uploads/",
        "/prefix/v2/a/tags/list",
        "/v2/a\\tags\\list",
    ],
)
def test_what_means_nothing(path: str) -> None:
    assert find_route(path) is None


@given(st.text(max_size=60))
def test_nonsense_is_read_or_not_and_never_invents_anything(text: str) -> None:
    for path in (text, f"/v2/{text}", f"/v2/{text}/blobs/uploads/{text}"):
        route = find_route(path)
        if route is not None:
            assert route.repository in path
            assert route.argument in path
