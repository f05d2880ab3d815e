"""What ``seawall check`` shows while it runs and says at the end: on terminals, in pipes, in any encoding."""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given

from seawall.check.report import Comparison
from seawall.check.step import Kind
from seawall.check.wording import closing, plain
from seawall.cli.check_view import Progress, say_report
from tests.unit.check import reports
from tests.unit.check.reading import hidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.check.report import Report

COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
STEERING: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RULES: Final = "table inet seawall {\n\tset hosts { <&> [red] }\n}\n"

every_sample = pytest.mark.parametrize("name", reports.SAMPLES)


class Paper(io.TextIOWrapper):
    """A file, or what says that it is a terminal."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes, encoding=encoding, write_through=True)

    def isatty(self) -> bool:
        return self.terminal

    @property
    def written(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own decides about colours and columns."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Say a report, and return all that was written."""

    def call(report: Report, rules: str = "", *, terminal: bool = False, encoding: str = "utf-8") -> str:
        paper = Paper(terminal=terminal, encoding=encoding)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", paper)
            say_report(report, rules)
        return paper.written

    return call


@every_sample
def test_a_pipe_gets_the_whole_without_colours(name: str, say: Callable[..., str]) -> None:
    report = reports.SAMPLES[name]()
    told = say(report)
    assert not hidden(told)
    lines = told.splitlines()
    for one in report.met:
        (line,) = [line for line in lines if f" {one.host}" in line and one.place.value in line and "\u2500" in line]
        assert line.count(" ms") + line.count(" s ") >= 1
    for problem in report.problems:
        for words in (plain(problem.meaning), f"To do: {plain(problem.fix)}", f"the {problem.whose}."):
            assert words in told
        for rule in problem.rules:
            assert f"     Open: {rule}" in lines
        for evidence in problem.evidence:
            assert f"     Seen: {evidence}" in lines
    for words in (*report.comparison.missing, *report.comparison.missing_addresses):
        assert any(line.startswith("  Met, and in no") and line.endswith(words) for line in lines)
    for flow in report.comparison.surplus:
        assert f"  Planned, and of no use to this pull: TCP 443 to {flow.host}" in lines
    assert closing(report) in lines[-1]
    assert re.search(r"It took [\d.]+ (ms|s)\.$", lines[-1])


def test_the_place_where_it_breaks(say: Callable[..., str]) -> None:
    (line,) = [line for line in say(reports.half_open()).splitlines() if "<-" in line]
    assert line.startswith(f"\u251c\u2500 \u2717 {reports.EAST}  data endpoint")
    assert line.endswith("\u2713 name 12 ms  \u2717 TCP 5.0 s  \u00b7 TLS  \u00b7 answer  <- it breaks here")


def test_a_proxy_is_a_branch_of_its_own(say: Callable[..., str]) -> None:
    lines = say(reports.proxy_login()).splitlines()
    start = lines.index("this machine (build-7)")
    west, proxy, login = lines[start + 1 : start + 4]
    assert west.startswith(f"\u251c\u2500 \u2713 {reports.WEST}")
    assert proxy.startswith(f"\u2514\u2500 \u2717 {reports.PROXY}:3128")
    assert proxy.endswith("<- it breaks here")
    assert login.startswith(f"   \u2514\u2500 \u2717 {reports.LOGIN}")


def test_the_true_cause_comes_first(say: Callable[..., str]) -> None:
    told = say(reports.black_hole())
    assert "\n1. \u2717 " in told
    assert "\n2. ! " in told
    assert told.index("does not answer") < told.index("time is up")


def test_what_is_well_is_not_in_the_way(say: Callable[..., str]) -> None:
    told = say(reports.unplanned())
    assert "in the way" not in told
    assert "planned" not in told
    assert told.endswith("\u2713 A pull works. It took 1.2 s.\n")


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison(planned=reports.PLANNED), "Every host that was met is in them."),
        (Comparison(planned=reports.PLANNED, basis="Public 374"), "Every host and address that was met is in them."),
    ],
)
def test_what_agrees(comparison: Comparison, words: str, say: Callable[..., str]) -> None:
    assert words in say(reports.report(comparison=comparison))
    assert words not in say(reports.before_switch())


@pytest.mark.parametrize("terminal", [False, True])
def test_rules_are_there_to_the_letter(say: Callable[..., str], *, terminal: bool) -> None:
    assert f"\n{RULES}\n" in say(reports.half_open(), RULES, terminal=terminal)


@every_sample
def test_a_terminal_gets_colours_and_lines_that_fit(name: str, say: Callable[..., str]) -> None:
    report = reports.SAMPLES[name]()
    told = say(report, terminal=True)
    assert COLOUR.search(told)
    words = COLOUR.sub("", told)
    assert not hidden(words)
    # Only a name that is longer than the terminal is wide may be: it is not broken, so that it can be copied.
    assert all(len(line) <= 90 for line in words.splitlines())
    for problem in report.problems:
        assert plain(problem.meaning) in " ".join(words.split())
    for one in report.met:
        assert one.host in words


def test_no_colours_where_none_are_wanted(say: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    # Bold and dim are no colours.
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", say(reports.half_open(), terminal=True))


def test_a_pipe_gets_no_colours_whatever_is_forced(say: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in say(reports.half_open())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_an_encoding_without_the_signs_gets_plain_ones(encoding: str, say: Callable[..., str]) -> None:
    told = say(reports.half_open(), encoding=encoding)
    assert told.isascii()
    assert f"|- x {reports.EAST}" in told
    assert f"`- + {reports.WEST}" in told
    assert "+ name 12 ms  x TCP 5.0 s  - TLS  - answer  <- it breaks here" in told


def test_what_an_encoding_does_not_have_is_written_by_number(say: Callable[..., str]) -> None:
    assert "r\\xe4chner \\u4e2d" in say(reports.report(client="r\u00e4chner \u4e2d"), encoding="ascii")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("terminal", [False, True])
@given(report=reports.any_report, rules=reports.words)
def test_whatever_it_holds_is_only_text(report: Report, rules: str, encoding: str, *, terminal: bool) -> None:
    paper = Paper(terminal=terminal, encoding=encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", paper)
        say_report(report, rules)
    words = COLOUR.sub("", paper.written) if terminal else paper.written
    assert not hidden(words) - {"\t"}
    if encoding == "utf-8" and not terminal:
        for problem in report.problems:
            assert plain(problem.meaning) in words
            for one in problem.evidence:
                assert plain(one) in words
        for step in report.steps:
            assert plain(step.host) in words


def screen(paper: Paper) -> str:
    """What was drawn, without what steered it."""
    return STEERING.sub("", paper.written)


def test_progress_grows_by_a_line_for_each_host(capsys: pytest.CaptureFixture[str]) -> None:
    paper = Paper(terminal=True)
    now = iter(range(1000))
    with Progress(paper, clock=lambda: next(now)) as progress:
        for step in reports.half_open().steps:
            progress(step)
    drawn = screen(paper)
    assert re.search(r"Checking for \d", drawn)
    assert f"\u2713 {reports.LOGIN}  \u2713 name 12 ms  \u2713 TCP 12 ms  \u2713 TLS" in drawn
    assert f"\u2717 {reports.EAST}  \u2713 name 12 ms  \u2717 TCP 5.0 s" in drawn
    assert "not tried" not in drawn
    # All was taken away again at the end, the cursor is back, and standard output was left alone.
    assert paper.written.rstrip().endswith("\x1b[2K")
    assert paper.written.count("\x1b[?25l") == paper.written.count("\x1b[?25h") == 1
    assert capsys.readouterr() == ("", "")


def test_progress_leaves_standard_output_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = Paper(terminal=True), Paper(terminal=True)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with Progress() as progress:
        progress(reports.step(Kind.DNS))
        sys.stdout.write("said meanwhile\n")
    assert out.written == "said meanwhile\n"
    assert reports.LOGIN in err.written


def test_the_terminal_is_itself_again_after_an_interruption() -> None:
    paper = Paper(terminal=True)

    def interrupted() -> None:
        with Progress(paper) as progress:
            progress(reports.step(Kind.DNS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert paper.written.count("\x1b[?25l") == paper.written.count("\x1b[?25h") == 1


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_silent_where_nobody_can_watch(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    paper = Paper(terminal=terminal)
    with Progress(paper) as progress:
        progress(reports.step(Kind.DNS))
    assert not paper.written


def test_hosts_that_are_too_long_to_watch_do_not_break_lines() -> None:
    paper = Paper(terminal=True)
    with Progress(paper) as progress:
        progress(reports.step(Kind.DNS, "\x1b[5m[red]" + "a" * 300))
    drawn = paper.written
    assert "\x1b[5m" not in drawn
    # One line in each picture, cut off at the edge.
    assert drawn.count("[red]") == drawn.count("a" * 50) >= 1
    assert all(len(line) <= 90 for line in screen(paper).replace("\r", "\n").splitlines())
