"""``If-None-Match`` is a list of entity tags, or a star."""

from __future__ import annotations

import pytest

from seawall.preconditions import matches_etag


@pytest.mark.parametrize(
    "header",
    ['"a"', 'W/"a"', ' "a" ', '"b", "a"', '"b" ,W/"a",', "*", '"b","c",\t"a"'],
    ids=lambda header: header.strip(),
)
def test_what_names_the_entity(header: str) -> None:
    assert matches_etag(header, '"a"')


@pytest.mark.parametrize("header", [None, "", "a", '"A"', '"b"', 'w/"a"', '"*"', '"a', '"aa"', '"b", "c"'])
def test_what_does_not(header: str | None) -> None:
    assert not matches_etag(header, '"a"')
