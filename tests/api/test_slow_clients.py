"""Clients that stall are let go, in time and with a word where one can be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.stalled import Stalled


@pytest.mark.parametrize(
    ("kind", "seconds", "status"),
    [
        ("no TLS", 15, None),
        ("no request", 35, None),
        ("half a head", 35, None),
        ("a head line by line", 35, None),
        ("no second request", 35, 401),
        ("half a form", 75, 408),
        ("a form byte by byte", 75, 408),
        ("half a manifest", 75, 408),
        ("half a blob", 75, 408),
        ("half a refused manifest", 15, 401),
        ("a refused manifest byte by byte", 15, 401),
        ("an unknown host byte by byte", 15, 421),
    ],
)
def test_a_stalled_client_is_let_go(stalled: dict[str, Stalled], kind: str, seconds: float, status: int | None) -> None:
    assert stalled[kind].tolerated() < seconds
    answer = stalled[kind].answer
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()) if status else not answer
