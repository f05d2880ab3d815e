"""What holds of every report, whatever the network did."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from contextlib import redirect_stdout
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from seawall.check.cause import Cause
from seawall.check.document import document
from seawall.check.html import page
from seawall.check.step import Kind, Verdict
from seawall.cli.check_view import say_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seawall.check.report import Report
    from tests.check.site import Site

__all__ = ["judge", "shown"]

LONGEST = 4096
SECONDS = 1.0


def shown(report: Report) -> dict[str, str]:
    """Every form in which people and programs see a report."""
    text = io.StringIO()
    with redirect_stdout(text):
        say_report(report)
    return {"json": json.dumps(document(report)), "html": unescape(page(report)), "text": text.getvalue()}


async def judge(
    report: Report, *, secrets: Iterable[str], user: str, running: set[asyncio.Task[object]], sites: Iterable[Site]
) -> None:
    """Fail if anything is amiss that must not be, whatever the network does."""
    assert report.seconds < report.bound + SECONDS, "longer than its bound"
    _is_honest(report)
    _is_harmless(report)
    _is_discreet(report, {form for secret in secrets for form in _forms(secret, user)})
    await _is_over(running, sites)


def _is_honest(report: Report) -> None:
    pulled = any(step.kind is Kind.BLOB and step.verdict is Verdict.OK for step in report.steps)
    causes = {problem.cause for problem in report.problems}
    if report.verdict is not Verdict.FAILED:
        assert pulled or Cause.NOT_PULLED in causes, f"a pull is said to work, and none did: {report}"
    else:
        assert any(step.verdict is Verdict.FAILED for step in report.steps), "failed, and no step did"
    for step in report.steps:
        assert (step.verdict in {Verdict.FAILED, Verdict.WARNING}) is (step.cause is not None), step


def _is_harmless(report: Report) -> None:
    words = [report.image]
    for step in report.steps:
        words += [step.host, step.said, *(part for pair in step.evidence for part in pair)]
    for problem in report.problems:
        words += [*problem.hosts, problem.meaning, problem.fix, *problem.rules, *problem.evidence]
    for met in report.met:
        words += [met.host, met.way]
    for one in words:
        assert one.isprintable(), f"not fit to be shown: {one!r}"
        assert len(one) < LONGEST, f"{len(one)} characters: {one[:200]!r}..."
    for form, text in shown(report).items():
        bad = {letter for letter in text if not letter.isprintable()} - {"\n", "\t"}
        assert not bad, f"{form} has {bad}"


def _forms(secret: str, user: str) -> Iterator[str]:
    yield from {secret, secret.lower(), quote(secret), quote(secret, safe=""), quote_plus(secret), secret[:-1]}
    for raw in (secret, f"{user}:{secret}", f":{secret}"):
        yield base64.b64encode(raw.encode()).decode().rstrip("=")
        yield base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _is_discreet(report: Report, forms: set[str]) -> None:
    for where, text in shown(report).items():
        told = [form for form in forms if form in text]
        assert not told, f"{where} tells {told}"


async def _is_over(running: set[asyncio.Task[object]], sites: Iterable[Site]) -> None:
    """Nothing of the check runs any more, and it holds no connection."""
    for _ in range(200):
        await asyncio.sleep(0.002)
        left = {one for one in asyncio.all_tasks() - running if "World.raw" not in repr(one.get_coro())}
        still = [site.host for site in sites if site.open]
        if not left and not still:
            return
    assert not left, f"still running: {left}"
    assert not still, f"still connected to {still}"
