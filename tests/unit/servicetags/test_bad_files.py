"""What is no weekly file, or a damaged one, is refused with the reason and where it is."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.servicetags.snapshot import LARGEST_FILE, SnapshotError, read_snapshot
from tests.support.weekly import SMALL, document, encoded, record, weekly

if TYPE_CHECKING:
    from pathlib import Path

WHERE = "weekly/some file.json"


def refusal(data: bytes) -> str:
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(data, WHERE)
    message = str(caught.value)
    assert message.startswith(f"{WHERE}: ")
    # It may quote what was sent, but only a bit of it, on one line.
    assert len(message) < 500
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"<!DOCTYPE html>\r\n<html><head><title>Sorry</title></head></html>", "a web page or XML"),
        (b"<HTML><HEAD><TITLE>Gateway Timeout - In read </TITLE></HEAD></HTML>", "a web page or XML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>ServerBusy</Code></Error>", "a web page or XML"),
        (b"\r\n\r\n  <html>", "a web page or XML"),
        (b"An error occurred while processing your request.", "no JSON"),
        (b"\x1f\x8b\x08\x00packed", "no JSON"),
        (b"\x00" * 100, "no JSON"),
        (weekly()[:-1], "cut off"),
        (weekly()[: len(weekly()) // 2], "cut off"),
        (b"{", "cut off"),
        (weekly() + weekly(), "damaged"),
        (weekly() + b"</html>", "damaged"),
        (weekly().replace(b"Public", b"Publ\xffc"), "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"a":' * 100_000, "damaged"),
        (b'{"changeNumber": ' + b"1" * 5000 + b"}", "damaged"),
        (b"[]", "not a service-tag file"),
        (b"null", "not a service-tag file"),
        (b'"Public"', "not a service-tag file"),
        (b"{}", "cloud"),
        (b'{"error": {"code": "ServerBusy"}}', "cloud"),
    ],
)
def test_what_is_no_weekly_file_is_called_what_it_is(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_a_byte_order_mark_alone_is_refused() -> None:
    refusal(b"\xef\xbb\xbf")


def test_what_is_too_large_is_not_even_read() -> None:
    message = refusal(weekly() + b" " * (LARGEST_FILE - len(weekly()) + 1))
    assert str(LARGEST_FILE + 1) in message
    # One octet less is as large as a file may be.
    assert read_snapshot(weekly() + b" " * (LARGEST_FILE - len(weekly())), WHERE).change == 374


@given(st.integers(0, len(weekly()) - 1))
def test_no_file_that_was_cut_off_is_read(length: int) -> None:
    refusal(weekly()[:length])


def test_every_failed_download_of_a_year_is_refused(real_files: Path) -> None:
    broken = sorted((real_files / "broken").iterdir())
    assert len(broken) == 6
    for path in broken:
        data = path.read_bytes()
        message = refusal(data)
        assert ("a web page or XML" if data else "the file is empty") in message
        assert "failed" in message
        # What it says of itself helps whoever has to find out.
        if data:
            assert data.split()[0].decode() in message


# Whole JSON, with a fault in it.

ANYTHING: Final[tuple[object, ...]] = (None, True, 1, 1.5, "x", [], ["x"], {}, {"a": 1})


def changed(path: tuple[str | int, ...], value: object) -> bytes:
    content = copy.deepcopy(document())
    at: Any = content
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return encoded(content)


@pytest.mark.parametrize("value", [*ANYTHING, "public", "PUBLIC", "Azure"])
def test_a_cloud_that_is_none(value: object) -> None:
    message = refusal(changed(("cloud",), value))
    assert "cloud" in message
    assert "AzureGovernment, China, Public" in message


@pytest.mark.parametrize("value", [one for one in ANYTHING if one != 1 or one is True] + ["374"])
def test_a_number_that_is_none(value: object) -> None:
    assert "changeNumber" in refusal(changed(("changeNumber",), value))


@pytest.mark.parametrize("value", ANYTHING)
def test_tags_that_are_none(value: object) -> None:
    assert "values" in refusal(changed(("values",), value))


@pytest.mark.parametrize("value", ANYTHING)
def test_a_tag_that_is_none(value: object) -> None:
    assert "values[3]" in refusal(changed(("values", 3), value))


@pytest.mark.parametrize("value", ANYTHING)
def test_properties_that_are_none(value: object) -> None:
    assert "values[3]" in refusal(changed(("values", 3, "properties"), value))


@pytest.mark.parametrize("value", ["", *(one for one in ANYTHING if one != "x")])
def test_a_name_that_is_none(value: object) -> None:
    content = document()
    content["values"][3].update(name=value, id=value)
    assert "values[3]" in refusal(encoded(content))


@pytest.mark.parametrize("value", [*ANYTHING, "", "AzureContainerRegistry", "azurecontainerregistry.israelcentral"])
def test_an_id_that_is_not_the_name(value: object) -> None:
    message = refusal(changed(("values", 3, "id"), value))
    assert "values[3]" in message
    assert "id" in message


@pytest.mark.parametrize("field", ["changeNumber", "region", "addressPrefixes"])
def test_a_field_that_is_missing(field: str) -> None:
    content = document()
    del content["values"][3]["properties"][field]
    message = refusal(encoded(content))
    assert "values[3]" in message
    assert field in message


@pytest.mark.parametrize("value", [None, 1, True, [], {}])
def test_a_region_that_is_no_text(value: object) -> None:
    message = refusal(changed(("values", 3, "properties", "region"), value))
    assert "AzureContainerRegistry.IsraelCentral" in message


@pytest.mark.parametrize("value", [None, True, 1.5, "1", [], {}])
def test_a_tags_number_that_is_none(value: object) -> None:
    message = refusal(changed(("values", 3, "properties", "changeNumber"), value))
    assert "AzureContainerRegistry.IsraelCentral" in message
    assert "changeNumber" in message


@pytest.mark.parametrize("value", [one for one in ANYTHING if one != ["x"]])
def test_a_tag_without_addresses(value: object) -> None:
    message = refusal(changed(("values", 3, "properties", "addressPrefixes"), value))
    assert "AzureContainerRegistry.IsraelCentral" in message
    assert "addressPrefixes" in message


@pytest.mark.parametrize("value", [*ANYTHING, "", "20.0.0.1/24", "2603:1000::1/48", "20.0.0.0/33", "::/129", "*"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_prefix_that_is_none(value: object, at: int) -> None:
    prefixes: list[object] = ["20.0.2.0/24", "2603:1000:2::/48"]
    prefixes[at] = value
    message = refusal(changed(("values", 3, "properties", "addressPrefixes"), prefixes))
    assert "AzureContainerRegistry.IsraelCentral" in message
    assert "addressPrefixes" in message
    # It is said in words, not in those of the program's own works.
    assert "attribute" not in message


@pytest.mark.parametrize(
    "tags",
    [
        {"Storage": ["1.2.3.0", "24/5.6.7.8/32"]},
        {"Storage": ["1.2.3.0/24", "5.6.7.8"], "Sql": ["32/9.9.9.9/32"]},
        {"Storage": ["2001:db8::"], "Sql": ["32/2001:db9::/32"]},
    ],
)
def test_halves_of_prefixes_do_not_make_whole_ones(tags: dict[str, list[str]]) -> None:
    assert "is not an address range" in refusal(weekly(tags))


def test_a_tag_that_is_there_twice() -> None:
    content = document()
    content["values"].append(record("Storage", ["20.9.0.0/16"]))
    message = refusal(encoded(content))
    assert "Storage: " in message
    assert "twice" in message


@pytest.mark.parametrize("name", ["Storage\nallow any", "Storage\x1b[2J", "Storage\ud800", "Stor age", 'Sto"rage'])
def test_a_name_that_could_do_harm_where_it_is_written_is_refused(name: str) -> None:
    # Names go into rules and onto terminals as they are; the real ones are of letters, digits and dots.
    assert "values[" in refusal(weekly({**SMALL, name: ["20.9.0.0/16"]}))


FIELDS: Final = st.sampled_from(("changeNumber", "cloud", "values", "name", "id", "properties", "region"))
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
    max_leaves=8,
)


@given(JSON, st.data())
def test_no_other_error_comes_out(value: object, data: st.DataObject) -> None:
    paths: list[tuple[str | int, ...]] = [
        ("cloud",),
        ("changeNumber",),
        ("values",),
        ("values", 0),
        ("values", 0, "name"),
        ("values", 0, "properties"),
        ("values", 0, "properties", "region"),
        ("values", 0, "properties", "changeNumber"),
        ("values", 0, "properties", "addressPrefixes"),
        ("values", 0, "properties", "addressPrefixes", 0),
    ]
    text = changed(data.draw(st.sampled_from(paths)), value)
    assert json.loads(text)
    with contextlib.suppress(SnapshotError):
        read_snapshot(text, WHERE)
