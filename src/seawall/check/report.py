"""What a check found, as a whole. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.check.step import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from seawall.check.cause import Cause
    from seawall.check.step import Place, Step
    from seawall.firewall.need import Flow, Need

__all__ = ["Comparison", "Met", "Problem", "Report"]


@dataclass(frozen=True, slots=True)
class Met:
    """A host that was on the way.

    Attributes:
        host: Its name.
        port: TCP port.
        place: What it is to the client.
        addresses: Where it was found, as far as that was looked up here.
        way: ``direct``, or the proxy it was reached through, without credentials.
        reached: Whether TLS (or, on port 80, TCP) came about.
    """

    host: str
    port: int
    place: Place
    addresses: tuple[str, ...]
    way: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that stands in the way, or will, and everything there is to say about it.

    Attributes:
        cause: What it is.
        hosts: Where, in the order of the path.
        meaning: What has happened, in a sentence.
        fix: What to do, in a sentence.
        whose: Who can do it.
        fatal: Whether a pull fails by it; else it is a warning.
        rules: What a wall has to be told, such as ``TCP 443 to myregistry.azurecr.io``.
        evidence: What was seen, in the words of the steps.
    """

    cause: Cause
    hosts: tuple[str, ...]
    meaning: str
    fix: str
    whose: str
    fatal: bool
    rules: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The way that was walked beside the rules that were planned.

    Attributes:
        planned: The flows that the rules open; empty where nothing is known to plan for.
        missing: Hosts that were met and that no rule is for.
        missing_addresses: Addresses of those hosts that are in none of the planned ranges, each as ``host address``.
        surplus: Flows that are planned, and of which this pull had no use.
        basis: The weekly file that ranges are from, such as ``Public 374``; empty when names alone were compared.
    """

    planned: tuple[Flow, ...] = ()
    missing: tuple[str, ...] = ()
    missing_addresses: tuple[str, ...] = ()
    surplus: tuple[Flow, ...] = ()
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole check.

    Attributes:
        subject: What was checked, as it was asked for.
        image: The repository and reference that were pulled; empty when none was.
        began: When, in UTC.
        seconds: How long it took.
        bound: The most it may have taken, in seconds.
        client: The name of this machine.
        steps: Every step, in the order in which they ended.
        met: Every host, in the order of the path.
        problems: What stands in the way, the true cause first.
        comparison: Against the planned rules.
        before_switch: Whether the question was what happens when dedicated data endpoints are switched on.
        need: What rules are planned for, as it was said or turned out; ``None`` where nobody knows.
    """

    subject: str
    image: str
    began: datetime
    seconds: float
    bound: float
    client: str
    steps: tuple[Step, ...]
    met: tuple[Met, ...]
    problems: tuple[Problem, ...]
    comparison: Comparison
    before_switch: bool = False
    need: Need | None = None

    @property
    def verdict(self) -> Verdict:
        """How it ended: failed if a pull would, warning if something else is amiss."""
        if any(problem.fatal for problem in self.problems):
            return Verdict.FAILED
        return Verdict.WARNING if self.problems else Verdict.OK
