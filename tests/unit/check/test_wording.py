"""The words of a check."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from seawall.check.step import Kind, Place, Verdict
from seawall.check.wording import (
    KINDS,
    SIGNS,
    VERDICTS,
    authority,
    breaks,
    closing,
    duration,
    plain,
    plain_lines,
    title,
    whose,
)
from tests.unit.check import reports


def test_every_kind_and_verdict_has_a_word() -> None:
    assert set(KINDS) == set(Kind)
    assert set(SIGNS) == set(VERDICTS) == set(Verdict)
    assert len(set(KINDS.values())) == len(Kind)
    assert len(set(SIGNS.values())) == len(set(VERDICTS.values())) == len(Verdict)


@given(reports.words)
def test_plain_text_steers_nothing(text: str) -> None:
    shown = plain(text)
    assert not {unicodedata.category(one) for one in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert plain(shown) == shown
    assert shown == shown.strip()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it is: \u00e4\u4e2d <b>", "as it is: \u00e4\u4e2d <b>"),
        (" two\r\n\tlines\u2028here ", "two lines here"),
        ("\x1b[31mred", "\ufffd[31mred"),
        ("exe\u202egpj", "exe\ufffdgpj"),
        ("\ud800", "\ufffd"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_rules_keep_their_lines_and_tabs() -> None:
    assert plain_lines("a {\r\n\tb\x00\n}\n") == "a {\n\tb\ufffd\n}\n"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (90, "90 s"),
    ],
)
def test_duration(seconds: float, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("host", "port", "written"),
    [("a.example", 443, "a.example"), ("a.example", 5000, "a.example:5000"), ("::1", 5000, "[::1]:5000")],
)
def test_authority(host: str, port: int, written: str) -> None:
    assert authority(host, port) == written


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("healthy", "A pull works."),
        ("warned", "A pull works; there is one warning."),
        ("half_open", "A pull fails here."),
        ("before_switch", "This client is not ready for the switch to dedicated data endpoints."),
    ],
)
def test_closing(name: str, words: str) -> None:
    assert closing(reports.SAMPLES[name]()) == words


def test_closing_promises_no_more_than_was_tried() -> None:
    assert "no layer was fetched" in closing(reports.report(image=""))
    assert closing(reports.report(before_switch=True)) == (
        "This client is ready for the switch to dedicated data endpoints."
    )
    two = tuple(one for one in reports.warned().problems for _ in range(2))
    assert closing(reports.report(problems=two)) == "A pull works; there are 2 warnings."


def test_whose_it_is() -> None:
    assert whose(reports.half_open().problems[0]) == "This is for whoever looks after the firewall."


def test_title() -> None:
    assert title(reports.healthy()) == f"Check of {reports.LOGIN} with app:1"
    assert title(reports.report(image="")) == f"Check of {reports.LOGIN}"


def test_what_will_break_has_not_broken() -> None:
    assert breaks(Place.DATA) != breaks(Place.FUTURE)
