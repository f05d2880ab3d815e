"""A report as a document for programs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seawall.check.report import Comparison, Met, Problem, Report
    from seawall.check.step import Step

__all__ = ["document"]


def document(report: Report) -> dict[str, Any]:
    """Write a report as a JSON document; the true cause comes first among its problems."""
    return {
        "subject": report.subject,
        "image": report.image,
        "verdict": report.verdict.value,
        "began": report.began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "seconds": round(report.seconds, 3),
        "bound": report.bound,
        "client": report.client,
        "before_switch": report.before_switch,
        "problems": [_problem(one) for one in report.problems],
        "steps": [_step(one) for one in report.steps],
        "met": [_met(one) for one in report.met],
        "comparison": _comparison(report.comparison),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "cause": problem.cause.value,
        "hosts": list(problem.hosts),
        "meaning": problem.meaning,
        "fix": problem.fix,
        "whose": str(problem.whose),
        "fatal": problem.fatal,
        "rules": list(problem.rules),
        "evidence": list(problem.evidence),
    }


def _step(step: Step) -> dict[str, Any]:
    evidence: dict[str, str] = {}
    for name, value in step.evidence:
        # A name may come twice, as one name server asked twice does; nothing that was seen is left out.
        evidence[name] = f"{evidence[name]}, {value}" if name in evidence else value
    return {
        "kind": step.kind.value,
        "host": step.host,
        "port": step.port,
        "place": step.place.value,
        "verdict": step.verdict.value,
        "said": step.said,
        "evidence": evidence,
        "seconds": round(step.seconds, 3),
        "cause": step.cause.value if step.cause else None,
    }


def _met(met: Met) -> dict[str, Any]:
    return {
        "host": met.host,
        "port": met.port,
        "place": met.place.value,
        "addresses": list(met.addresses),
        "way": met.way,
        "reached": met.reached,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "planned": [flow.host for flow in comparison.planned],
        "missing": list(comparison.missing),
        "missing_addresses": list(comparison.missing_addresses),
        "surplus": [flow.host for flow in comparison.surplus],
        "basis": comparison.basis,
    }
