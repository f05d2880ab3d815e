"""What has been found so far: every step as it ends, every host as it is met."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from urllib.parse import quote, quote_plus

from seawall.check.addresses import is_private
from seawall.check.http import printable
from seawall.check.report import Met
from seawall.check.step import Fault, Place, Step, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.check.cause import Cause
    from seawall.check.step import Evidence, Found, Kind

__all__ = ["Journal", "Spot"]

T = TypeVar("T")
_SHORTEST_SECRET: Final = 4
"""Letters. A shorter password would be found in every other word."""
_LONGEST: Final = 1000
"""Letters of one piece of evidence."""
_BLOT: Final = "[secret]"
_CUT: Final = "..."


class Spot(NamedTuple):
    """A host and port, and what it is to the client."""

    host: str
    port: int
    place: Place


class Journal:
    """Keeps steps and hosts, and tells whoever listens; secrets are blotted out before anybody sees them."""

    def __init__(self, told: Callable[[Step], None]) -> None:
        self._told = told
        self._secrets: set[str] = set()
        self._met: dict[tuple[str, int], Met] = {}
        self._steps: list[Step] = []
        self._begun: dict[tuple[Kind, str, int], Spot] = {}

    def hide(self, *secrets: str) -> None:
        """Never show these, nor what they look like on the wire."""
        for secret in secrets:
            if len(secret) >= _SHORTEST_SECRET:
                folded = " ".join(secret.split())
                coded = base64.b64encode(secret.encode()).decode().rstrip("=")
                self._secrets.update((secret, folded, quote(secret, safe=""), quote_plus(secret), coded))

    def holds_secret(self, text: str) -> bool:
        """Say whether a secret is in a text."""
        return self.without_secrets(text) != text

    def is_public(self, spot: Spot) -> bool:
        """Say whether a host is outside this network, as far as anybody knows."""
        addresses = self.addresses(spot)
        return not addresses or not all(map(is_private, addresses))

    def meet(
        self, spot: Spot, way: str = "direct", *, addresses: tuple[str, ...] | None = None, reached: bool | None = None
    ) -> None:
        """Note that a host is on the way, and what is known of it by now."""
        key = spot.host, spot.port
        before = self._met.get(key) or Met(*spot, (), way, reached=False)
        self._met[key] = replace(
            before,
            place=min(before.place, spot.place, key=list(Place).index),
            addresses=before.addresses if addresses is None else addresses,
            reached=before.reached if reached is None else reached,
        )

    @property
    def met(self) -> tuple[Met, ...]:
        """Every host, in the order of the path."""
        order = list(Place)
        return tuple(sorted(self._met.values(), key=lambda one: order.index(one.place)))

    def addresses(self, spot: Spot) -> tuple[str, ...]:
        """Return where a host was found; nothing if a proxy looks it up."""
        met = self._met.get((spot.host, spot.port))
        return met.addresses if met else ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step in the order in which they ended, at the place that its host turned out to have."""
        return tuple(
            replace(step, place=met.place) if (met := self._met.get((step.host, step.port))) else step
            for step in self._steps
        )

    def unfinished(self) -> list[tuple[Kind, Spot]]:
        """List the steps that have begun and not ended."""
        return [(kind, spot) for (kind, _, _), spot in self._begun.items()]

    async def run(self, kind: Kind, spot: Spot, work: Awaitable[tuple[T, Found]]) -> T:
        """Do a step, and note how it ended.

        Raises:
            Fault: As the step does.
        """
        began = time.monotonic()
        key = kind, spot.host, spot.port
        self._begun[key] = spot
        try:
            value, found = await work
        except Fault as fault:
            self.fail(kind, spot, fault, time.monotonic() - began)
            raise
        self.find(kind, spot, found, time.monotonic() - began)
        return value

    def find(self, kind: Kind, spot: Spot, found: Found, seconds: float = 0.0) -> None:
        """Note a step that ended well, or well enough."""
        verdict = Verdict.OK if found.cause is None else Verdict.WARNING
        self._note(kind, spot, verdict, found.said, found.evidence, seconds, found.cause)

    def fail(self, kind: Kind, spot: Spot, fault: Fault, seconds: float = 0.0) -> None:
        """Note a step that failed, unless it was noted already."""
        if fault.noted:
            return
        fault.noted = True
        self._note(kind, spot, Verdict.FAILED, fault.said, fault.evidence, seconds, fault.cause)

    def skip(self, kind: Kind, spot: Spot, why: str) -> None:
        """Note a step that was not tried."""
        self._note(kind, spot, Verdict.SKIPPED, why, (), 0.0, None)

    def _note(
        self,
        kind: Kind,
        spot: Spot,
        verdict: Verdict,
        said: str,
        evidence: Evidence,
        seconds: float,
        cause: Cause | None,
    ) -> None:
        self._begun.pop((kind, spot.host, spot.port), None)
        step = Step(
            kind=kind,
            host=spot.host,
            port=spot.port,
            place=spot.place,
            verdict=verdict,
            said=self._shown(said),
            evidence=tuple((self._shown(name), self._shown(value)) for name, value in evidence),
            seconds=seconds,
            cause=cause,
        )
        self._steps.append(step)
        self._told(step)

    def _shown(self, text: str) -> str:
        return printable(self.without_secrets(text), _LONGEST)

    def without_secrets(self, text: str) -> str:
        """Blot secrets out of a text."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            # Host names come in lower case, whatever was in them.
            text = re.sub(re.escape(secret), _BLOT, text, flags=re.IGNORECASE)
            if text.endswith(_CUT):
                text = _without_beginning(text.removesuffix(_CUT), secret) + _CUT
        return text


def _without_beginning(text: str, secret: str) -> str:
    """Blot out the beginning of a secret at the end of a text that was cut there."""
    for length in range(min(len(secret), len(text)), _SHORTEST_SECRET - 1, -1):
        if text.lower().endswith(secret[:length].lower()):
            return text[:-length] + _BLOT
    return text
