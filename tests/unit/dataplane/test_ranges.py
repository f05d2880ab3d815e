"""Byte ranges, against what RFC 9110 section 14 says in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.dataplane.ranges import ByteRange, UnsatisfiableError, requested_range

positions = st.none() | st.integers(0, 60) | st.integers(10**18, 10**22)


def octets(header: str | None, size: int) -> list[int]:
    """The octets that are sent."""
    found = requested_range(header, size)
    return list(range(size)) if found is None else list(range(size))[found.start : found.stop]


@given(positions, positions, st.integers(0, 50))
def test_a_range_is_the_octets_it_names(first: int | None, last: int | None, size: int) -> None:
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    blob = list(range(size))
    if first is None and last is None:
        expected = blob
    elif first is None:
        expected = [octet for octet in blob if last is not None and octet >= size - last]
    else:
        expected = [octet for octet in blob if first <= octet and (last is None or octet <= last)]
    if expected or (first is None and last is None):
        assert octets(header, size) == expected
    else:
        with pytest.raises(UnsatisfiableError):
            requested_range(header, size)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 1000)),
        ("bytes=0-999", ByteRange(0, 1000)),
        ("bytes=0-1000", ByteRange(0, 1000)),
        ("bytes=999-", ByteRange(999, 1000)),
        ("bytes=500-599", ByteRange(500, 600)),
        ("bytes=-1", ByteRange(999, 1000)),
        ("bytes=-5000", ByteRange(0, 1000)),
        ("bytes=0-99999999999999999999999", ByteRange(0, 1000)),
        ("bytes=-99999999999999999999999", ByteRange(0, 1000)),
        ("bytes=00000000000000000000000-00000000000000000000009", ByteRange(0, 10)),
        ("Bytes=0-9", ByteRange(0, 10)),
        (" bytes=0-9 ", ByteRange(0, 10)),
    ],
)
def test_ranges_of_a_thousand_octets(header: str, expected: ByteRange) -> None:
    assert requested_range(header, 1000) == expected


@pytest.mark.parametrize(
    "header",
    ["bytes=1000-", "bytes=1000-2000", "bytes=500-0", "bytes=1-0", "bytes=-0", "bytes=99999999999999999999999-"],
)
def test_what_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        requested_range(header, 1000)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_nothing_of_an_empty_blob_can_be_asked_for(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        requested_range(header, 0)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=--1",
        "bytes=0",
        "bytes=a-b",
        "bytes=0x0-0x9",
        "bytes=+0-9",
        "bytes=0-9;q=1",
        "bytes=0.5-9",
        "bytes=0-1,5-9",
        "bytes=0-1,",
        "bytes 0-9",
        "items=0-9",
        "0-9",
        "bytes=\N{ARABIC-INDIC DIGIT ONE}-9",
        "bytes=\N{SUPERSCRIPT TWO}-9",
    ],
)
def test_what_is_passed_over(header: str | None) -> None:
    assert requested_range(header, 1000) is None


@given(st.text(max_size=40), st.integers(0, 2**63))
def test_nonsense_never_leads_out_of_the_blob(text: str, size: int) -> None:
    for header in (text, f"bytes={text}", f"bytes={text}-{text}"):
        try:
            found = requested_range(header, size)
        except UnsatisfiableError:
            continue
        assert found is None or 0 <= found.start < found.stop <= size


def test_a_number_of_any_length_is_no_trouble() -> None:
    digits = "9" * 100_000
    assert requested_range(f"bytes=0-{digits}", 5) == ByteRange(0, 5)
    with pytest.raises(UnsatisfiableError):
        requested_range(f"bytes={digits}-", 5)
