"""Lists in every order, page by page: everything once, also when something is written meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from seawall.metadata import paging, tags
from tests.support import content
from tests.unit.acr.counter import here

if TYPE_CHECKING:
    from tests.unit.acr.counter import Counter

NAMES = ["b", "d", "a", "e", "c"]


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in entries]


@pytest.mark.parametrize("page", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("order", "expected"),
    [("", sorted(NAMES)), ("none", sorted(NAMES)), ("timeasc", NAMES), ("timedesc", NAMES[::-1])],
)
def test_tags_come_in_order(counter: Counter, order: str, expected: list[str], page: int) -> None:
    for name in NAMES:
        counter.push("team/app", name, name)
    found = counter.pages(f"/acr/v1/team/app/_tags?n={page}&orderby={order}", "tags")
    assert names(found) == expected


@pytest.mark.parametrize("order", ["", "timeasc", "timedesc"])
def test_manifests_come_in_order(counter: Counter, order: str) -> None:
    digests = [counter.push("app", name, name) for name in NAMES]
    expected = {"": sorted(digests), "timeasc": digests, "timedesc": digests[::-1]}[order]
    found = counter.pages(f"/acr/v1/app/_manifests?n=2&orderby={order}", "manifests")
    assert [one["digest"] for one in found] == expected


def test_what_is_put_again_is_the_newest(counter: Counter) -> None:
    for name in NAMES:
        counter.push("app", name, "same")
    counter.push("app", "d", "other")
    assert names(counter.get("/acr/v1/app/_tags?orderby=timedesc")["tags"])[0] == "d"
    assert names(counter.get("/acr/v1/app/_tags?orderby=timeasc")["tags"]) == ["b", "a", "e", "c", "d"]


def test_links_are_relative_and_keep_what_was_asked(counter: Counter) -> None:
    (digest,) = {counter.push("team/app", name, "same") for name in NAMES}
    counter.push("team/app", "other", "other")
    answer = counter.call("GET", f"/acr/v1/team%2Fapp/_tags?n=2&orderby=timedesc&digest={digest}")
    assert answer.headers["link"].startswith("</acr/v1/team/app/_tags?last=e&n=2&orderby=timedesc&")
    assert answer.headers["link"].endswith('>; rel="next"')
    found = counter.pages(f"/acr/v1/team/app/_tags?n=2&orderby=timedesc&digest={digest}", "tags")
    assert names(found) == NAMES[::-1]


def test_a_page_goes_on_where_it_was_though_its_last_entry_has_moved(counter: Counter) -> None:
    for name in NAMES:
        counter.push("app", name, name)
    first = counter.call("GET", "/acr/v1/app/_tags?n=2&orderby=timeasc")
    assert names(first.json["tags"]) == ["b", "d"]
    assert first.next is not None
    counter.push("app", "d", "again")
    counter.call("DELETE", "/acr/v1/app/_tags/a")
    assert names(counter.pages(first.next, "tags")) == ["e", "c", "d"]


def test_somebody_may_begin_behind_a_name(counter: Counter) -> None:
    for name in NAMES:
        counter.push("app", name, name)
    for order, expected in (("", ["d", "e"]), ("timeasc", []), ("timedesc", ["e", "a", "d", "b"])):
        assert names(counter.get(f"/acr/v1/app/_tags?last=c&orderby={order}")["tags"]) == expected
    # What "at" says is taken from links, and nonsense there is passed over.
    for at in ("x", "-1", "9" * 30):
        assert names(counter.get(f"/acr/v1/app/_tags?last=e&orderby=timeasc&at={at}")["tags"]) == ["c"]


def test_a_page_has_a_hundred_entries_unless_more_are_asked_for(counter: Counter) -> None:
    digest = counter.push("app", None)
    with counter.database.writing() as writer:
        for number in range(101):
            tags.put(writer, here("app"), f"v{number:03}", digest)  # type: ignore[arg-type]
    assert len(counter.get("/acr/v1/app/_tags")["tags"]) == 100
    assert len(counter.get("/acr/v1/app/_tags?n=1000")["tags"]) == 101
    # One transaction wrote all of them, so the name decides.
    for order in ("timeasc", "timedesc"):
        found = names(counter.pages(f"/acr/v1/app/_tags?orderby={order}&n=7", "tags"))
        assert found == sorted(found, reverse=order == "timedesc")
        assert len(found) == 101
    assert counter.get("/acr/v1/app/_tags?n=0")["tags"] == []


def test_a_page_of_very_large_manifests_is_shorter(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_MOST_OCTETS", 1500)
    digests = {counter.push("app", None, text, annotations={"a": "b" * 1000}) for text in NAMES}
    first = counter.call("GET", "/acr/v1/app/_manifests")
    assert len(first.json["manifests"]) == 1 + (len(content.image(b"{}", b"a")) < 500)
    assert {one["digest"] for one in counter.pages("/acr/v1/app/_manifests", "manifests")} == digests
