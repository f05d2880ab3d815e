"""Which page of a list was asked for, and where the next one is."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from seawall.errors import ApiError
from seawall.registry.pages import Page, next_link, requested_page

encodable = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def request(query: str | bytes) -> Request:
    raw = query if isinstance(query, bytes) else query.encode()
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": raw, "headers": []})


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", Page("", 100)),
        ("n=5", Page("", 5)),
        ("n=0", Page("", 0)),
        ("n=100", Page("", 100)),
        ("n=101", Page("", 100)),
        ("n=" + "9" * 9, Page("", 100)),
        ("n=" + "9" * 10_000, Page("", 100)),
        ("n=007&last=b", Page("b", 7)),
        ("last=a%2Fb", Page("a/b", 100)),
        ("last=a+b", Page("a b", 100)),
        ("last=", Page("", 100)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_pages(query: str, page: Page) -> None:
    assert requested_page(request(query), 100) == page


@pytest.mark.parametrize(
    "query",
    [
        "n=",
        "n=-1",
        "n=%2B1",
        "n=+1",
        "n=1.0",
        "n=1e3",
        "n=0x10",
        "n=a",
        "n=1_000",
        "n=%D9%A1",
        "n=%C2%B2",
        "n=1%0A",
        "n=%00",
        "last=a%00b",
        "n=" + "a" * 10_000,
    ],
    ids=lambda query: query[:20],
)
def test_what_is_no_page(query: str) -> None:
    with pytest.raises(ApiError) as caught:
        requested_page(request(query), 100)
    assert (caught.value.status, caught.value.code) == (400, "PAGINATION_NUMBER_INVALID")
    assert len(caught.value.message) < 200


@given(st.binary(max_size=60))
def test_a_strange_query_is_a_page_or_refused(query: bytes) -> None:
    for raw in (query, b"n=" + query, b"last=" + query):
        try:
            page = requested_page(request(raw), 100)
        except ApiError as error:
            assert error.status == 400  # noqa: PT017 - either is right
        else:
            assert 0 <= page.limit <= 100


@given(encodable.filter(lambda text: "\0" not in text), st.integers(0, 1000), encodable)
def test_the_next_page_begins_where_this_one_ends(last: str, limit: int, artifact_type: str) -> None:
    header = next_link("/v2/a/referrers/x", last, limit, artifactType=artifact_type)["Link"]
    target, _, relation = header.partition(">")
    assert target.startswith("<")
    assert relation == '; rel="next"'
    assert target.isascii()
    assert not set(target[1:]) & set('<>"\\^`{|} \r\n')
    parts = urlsplit(target[1:])
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", "/v2/a/referrers/x")
    assert requested_page(request(parts.query), 1000) == Page(last, limit)
    assert parse_qs(parts.query, keep_blank_values=True)["artifactType"] == [artifact_type]
