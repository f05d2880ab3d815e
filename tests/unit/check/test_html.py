"""The page of a check: read as XML and as HTML, and made from whatever a hostile server would say."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given

from seawall.check.cause import Cause
from seawall.check.html import page
from seawall.check.report import Comparison
from seawall.check.wording import KINDS, plain, plain_lines
from seawall.firewall.need import Flow, Purpose
from tests.unit.check import reports
from tests.unit.check.reading import HTML, elements, hidden, html_elements, is_ours, parse, text_of

if TYPE_CHECKING:
    from seawall.check.report import Report

RULES: Final = "table inet seawall {\n\tset hosts { <&> }\n}\n"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

every_sample = pytest.mark.parametrize("name", reports.SAMPLES)


def section(written: str, heading: str) -> str:
    """The text of the section with a heading."""
    return next(one for one in text_of(written, within="section") if one.strip().startswith(heading))


def rows(written: str) -> list[list[str]]:
    """The cells of every row of every table."""
    return [["".join(cell.itertext()) for cell in row] for row in parse(written).iter("tr")]


@every_sample
def test_the_page_tells_the_whole(name: str) -> None:
    report = reports.SAMPLES[name]()
    written = page(report)
    told = text_of(written)[0]
    assert f"Began{report.began:%Y-%m-%d %H:%M:%S} UTC" in told
    for words in (report.subject, report.image, report.client, report.comparison.basis):
        assert words in told
    for problem in report.problems:
        assert plain(problem.meaning) in told
        assert plain(problem.fix) in told
        for words in (problem.whose, *problem.evidence):
            assert words in told
    cells = rows(written)
    for step in report.steps:
        details = "".join(f"{name}: {value}" for name, value in step.evidence)
        assert any(row[0] == KINDS[step.kind] and row[2:4] == [step.said, details] for row in cells)
    for one in report.met:
        assert any(
            row[:3]
            == [one.host if one.port == 443 else f"{one.host}:{one.port}", one.place.value, "".join(one.addresses)]
            for row in cells
        )
    for flow in report.comparison.surplus:
        assert [flow.host, "443", flow.why] in cells
    for words in (*report.comparison.missing, *report.comparison.missing_addresses):
        assert words in section(written, "Beside the planned rules")


def test_the_true_cause_comes_first_and_before_the_picture() -> None:
    written = page(reports.black_hole())
    headings = text_of(written, within="h3")
    assert headings == [
        f"\u2717 {reports.LOGIN} does not answer: a wall drops the packets.",
        f"! {reports.LOGIN} was not checked to the end: time is up.",
    ]
    sections = [one.strip().splitlines()[0] for one in text_of(written, within="section")]
    assert sections[:2] == ["What is in the way", "What to open"]
    assert sections[2] == "The way of the pull"


def test_what_to_open_says_where_and_why() -> None:
    written = page(reports.half_open())
    why = next(flow.why for flow in reports.PLANNED if flow.host == reports.EAST)
    assert [reports.EAST, "443", why] in rows(written)


def test_what_nobody_planned_is_opened_for_the_reason_it_was_found_for() -> None:
    first, second = (reports.problem(cause, "cdn.example") for cause in (Cause.DROPPED, Cause.UNPLANNED))
    written = page(reports.report(problems=(first, second), met=()))
    assert [row for row in rows(written) if row[0] == "cdn.example"] == [["cdn.example", "443", plain(first.meaning)]]


def test_a_wildcard_of_the_plan_is_the_reason_for_its_hosts() -> None:
    flow = Flow(reports.WILDCARD, Purpose.BLOB, "layers from shared storage", "")
    problem = reports.problem(Cause.DROPPED, "sw1.blob.core.windows.net")
    written = page(reports.report(problems=(problem,), comparison=Comparison(planned=(flow,))))
    assert ["sw1.blob.core.windows.net", "443", "layers from shared storage"] in rows(written)


def test_what_is_no_walls_business_opens_nothing() -> None:
    assert "Nothing has to be opened" in section(page(reports.network_rule()), "What to open")


def test_rules_are_there_to_the_letter() -> None:
    written = page(reports.half_open(), RULES, "nftables")
    assert text_of(written, within="pre") == [RULES]
    assert "selects all of it" in section(written, "The rules for nftables")
    assert "user-select: all" in text_of(written, within="style")[0]
    assert not text_of(page(reports.half_open()), within="pre")
    assert section(page(reports.half_open(), RULES), "The rules in the firewall's language")


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison(), "No rules are known"),
        (Comparison(planned=reports.PLANNED), "Every host that was met is in the planned rules."),
        (Comparison(planned=reports.PLANNED, basis="Public 374"), "Every host and address"),
    ],
)
def test_what_was_compared(comparison: Comparison, words: str) -> None:
    assert words in section(page(reports.report(comparison=comparison)), "Beside the planned rules")


def test_a_missing_rule_is_no_agreement() -> None:
    told = section(page(reports.before_switch()), "Beside the planned rules")
    assert "Every host" not in told


def test_what_was_asked() -> None:
    assert "after the switch" in text_of(page(reports.before_switch()), within="dl")[0]
    assert "after the switch" not in text_of(page(reports.healthy()), within="dl")[0]


def test_a_check_that_found_nothing_out_has_a_page() -> None:
    written = page(reports.report(steps=(), met=(), comparison=Comparison(), image=""))
    told = text_of(written)[0]
    for words in ("Nothing is in the way.", "Nothing was tried.", "No host was met.", "No rules are known"):
        assert words in told


@every_sample
def test_those_who_listen_or_type_get_along(name: str) -> None:
    written = page(reports.SAMPLES[name](), RULES)
    root = parse(written)
    assert root.get("lang") == "en"
    levels = [int(tag[1]) for tag, _ in elements(written) if tag in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert len(list(root.iter("main"))) == 1
    for table in root.iter("table"):
        assert table[0].tag == "caption"
        assert {one.get("scope") for one in table.iter("th")} <= {"col", "row", "rowgroup"}
        widths = {sum(int(cell.get("colspan", "1")) for cell in row) for row in table.iter("tr")}
        assert len(widths) == 1
    (rules,) = root.iter("pre")
    assert rules.get("tabindex") == "0"
    assert rules.get("aria-label")


@every_sample
def test_the_page_needs_nothing_and_runs_nothing(name: str) -> None:
    written = page(reports.SAMPLES[name](), RULES)
    policies = [dict(one)["content"] for tag, one in elements(written) if dict(one).get("http-equiv")]
    assert policies == [POLICY]
    assert "url(" not in written
    assert "@import" not in written
    assert {"script", "link", "a", "img", "iframe"}.isdisjoint(tag for tag, _ in elements(written))


def test_it_is_readable_in_the_dark_and_on_paper() -> None:
    style = text_of(page(reports.healthy()), within="style")[0]
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


@given(reports.any_report, reports.words, reports.words)
def test_whatever_it_holds_is_only_text(report: Report, rules: str, language: str) -> None:
    written = page(report, rules, language)
    strict = elements(written)
    assert is_ours(strict, HTML)
    # Browsers see the same elements as strict readers do, and attributes have their values.
    assert [tag for tag, _ in html_elements(written)] == [tag.lower() for tag, _ in strict]
    assert not hidden(written.replace("\t", ""))
    assert sum("http-equiv" in dict(one) for _, one in strict) == 1
    told = text_of(written)[0]
    for step in report.steps:
        assert plain(step.said) in told
    for problem in report.problems:
        for one in problem.evidence:
            assert plain(one) in told
    if rules:
        assert plain_lines(rules) in told
