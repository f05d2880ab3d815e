"""Bodies are read within limits."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from seawall import bodies
from seawall.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.types import Message

messages_of_a_body = st.lists(st.binary(max_size=20), min_size=1, max_size=6)


def request(messages: Iterable[Message], **headers: str) -> Request:
    coming = iter(messages)

    async def receive() -> Message:
        await asyncio.sleep(0)
        return next(coming)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "PUT", "path": "/", "headers": raw}, receive)


def body(parts: list[bytes]) -> list[Message]:
    whole: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    whole[-1]["more_body"] = False
    return whole


def read(messages: Iterable[Message], limit: int, **headers: str) -> bytes:
    return asyncio.run(bodies.read(request(messages, **headers), limit, "MANIFEST_INVALID"))


@given(messages_of_a_body, st.integers(0, 100))
def test_a_body_is_read_whole_or_refused(parts: list[bytes], limit: int) -> None:
    whole = b"".join(parts)
    if len(whole) <= limit:
        assert read(body(parts), limit) == whole
    else:
        with pytest.raises(ApiError) as caught:
            read(body(parts), limit)
        assert (caught.value.status, caught.value.code) == (413, "MANIFEST_INVALID")
        assert caught.value.headers["Connection"] == "close"


def test_a_body_announced_too_long_is_not_read_at_all() -> None:
    with pytest.raises(ApiError) as caught:
        read([], 10, content_length="11")
    assert caught.value.status == 413
    assert caught.value.headers["Connection"] == "close"


def test_a_body_longer_than_announced_is_refused_all_the_same() -> None:
    with pytest.raises(ApiError) as caught:
        read(body([b"12345", b"67890", b"1"]), 10, content_length="5")
    assert caught.value.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity, gzip", "br"])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(body([b"x"]), 10, content_encoding=encoding)
    assert caught.value.status == 415


def test_an_identity_encoding_is_none() -> None:
    assert read(body([b"x"]), 10, content_encoding="Identity") == b"x"


def test_a_client_that_goes_away_ends_the_reading() -> None:
    with pytest.raises(ClientDisconnect):
        read([*body([b"half", b"x"])[:1], {"type": "http.disconnect"}], 100)


def test_a_client_that_goes_silent_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silence() -> Message:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.01)
    with pytest.raises(ApiError) as caught:
        asyncio.run(bodies.read(Request({"type": "http", "headers": []}, silence), 10, "MANIFEST_INVALID"))
    assert caught.value.status == 408
    assert caught.value.headers["Connection"] == "close"


def test_a_body_that_never_ends_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def drops() -> Iterator[Message]:
        while True:
            yield {"type": "http.request", "body": b"x", "more_body": True}

    monkeypatch.setattr(bodies, "WHOLE_SECONDS", 0.05)
    with pytest.raises(ApiError) as caught:
        read(drops(), 1 << 40)
    assert caught.value.status == 408
    assert caught.value.headers["Connection"] == "close"


def discard(messages: Iterable[Message], **headers: str) -> bool:
    return asyncio.run(bodies.discard(request(messages, **headers)))


@pytest.mark.parametrize(
    ("headers", "comes"),
    [
        ({}, False),
        ({"content_length": "0"}, False),
        ({"content_type": "text/plain"}, False),
        ({"content_length": "5"}, True),
        ({"transfer_encoding": "chunked"}, True),
        ({"content_length": "0", "transfer_encoding": "chunked"}, True),
    ],
    ids=str,
)
def test_whether_a_body_comes_is_in_the_head(headers: dict[str, str], comes: bool) -> None:
    assert bodies.has_body(request([], **headers).scope) is comes


def test_a_connection_may_be_used_again_when_nothing_is_left_on_it() -> None:
    assert discard(body([b"short", b"rest"]), content_length="9")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_length": str(1 << 30)},
        {"transfer_encoding": "chunked"},
        {"content_length": "5", "expect": "100-continue"},
    ],
    ids=["long", "of unknown length", "not sent yet"],
)
def test_a_connection_is_given_up_when_something_may_be_left_on_it(headers: dict[str, str]) -> None:
    assert not discard([], **headers)  # nothing is even waited for


def test_a_connection_is_given_up_when_the_client_goes_away() -> None:
    assert not discard([{"type": "http.disconnect"}], content_length="9")


def test_a_body_that_was_read_leaves_nothing() -> None:
    async def both() -> bool:
        one = request(body([b"whole"]), content_length="5")
        assert await bodies.read(one, 10, "MANIFEST_INVALID") == b"whole"
        return await bodies.discard(one)

    assert asyncio.run(both())


@pytest.mark.parametrize("detail", [None, {"name": "a"}, [1, "\N{LATIN SMALL LETTER E WITH ACUTE}"]])
def test_an_error_is_worded_as_the_specification_has_it(detail: Any) -> None:  # noqa: ANN401 - JSON
    response = ApiError(404, "NAME_UNKNOWN", "no such thing", detail=detail, headers={"X-Told": "yes"}).response()
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-told"] == "yes"
    answer = {"errors": [{"code": "NAME_UNKNOWN", "message": "no such thing", "detail": detail}]}
    assert json.loads(bytes(response.body)) == answer
