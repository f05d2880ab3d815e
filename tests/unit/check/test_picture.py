"""The picture of a check: read as XML, measured, and made from whatever a hostile server would say."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.check.cause import Cause
from seawall.check.picture import picture
from seawall.check.stations import stations
from seawall.check.step import Kind, Place, Verdict
from seawall.check.wording import plain
from tests.unit.check import reports
from tests.unit.check.reading import SVG, elements, hidden, is_ours, parse, text_of

if TYPE_CHECKING:
    from seawall.check.report import Report

WIDTH: Final = 960
LETTER: Final = 7.3
"""Width of a character of a host's name, in a font of 12 pixels."""

every_sample = pytest.mark.parametrize("name", reports.SAMPLES)
names = st.text(st.sampled_from("abcdefghijklmnop-."), min_size=1, max_size=253)


def number(attributes: dict[str, str], name: str) -> float:
    return float(attributes.get(name, "0"))


def of_class(drawn: str, name: str) -> list[dict[str, str]]:
    """The attributes of every shape of a class."""
    return [dict(one) for _, one in elements(drawn) if name in dict(one).get("class", "").split()]


def of_verdict(drawn: str, shape: str, verdict: Verdict) -> int:
    return sum(verdict.value in one["class"].split() for one in of_class(drawn, shape))


@every_sample
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    report = reports.SAMPLES[name]()
    drawn = picture(report)
    root = parse(drawn)
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert report.subject in (title.text or "")
    for one in report.met:
        assert one.host in (description.text or "")
    for problem in report.problems[:1]:
        assert plain(problem.meaning) in (description.text or "")


@every_sample
def test_names_are_whole_and_within_their_boxes(name: str) -> None:
    report = reports.SAMPLES[name]()
    drawn = picture(report)
    written = "".join(text_of(drawn, within="host"))
    for one in report.met:
        assert one.host in written
    assert report.client in written
    boxes = of_class(drawn, "box")
    for shape, words in zip(of_class(drawn, "host"), text_of(drawn, within="host"), strict=True):
        x, y = number(shape, "x"), number(shape, "y")
        right = x + LETTER * len(words)
        assert any(
            number(box, "x") < x
            and right < number(box, "x") + number(box, "width")
            and number(box, "y") < y < number(box, "y") + number(box, "height")
            for box in boxes
        ), words


@given(names)
def test_a_name_of_any_length_is_whole_and_keeps_clear_of_the_marks(host: str) -> None:
    step = reports.step(Kind.TCP, host)
    drawn = picture(reports.report(steps=(step,), met=(), client="c"))
    lines = text_of(drawn, within="host")[1:]
    assert "".join(lines) == host
    first_mark = min(number(one, "cx") for one in of_class(drawn, "disc") if number(one, "cx") > WIDTH / 2)
    (_, box) = of_class(drawn, "box")
    assert number(box, "x") + 10 + max(map(len, lines)) * LETTER < first_mark - 7


@every_sample
def test_nothing_overlaps_or_is_outside(name: str) -> None:
    drawn = picture(reports.SAMPLES[name]())
    root = parse(drawn)
    height = float(root.get("height", "0"))
    assert root.get("viewBox") == f"0 0 {WIDTH} {height:g}"
    assert root.get("width") == str(WIDTH)
    places = []
    for box in of_class(drawn, "box"):
        x, y = number(box, "x"), number(box, "y")
        places.append((x, y, x + number(box, "width"), y + number(box, "height")))
    for left, top, right, bottom in places:
        assert left >= 0
        assert top >= 0
        assert right <= WIDTH
        assert bottom <= height
    for one, other in combinations(places, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    discs = [(number(one, "cx"), number(one, "cy")) for one in of_class(drawn, "disc")]
    assert all(7 <= x <= WIDTH - 7 and 7 <= y <= height - 7 for x, y in discs)
    # All are in boxes but those of the sentence and of the legend, which stand below.
    inside = [
        (x, y)
        for x, y in discs
        if any(left + 7 < x < right - 7 and top + 7 < y < bottom - 7 for left, top, right, bottom in places)
    ]
    assert len(inside) == len(discs) - 1 - len(Verdict)


@every_sample
def test_every_verdict_has_its_colour_and_its_sign(name: str) -> None:
    report = reports.SAMPLES[name]()
    drawn = picture(report)
    marks = [mark for one in stations(report.steps, report.met) for mark in one.marks]
    for verdict in Verdict:
        # One more in the legend, and one beside the sentence below.
        besides = 1 + (verdict is report.verdict)
        assert of_verdict(drawn, "disc", verdict) == sum(one.verdict is verdict for one in marks) + besides
    assert len(of_class(drawn, "sign")) == len(of_class(drawn, "disc"))
    by_verdict = {dict(one)["d"] for tag, one in elements(drawn) if dict(one).get("class") == "sign" and tag == "path"}
    assert len(by_verdict) == len(Verdict)


@pytest.mark.parametrize(
    ("name", "walls"),
    [
        ("healthy", 0),
        ("warned", 0),
        ("half_open", 1),
        ("interception", 1),
        ("black_hole", 1),
        ("many_regions", 1),
        ("network_rule", 0),
    ],
)
def test_a_wall_stands_where_one_is(name: str, walls: int) -> None:
    report = reports.SAMPLES[name]()
    drawn = picture(report)
    assert len(of_class(drawn, "wall")) == walls
    fatal = bool(report.problems) and report.problems[0].fatal
    assert len(of_class(drawn, "broken")) == len(of_class(drawn, "breaks")) == fatal
    assert of_verdict(drawn, "line", Verdict.FAILED) == fatal


def test_the_place_where_it_breaks_is_that_of_the_problem() -> None:
    drawn = picture(reports.half_open())
    (broken,) = of_class(drawn, "broken")
    east = next(
        one
        for one, words in zip(of_class(drawn, "host"), text_of(drawn, within="host"), strict=True)
        if words == reports.EAST
    )
    top = number(broken, "y")
    assert top < number(east, "y") < top + number(broken, "height")
    assert text_of(drawn, within="breaks") == ["it breaks here"]


def test_after_the_switch_it_will_break() -> None:
    drawn = picture(reports.before_switch())
    assert text_of(drawn, within="breaks") == ["it will break here"]
    assert len(of_class(drawn, "future")) == 1


def test_a_proxy_stands_between() -> None:
    drawn = picture(reports.proxy_login())
    machine, west, proxy, login = of_class(drawn, "box")
    assert number(machine, "x") < number(proxy, "x") < number(login, "x") == number(west, "x")
    assert "broken" in proxy["class"].split()
    assert "failed" in login["class"].split()
    # One is reached past the proxy: from this machine all the way.
    assert {one["d"].split("H")[-1] for one in of_class(drawn, "line")} == {proxy["x"], login["x"]}


def test_a_long_client_and_a_long_sentence_are_whole() -> None:
    client = "a-build-machine-with-a-name.of-some-length.corp.example"
    long = reports.problem(Cause.DROPPED, *(f"{region}.data.azurecr.io" for region in reports.REGIONS))
    drawn = picture(reports.report(client=client, problems=(long,)))
    assert client in "".join(text_of(drawn, within="host"))
    assert " ".join(text_of(drawn, within="said")) == plain(long.meaning)
    assert max(map(len, text_of(drawn, within="said"))) * 8 < WIDTH


def test_it_is_readable_in_the_light_and_in_the_dark() -> None:
    (style,) = text_of(picture(reports.healthy()), within="style")
    light, _, dark = style.partition("@media screen and (prefers-color-scheme: dark)")
    assert dark
    coloured = {line.split(" {")[0] for line in light.splitlines() if "#" in line}
    # What is not said again for the dark must be fit for both.
    assert coloured - {line.split(" {")[0] for line in dark.splitlines()} == {".seawall .line.skipped"}
    assert "url(" not in style
    assert "@import" not in style


def test_a_check_that_tried_nothing_has_a_picture() -> None:
    drawn = picture(reports.report(steps=(), met=()))
    assert len(of_class(drawn, "box")) == 1


def test_a_host_that_was_only_met_was_not_tried() -> None:
    drawn = picture(reports.report(steps=(), met=(reports.met(reports.LOGIN, Place.LOGIN),)))
    assert "nothing was tried" in text_of(drawn, within="desc")[0]
    assert of_verdict(drawn, "line", Verdict.SKIPPED) == 1


@given(reports.any_report)
def test_whatever_it_holds_is_only_text(report: Report) -> None:
    drawn = picture(report)
    assert is_ours(elements(drawn), SVG)
    assert not hidden(drawn)
