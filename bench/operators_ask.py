"""How a row comes about: requests one after another over a kept connection, each answer looked at, none from memory."""

from __future__ import annotations

import gc
import math
import statistics
import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from bench import processes
from bench.client import UnexpectedAnswerError
from bench.operators_content import PUSHED
from seawall.blobs.digest import parse_digest
from seawall.metadata import scope_maps, tags
from seawall.metadata.repositories import Repository
from seawall.metadata.scope_maps import ScopeMap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from bench.operators_content import Content
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

AIM_SECONDS = 0.05
"""Within which 99 of a hundred answers are to come."""
WARM = 20
"""Requests before those that count: the first opens the connection, and a worker reads some things but once."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; a form or JSON is sent as such."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Any = None


@dataclass(frozen=True, slots=True)
class Case:
    """What a row asks, by the number of the request, and whether an answer is the right one.

    An answer with another status than the expected one is never right.
    """

    title: str
    ask: Callable[[int], Ask]
    holds: Callable[[int, httpx.Response], bool]
    expected: int = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row came to: seconds of each answer, and seconds of a processor that the node took for one on average."""

    title: str
    seconds: Sequence[float]
    processor: float

    @property
    def middle(self) -> float:
        """Half of the answers took no longer."""
        return statistics.median(self.seconds)

    @property
    def late(self) -> float:
        """99 of a hundred answers took no longer; where there are fewer than a hundred, all of them."""
        ordered = sorted(self.seconds)
        return ordered[math.ceil(0.99 * len(ordered)) - 1]

    @property
    def met(self) -> bool:
        """Whether the aim is met."""
        return self.late <= AIM_SECONDS


class Clerk:
    """Asks, and sees to it that the node has to look for every answer."""

    def __init__(self, client: httpx.Client, database: Database, content: Content, session: int) -> None:
        """Take whom to ask by, the node's database, what is in it, and the session of the node's processes."""
        self._client = client
        self._database = database
        self._content = content
        self._session = session
        self._numbers = count()

    def measure(self, case: Case, times: int) -> Reading:
        """Ask for a row's answers, some more than are counted."""
        taken: list[float] = []
        busy = 0.0
        gc.collect()
        gc.disable()
        try:
            for number in range(WARM + times):
                if number == WARM:
                    busy = self._processor()
                taken.append(self._one(case, number))
        finally:
            gc.enable()
        return Reading(case.title, taken[WARM:], (self._processor() - busy) / times)

    def _one(self, case: Case, number: int) -> float:
        self._database.write_now(_disturb, self._content, next(self._numbers))
        ask = case.ask(number)
        request = self._client.build_request(
            ask.method, ask.url, headers=dict(ask.headers), data=ask.form, json=ask.json
        )
        began = time.perf_counter()
        answer = self._client.send(request)
        taken = time.perf_counter() - began
        if answer.status_code != case.expected or not case.holds(number, answer):
            said = f"{ask.method} {ask.url}: {answer.status_code}, {answer.text[:500]!r}"
            raise UnexpectedAnswerError(f"{case.title}: this is not the answer that was to be measured: {said}")
        return taken

    def _processor(self) -> float:
        return sum(process.cpu_seconds for process in processes.of_session(self._session))


def _disturb(writer: Writer, content: Content, number: int) -> None:
    """Push something and change a setting: what workers remember holds until somebody does so."""
    tags.put(writer, Repository(content.registry, PUSHED), "latest", parse_digest(content.pushed))
    changing = ScopeMap("changing", ("repositories/some/content/read",), f"{number} times by now")
    scope_maps.put(writer, content.registry, changing)
