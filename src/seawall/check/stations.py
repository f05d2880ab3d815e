"""The way of a pull as it is shown: hosts in their order, each with its steps, parted by how they are reached. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from seawall.check.step import Kind, Place, Verdict
from seawall.check.wording import KINDS, authority

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.check.report import Met, Report
    from seawall.check.step import Step

__all__ = ["DIRECT", "Branch", "Mark", "Station", "branches", "broken", "stations"]

DIRECT: Final = "direct"
"""How a host is reached without a proxy."""

_HTTP: Final = 80
_HTTPS: Final = 443
_WORST_FIRST: Final = (Verdict.FAILED, Verdict.WARNING, Verdict.OK, Verdict.SKIPPED)
_WAY: Final = frozenset((Kind.DNS, Kind.TCP, Kind.PROXY, Kind.TLS))
_OF_THE_PROXY: Final = frozenset((Cause.PROXY_LOGIN, Cause.PROXY_GONE))


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of one kind of step at a host.

    Attributes:
        kind: Which.
        verdict: The worst there was.
        seconds: How long the longest took; several of a kind run side by side.
    """

    kind: Kind
    verdict: Verdict
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """A short name."""
        return KINDS[self.kind]

    @property
    def is_on_the_way(self) -> bool:
        """Say whether it is about reaching the host, not about what the host says."""
        return self.kind in _WAY


@dataclass(frozen=True, slots=True)
class Station:
    """A host on the way, and its steps.

    Attributes:
        host: Its name.
        port: TCP port.
        place: What it is to the client.
        way: ``direct``, or the proxy; empty where nobody said.
        steps: What was looked at, in the order of a pull.
    """

    host: str
    port: int
    place: Place
    way: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The host, and its port where that is not the usual one."""
        return authority(self.host, self.port)

    @property
    def is_proxied(self) -> bool:
        """Say whether a proxy stands before it."""
        return self.way not in {"", DIRECT} or any(step.kind is Kind.PROXY for step in self.steps)

    @property
    def tried(self) -> tuple[Mark, ...]:
        """A mark for every kind of step there was."""
        kinds = dict.fromkeys(step.kind for step in self.steps)
        return tuple(self._mark(kind) for kind in kinds)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The same, and one for each that a whole check would have had."""
        kinds = {mark.kind: mark for mark in self.tried}
        for kind in self._expected():
            kinds.setdefault(kind, Mark(kind, Verdict.SKIPPED))
        order = list(Kind)
        return tuple(sorted(kinds.values(), key=lambda mark: order.index(mark.kind)))

    @property
    def verdict(self) -> Verdict:
        """The worst of its steps."""
        return _worst(mark.verdict for mark in self.tried)

    def _mark(self, kind: Kind) -> Mark:
        same = [step for step in self.steps if step.kind is kind]
        return Mark(kind, _worst(step.verdict for step in same), max(step.seconds for step in same))

    def _expected(self) -> list[Kind]:
        if self.is_proxied:
            way = [Kind.PROXY]
        else:
            is_address = ":" in self.host or self.host[-1:].isdigit()
            way = [Kind.TCP] if is_address else [Kind.DNS, Kind.TCP]
        if self.place is Place.PROXY or self.port == _HTTP:
            return way
        answered = any(step.kind not in _WAY for step in self.steps)
        return [*way, Kind.TLS] if answered else [*way, Kind.TLS, Kind.ANSWER]


@dataclass(frozen=True, slots=True)
class Branch:
    """Hosts that are reached in the same way.

    Attributes:
        way: ``direct``, or the proxy.
        proxy: The proxy and the steps there; ``None`` where hosts are reached directly.
        stations: The hosts behind, in the order of a pull.
    """

    way: str
    proxy: Station | None
    stations: tuple[Station, ...]


def stations(steps: Iterable[Step], met: Sequence[Met] = ()) -> tuple[Station, ...]:
    """Gather steps by host: those that were met in that order, the others by what they are to the client."""
    by_host: dict[tuple[str, int], list[Step]] = {(one.host, one.port): [] for one in met}
    for step in steps:
        by_host.setdefault((step.host, step.port), []).append(step)
    noted = {(one.host, one.port): one for one in reversed(met)}
    kinds, places = list(Kind), list(Place)
    found = []
    for (host, port), own in by_host.items():
        here = noted.get((host, port))
        place = here.place if here else min((step.place for step in own), key=places.index)
        ordered = sorted(own, key=lambda step: kinds.index(step.kind))
        found.append(Station(host, port, place, here.way if here else "", tuple(ordered)))
    unmet = [one for one in found if (one.host, one.port) not in noted]
    unmet.sort(key=lambda one: places.index(one.place))
    return (*(one for one in found if (one.host, one.port) in noted), *unmet)


def branches(report: Report) -> tuple[Branch, ...]:
    """Part the hosts of a report by how they are reached: directly first, then by each proxy."""
    every = stations(report.steps, report.met)
    proxies = [one for one in every if one.place is Place.PROXY]
    hosts: dict[str, list[Station]] = {DIRECT: []}
    for one in every:
        if one.place is not Place.PROXY:
            way = DIRECT if not one.is_proxied else one.way if one.way not in {"", DIRECT} else _only(proxies)
            hosts.setdefault(way, []).append(one)
    found = []
    for way, behind in hosts.items():
        proxy = next((one for one in proxies if _names(way, one)), None)
        if proxy:
            proxies.remove(proxy)
        if behind:
            by = None if way == DIRECT else proxy or Station(way, _HTTPS, Place.PROXY, DIRECT, ())
            found.append(Branch(way, by, tuple(behind)))
    # A proxy that nothing was asked of is shown too: it may be what is in the way.
    found += [Branch(one.name, one, ()) for one in proxies]
    return tuple(found)


def _only(proxies: Sequence[Station]) -> str:
    return proxies[0].name if proxies else "proxy"


def _names(way: str, proxy: Station) -> bool:
    """Say whether a way, such as ``http://proxy.example:3128``, is by this proxy."""
    bare = way.rpartition("://")[2].rstrip("/")
    return bare in {proxy.name, f"{proxy.host}:{proxy.port}", proxy.host}


def broken(report: Report) -> frozenset[str]:
    """List the hosts at which a pull breaks: those of the first problem, if a pull fails by it."""
    if not report.problems or not report.problems[0].fatal:
        return frozenset()
    first = report.problems[0]
    proxies = {step.host for step in report.steps if step.place is Place.PROXY}
    if first.cause in _OF_THE_PROXY and proxies:
        return frozenset(proxies)
    return frozenset(first.hosts)
