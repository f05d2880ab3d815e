"""Lists as programs ask for them, page by page: first pages, and pages all over the list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.operators_ask import Ask, Case
from bench.operators_content import GREAT, repository, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from bench.operators_node import Desk

PAGE = 100
_STRIDE = 7919
"""Prime, so that pages all over a list come up before any comes up again."""
_ORDERS = ("", "timeasc", "timedesc")


def of_lists(desk: Desk) -> list[Case]:
    """Repositories, tags and manifests."""
    return [*_catalogs(desk), *_plain_tags(desk), *_tags(desk), *_manifests(desk)]


def _catalogs(desk: Desk) -> list[Case]:
    most = desk.content.amounts.repositories

    def catalog(path: str) -> list[Case]:
        url = f"{desk.node.login}{path}?n={PAGE}"
        place = spread(most)
        return [
            Case(
                f"`GET {path}?n={PAGE}` of {most:,}",
                lambda _: Ask("GET", url, desk.bearer),
                lambda _, answer: _first(answer, "repositories", PAGE) == GREAT,
            ),
            Case(
                "· all over the list",
                lambda number: Ask("GET", f"{url}&last={repository(place(number))}", desk.bearer),
                lambda number, answer: _first(answer, "repositories", PAGE) == repository(place(number) + 1),
            ),
        ]

    return [*catalog("/v2/_catalog"), *catalog("/acr/v1/_catalog")]


def _plain_tags(desk: Desk) -> list[Case]:
    most = desk.content.amounts.tags

    def page(size: int) -> list[Case]:
        url = f"{desk.node.login}/v2/{GREAT}/tags/list?n={size}"
        place = spread(most, size)
        return [
            Case(
                f"`GET /v2/NAME/tags/list?n={size}` of {most:,}",
                lambda _: Ask("GET", url, desk.bearer),
                lambda _, answer: _first(answer, "tags", size) == tag(0),
            ),
            Case(
                "· all over the list",
                lambda number: Ask("GET", f"{url}&last={tag(place(number))}", desk.bearer),
                lambda number, answer: _first(answer, "tags", size) == tag(place(number) + 1),
            ),
        ]

    return [*page(PAGE), *page(10 * PAGE)]


def _tags(desk: Desk) -> list[Case]:
    content = desk.content
    known = [tag(number) for number in range(content.amounts.tags)]
    place = spread(content.amounts.tags)

    def of_one(by: str) -> Case:
        url = f"{desk.node.login}/acr/v1/{GREAT}/_tags?n={PAGE}" + (f"&orderby={by}" if by else "")
        return Case(
            "`GET /acr/v1/NAME/_tags?digest=…`" + (f", `orderby={by}`" if by else ""),
            lambda number: Ask("GET", f"{url}&digest={content.digests[place(number)]}", desk.bearer),
            lambda number, answer: [one["name"] for one in answer.json()["tags"]] == [tag(place(number))],
        )

    lists = [case for by in _ORDERS for case in _ordered(desk, by, "tags", "name", known, known[-1])]
    return [*lists, of_one(""), of_one("timedesc")]


def _manifests(desk: Desk) -> list[Case]:
    content = desk.content
    by_digest = sorted((*content.digests, *content.referrers))
    newest = (*content.digests, *content.referrers)[-1]
    return [
        case
        for by in _ORDERS
        for case in _ordered(desk, by, "manifests", "digest", content.digests if by else by_digest, newest)
    ]


def _ordered(desk: Desk, by: str, what: str, key: str, known: Sequence[str], newest: str) -> list[Case]:
    """The first page of tags or manifests in some order, and pages all over the list.

    Args:
        desk: Who asks.
        by: In which order; nothing for that of names.
        what: Which list.
        key: What in an entry is its name.
        known: All names, in that order or the opposite one.
        newest: The name of what was pushed last.
    """
    url = f"{desk.node.login}/acr/v1/{GREAT}/_{what}?n={PAGE}" + (f"&orderby={by}" if by else "")
    step = -1 if by == "timedesc" else 1
    place = spread(desk.content.amounts.tags)

    def ask(number: int) -> Ask:
        at = place(number)
        # As the links have it that lead from page to page.
        after = f"&last={known[at]}" + (f"&at={desk.content.clock(at)}" if by else "")
        return Ask("GET", f"{url}{after}", desk.bearer)

    return [
        Case(
            f"`GET /acr/v1/NAME/_{what}?n={PAGE}`" + (f", `orderby={by}`" if by else ""),
            lambda _: Ask("GET", url, desk.bearer),
            lambda _, answer: _first(answer, what, PAGE, key) == (known[0] if step > 0 else newest),
        ),
        Case(
            "· all over the list",
            ask,
            lambda number, answer: _first(answer, what, PAGE, key) == known[place(number) + step],
        ),
    ]


def spread(most: int, size: int = PAGE) -> Callable[[int], int]:
    """Choose a place by a request's number: with a whole page before and behind it."""
    return lambda number: size + 1 + number * _STRIDE % (most - 2 * size - 3)


def _first(answer: httpx.Response, member: str, size: int, key: str = "") -> str:
    """Read the first name on a full page that is not the last one; anything else is nothing."""
    found = json.loads(answer.content)[member]
    if len(found) != size or 'rel="next"' not in answer.headers.get("link", ""):
        return ""
    name: str = found[0][key] if key else found[0]
    return name
