"""The JSON of a check, which scripts rely on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from seawall.check.cause import Cause
from seawall.check.document import document
from seawall.check.step import Kind, Verdict
from tests.unit.check import reports

if TYPE_CHECKING:
    from seawall.check.report import Report


def test_it_has_all_there_is_and_nothing_else() -> None:
    written = document(reports.half_open())
    assert list(written) == [
        *("subject", "image", "verdict", "began", "seconds", "bound", "client", "before_switch"),
        *("problems", "steps", "met", "comparison"),
    ]
    assert written["subject"] == reports.LOGIN
    assert written["image"] == "app:1"
    assert written["verdict"] == "failed"
    assert written["began"] == "2026-11-23T08:30:00.000Z"
    assert (written["seconds"], written["bound"]) == (1.234, 30.0)
    assert written["client"] == "build-7"
    assert written["before_switch"] is False
    assert written["problems"] == [
        {
            "cause": "dropped",
            "hosts": [reports.EAST],
            "meaning": f"{reports.EAST} does not answer: a wall drops the packets.",
            "fix": f"To mend it, let TCP 443 to {reports.EAST} through.",
            "whose": "firewall",
            "fatal": True,
            "rules": [f"TCP 443 to {reports.EAST}"],
            "evidence": ["TCP: 20.0.0.9: no answer in 5 seconds"],
        }
    ]
    assert written["met"][1] == {
        "host": reports.EAST,
        "port": 443,
        "place": "data endpoint",
        "addresses": ["20.0.0.9", "2603:1000::9"],
        "way": "direct",
        "reached": False,
    }
    assert written["comparison"] == {
        "planned": [reports.LOGIN, "azurecr.io", reports.EAST, reports.WEST],
        "missing": [],
        "missing_addresses": [],
        "surplus": ["azurecr.io"],
        "basis": "Public 374",
    }


def test_a_step() -> None:
    fault = next(one for one in document(reports.half_open())["steps"] if one["verdict"] == "failed")
    assert fault == {
        "kind": "tcp",
        "host": reports.EAST,
        "port": 443,
        "place": "data endpoint",
        "verdict": "failed",
        "said": "20.0.0.9: no answer in 5 seconds",
        "evidence": {"20.0.0.9": "no answer in 5 seconds", "2603:1000::9": "no answer in 5 seconds"},
        "seconds": 5.0,
        "cause": "dropped",
    }


def test_a_step_without_a_cause_says_so() -> None:
    assert {one["cause"] for one in document(reports.healthy())["steps"]} == {None}


def test_the_true_cause_stays_first() -> None:
    assert [one["cause"] for one in document(reports.black_hole())["problems"]] == ["dropped", "unfinished"]


@pytest.mark.parametrize(
    ("name", "verdict"), [("healthy", Verdict.OK), ("warned", Verdict.WARNING), ("network_rule", Verdict.FAILED)]
)
def test_the_verdict(name: str, verdict: Verdict) -> None:
    assert document(reports.SAMPLES[name]())["verdict"] == verdict.value


def test_evidence_of_one_name_is_not_lost() -> None:
    twice = (("A from 10.0.0.2", "no answer"), ("A from 10.0.0.2", "20.0.0.9"))
    step = reports.step(Kind.DNS, evidence=twice)
    assert document(reports.report(steps=(step,)))["steps"][0]["evidence"] == {"A from 10.0.0.2": "no answer, 20.0.0.9"}


@given(reports.any_report)
def test_whatever_it_holds_is_json(report: Report) -> None:
    written = document(report)
    read = json.loads(json.dumps(written))
    assert read == written
    assert read["subject"] == report.subject
    assert [one["said"] for one in read["steps"]] == [one.said for one in report.steps]
    assert [one["cause"] for one in read["problems"]] == [Cause(one.cause) for one in report.problems]
