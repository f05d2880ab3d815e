"""One check, from the question to the report; it ends within its bound, whatever the network does."""

from __future__ import annotations

import asyncio
import datetime
import time
from typing import TYPE_CHECKING

from seawall.check.approach import Approaches
from seawall.check.cause import Cause
from seawall.check.comparison import compare, learn
from seawall.check.diagnosis import diagnose
from seawall.check.journal import Journal
from seawall.check.report import Report
from seawall.check.step import Fault
from seawall.check.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.check.approach import Outfit
    from seawall.check.question import Question
    from seawall.check.step import Step

__all__ = ["check"]


async def check(question: Question, outfit: Outfit, told: Callable[[Step], None] = lambda _: None) -> Report:
    """Walk the whole way of a pull.

    Args:
        question: What to find out.
        outfit: What to go out with.
        told: Is told of each step as it ends.
    """
    began, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    journal = Journal(told)
    approaches = Approaches(outfit, journal)
    walk = Walk(question, journal, approaches, outfit.limits)
    try:
        async with asyncio.timeout(outfit.limits.total):
            await walk.go()
            await approaches.rest()
    except TimeoutError:
        for kind, spot in journal.unfinished():
            words = f"not over after the {outfit.limits.total:g} seconds that this check was given"
            journal.fail(kind, spot, Fault(Cause.UNFINISHED, words))
    finally:
        await walk.close()
        await approaches.close()
    met, steps = journal.met, journal.steps
    need = learn(question.need, met)
    comparison = compare(need, met, question.snapshot, pulled=walk.pulled)
    return Report(
        subject=question.reference.subject,
        image=walk.image,
        began=began,
        seconds=time.monotonic() - clock,
        bound=outfit.limits.total,
        client=question.client,
        steps=steps,
        met=met,
        problems=diagnose(steps, met, comparison, need, public=question.public),
        comparison=comparison,
        before_switch=question.before_switch,
        need=need,
    )
