"""The whole REST interface, call by call, as the specification has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.api.blob_calls import BLOB_STORIES
from tests.api.calls import Call, play
from tests.api.list_calls import LIST_STORIES
from tests.api.manifest_calls import MANIFEST_STORIES
from tests.support import content
from tests.support.registry import Registry, basic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx

    from tests.support.registry import User
    from tests.support.server import Server

TABLE = {**BLOB_STORIES, **MANIFEST_STORIES, **LIST_STORIES}


@pytest.mark.parametrize("calls", TABLE.values(), ids=[name.replace(" ", "-") for name in TABLE])
def test_story(calls: Sequence[Call], first: Registry, repository: str) -> None:
    play(calls, first, repository)


def _pages(user: User, path: str) -> Iterator[httpx.Response]:
    """Follow ``Link`` to the end."""
    while path:
        answer = user.call("GET", path)
        assert answer.status_code == 200, answer.text
        yield answer
        path = answer.links["next"]["url"] if "next" in answer.links else ""


def test_hundreds_of_referrers_come_page_by_page(first: Registry, repository: str) -> None:
    subject = first.admin.push_image(repository, "subject", b"layer")
    kinds = ("application/vnd.example.odd+x", "application/vnd.example.even")
    pushed = []
    for number in range(210):
        body = content.artifact(kinds[number % 2], subject=subject, annotations={"number": str(number)})
        pushed.append(first.admin.push_manifest(repository, None, body))
    path = f"/v2/{repository}/referrers/{content.digest_of(subject)}"
    everything = [page.json()["manifests"] for page in _pages(first.admin, path)]
    assert [entry["digest"] for page in everything for entry in page] == sorted(pushed)
    odd = list(_pages(first.admin, f"{path}?n=50&artifactType=application/vnd.example.odd%2Bx"))
    assert [len(page.json()["manifests"]) for page in odd] == [50, 50, 5]
    assert {page.headers["oci-filters-applied"] for page in odd} == {"artifactType"}
    assert {entry["digest"] for page in odd for entry in page.json()["manifests"]} == set(pushed[::2])


def test_no_referrers_list_is_larger_than_a_manifest_may_be(first: Registry, repository: str) -> None:
    subject = first.admin.push_image(repository, "subject", b"layer")
    pushed = {
        first.admin.push_manifest(
            repository, None, content.artifact("a/b", subject=subject, annotations={"large": letter * 1_500_000})
        )
        for letter in "abcd"
    }
    pages = list(_pages(first.admin, f"/v2/{repository}/referrers/{content.digest_of(subject)}"))
    assert max(len(page.content) for page in pages) <= 4 * 1024 * 1024
    assert {entry["digest"] for page in pages for entry in page.json()["manifests"]} == pushed


def test_the_catalog_shows_what_the_caller_may_see(server: Server) -> None:
    registry = Registry.create(server, "catalogue", "--anonymous-pull")
    names = ["a", "a/b", "lib/x", "lib/y", "library", "team/a", "team/b"]
    for name in names:
        registry.admin.push_image(name, "v1", b"layer")
    registry.admin.push_blob("never/had/a/manifest", b"blob")
    server.run("scope-map", "create", "lib", "--action", "repositories/lib/*/content/read", "-r", registry.name)
    server.run("scope-map", "create", "blind", "--action", "repositories/a/content/write", "-r", registry.name)
    reader = registry.token_user("reader", "--scope-map", "lib")
    blind = registry.token_user("blind", "--scope-map", "blind")

    def seen(user: User, query: str = "") -> list[str]:
        answer = user.call("GET", f"/v2/_catalog{query}")
        assert answer.status_code == 200, answer.text
        found: list[str] = answer.json()["repositories"]
        return found

    assert seen(registry.admin) == names
    assert [page.json()["repositories"] for page in _pages(registry.admin, "/v2/_catalog?n=3")] == [
        names[:3],
        names[3:6],
        names[6:],
    ]
    assert seen(registry.admin, "?last=lib/y") == names[4:]
    assert seen(registry.admin, "?n=0") == []
    assert seen(registry.admin, "?n=2147483648") == names
    assert registry.admin.call("GET", "/v2/_catalog?n=-1").json()["errors"][0]["code"] == "PAGINATION_NUMBER_INVALID"
    assert seen(reader) == ["lib/x", "lib/y"]
    assert [page.json()["repositories"] for page in _pages(reader, "/v2/_catalog?n=1")] == [["lib/x"], ["lib/y"]]
    assert seen(blind) == []
    # With the password itself instead of a token it is the same.
    headers = {"Authorization": basic(reader.username, reader.password)}
    assert registry.raw_call("GET", "/v2/_catalog", headers=headers).json() == {"repositories": ["lib/x", "lib/y"]}
    # Nobody in particular sees nothing, also where anybody may pull.
    wanted = (
        f'Bearer realm="https://{registry.authority}/oauth2/token",'
        f'service="{registry.authority}",scope="registry:catalog:*"'
    )
    assert registry.raw_call("GET", "/v2/_catalog").headers["www-authenticate"] == wanted
    anonymous = registry.raw_call("GET", "/v2/_catalog", headers=registry.nobody.bearer("registry:catalog:*"))
    assert anonymous.status_code == 401
    assert anonymous.headers["www-authenticate"] == f'{wanted},error="insufficient_scope"'
