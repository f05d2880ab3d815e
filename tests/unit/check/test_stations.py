"""From steps to the hosts on the way."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given

from seawall.check.cause import Cause
from seawall.check.stations import DIRECT, branches, broken, stations
from seawall.check.step import Kind, Place, Verdict
from tests.unit.check import reports
from tests.unit.check.reports import EAST, LOGIN, PROXY, WAY, WEST

if TYPE_CHECKING:
    from seawall.check.report import Report


def test_hosts_stand_in_the_order_of_the_path() -> None:
    report = reports.healthy()
    shuffled = stations(reversed(report.steps), report.met)
    assert [one.host for one in shuffled] == [LOGIN, EAST, WEST]
    assert [one.kind for one in shuffled[1].steps] == [Kind.DNS, Kind.TCP, Kind.TLS, Kind.BLOB]


def test_hosts_that_nothing_was_said_of_stand_by_their_place() -> None:
    steps = (reports.step(Kind.DNS, WEST, place=Place.REPLICA), reports.step(Kind.DNS))
    assert [(one.host, one.place) for one in stations(steps)] == [(LOGIN, Place.LOGIN), (WEST, Place.REPLICA)]


def test_a_token_from_the_login_server_makes_no_second_host() -> None:
    steps = (reports.step(Kind.DNS), reports.step(Kind.TOKEN, place=Place.TOKEN))
    (only,) = stations(steps)
    assert only.place is Place.LOGIN


def test_what_was_not_tried_has_a_mark() -> None:
    login, east, _ = stations(reports.half_open().steps)
    assert [(mark.kind, mark.verdict) for mark in east.marks] == [
        (Kind.DNS, Verdict.OK),
        (Kind.TCP, Verdict.FAILED),
        (Kind.TLS, Verdict.SKIPPED),
        (Kind.ANSWER, Verdict.SKIPPED),
    ]
    assert [mark.kind for mark in east.tried] == [Kind.DNS, Kind.TCP]
    assert login.marks == login.tried


def test_hosts_that_have_no_such_step_have_no_such_mark() -> None:
    list_, proxy, address = stations(
        (
            reports.step(Kind.TCP, "crl.example", place=Place.REVOCATION, port=80),
            reports.step(Kind.TCP, PROXY, place=Place.PROXY, port=3128),
            reports.step(Kind.TCP, "2603:1000::9", port=5000),
        ),
        (
            reports.met("crl.example", Place.REVOCATION, port=80),
            reports.met(PROXY, Place.PROXY, port=3128),
            reports.met("2603:1000::9", Place.LOGIN, port=5000),
        ),
    )
    assert [mark.kind for mark in list_.marks] == [Kind.DNS, Kind.TCP]
    assert [mark.kind for mark in proxy.marks] == [Kind.DNS, Kind.TCP]
    assert [mark.kind for mark in address.marks] == [Kind.TCP, Kind.TLS, Kind.ANSWER]


def test_of_several_steps_the_worst_is_shown_and_the_longest_counts() -> None:
    steps = (
        reports.step(Kind.TCP, seconds=0.1),
        reports.step(Kind.TCP, verdict=Verdict.WARNING, seconds=3.0),
        reports.step(Kind.DNS, verdict=Verdict.SKIPPED),
    )
    (only,) = stations(steps)
    tcp = next(mark for mark in only.marks if mark.kind is Kind.TCP)
    assert (tcp.verdict, tcp.seconds) == (Verdict.WARNING, 3.0)
    assert only.verdict is Verdict.WARNING
    (both,) = stations((*steps, reports.failed(Kind.TCP, LOGIN, Cause.DROPPED, "no answer")))
    assert both.verdict is Verdict.FAILED


def test_a_proxy_stands_before_its_hosts_and_no_others() -> None:
    direct, by_proxy = branches(reports.proxy_login())
    assert (direct.way, direct.proxy, [one.host for one in direct.stations]) == (DIRECT, None, [WEST])
    assert by_proxy.way == WAY
    assert by_proxy.proxy is not None
    assert by_proxy.proxy.host == PROXY
    assert [mark.kind for mark in by_proxy.stations[0].marks] == [Kind.PROXY, Kind.TLS, Kind.ANSWER]


def test_a_proxy_that_no_step_was_at_is_shown_by_its_way() -> None:
    report = reports.report(met=(reports.met(LOGIN, Place.LOGIN, way=WAY),), steps=())
    (only,) = branches(report)
    assert only.proxy is not None
    assert only.proxy.name == WAY
    assert only.proxy.verdict is Verdict.SKIPPED


def test_a_proxy_that_was_asked_for_nothing_is_shown() -> None:
    steps = (reports.failed(Kind.TCP, PROXY, Cause.PROXY_GONE, "refused", place=Place.PROXY, port=3128),)
    (only,) = branches(reports.report(steps=steps, met=()))
    assert only.proxy is not None
    assert (only.proxy.host, only.stations) == (PROXY, ())


def test_where_it_breaks() -> None:
    assert broken(reports.healthy()) == set()
    assert broken(reports.warned()) == set()
    assert broken(reports.half_open()) == {EAST}
    assert broken(reports.proxy_login()) == {PROXY}
    assert broken(reports.report(problems=(reports.problem(Cause.PROXY_LOGIN, LOGIN),))) == {LOGIN}


@given(reports.any_report)
def test_no_step_and_no_host_is_lost(report: Report) -> None:
    shown = [one for branch in branches(report) for one in (branch.proxy, *branch.stations) if one]
    assert Counter(step for one in shown for step in one.steps) == Counter(report.steps)
    assert {(one.host, one.port) for one in shown} >= {(one.host, one.port) for one in report.met}
