"""From what every step saw to what stands in the way: the true cause first. Pure.

A step knows one host. Only beside the others does it show that a certificate nobody vouches for means somebody on the
way, that a name leads past a private endpoint, or that ten hosts are closed for one reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.addresses import authority, is_address, is_loopback, is_private
from seawall.check.cause import ADVICE, Cause, Whose
from seawall.check.comparison import flow_of
from seawall.check.report import Problem
from seawall.check.step import Kind, Place, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.check.report import Comparison, Met
    from seawall.check.step import Step
    from seawall.firewall.need import Need

__all__ = ["diagnose"]

_PLACES: Final = list(Place)
_KINDS: Final = list(Kind)
_DOUBTS: Final = frozenset((Cause.UNKNOWN_AUTHORITY, Cause.SELF_SIGNED))
_LED_ASTRAY: Final = frozenset((Cause.PRIVATE_LINK, Cause.DNS_FAILED))
"""What is only a warning while the host can be reached, and the cause if it cannot."""
_PROXY_GONE: Final = frozenset(
    (Cause.DROPPED, Cause.REFUSED, Cause.NO_ROUTE, Cause.DNS, Cause.DNS_SILENT, Cause.DNS_FAILED)
)
_NOBODY_THERE: Final = frozenset((Cause.REFUSED, Cause.DROPPED))
_HELPFUL: Final = frozenset((Place.SIGN_IN, Place.REVOCATION))
"""Hosts that a pull does without in many places."""
_OPENED_BY_RULE: Final = frozenset((Whose.WALL, Whose.PROXY))
_NOT_OPENED: Final = frozenset(
    (
        Cause.CAPTIVE_PORTAL,
        Cause.NO_TLS,
        Cause.DIGEST,
        Cause.BROKEN_OFF,
        Cause.STALLED,
        Cause.PROXY_LOGIN,
        Cause.PROXY_GONE,
    )
)
"""Causes that lie with a wall or proxy, and that no further opening mends."""


def diagnose(
    steps: Sequence[Step], met: Sequence[Met], comparison: Comparison, need: Need | None, *, public: bool
) -> tuple[Problem, ...]:
    """Say what stands in the way, or will.

    Args:
        steps: What every step saw.
        met: Every host.
        comparison: The way beside the plan.
        need: What rules are planned for, where that is known.
        public: Whether the registry is a service that everybody knows.

    Returns:
        What a pull fails by first, in the order in which it does; then what else is amiss.
    """
    found: dict[tuple[Cause, bool], list[Step]] = {}
    failed = {}
    for step in sorted(steps, key=_order):
        host = step.host, step.port
        if step.cause is None or (step.verdict is Verdict.FAILED and host in failed and not _is_upload(step)):
            continue
        if step.verdict is Verdict.FAILED:
            failed[host] = step
            cause = _true_cause(step, steps, met, public=public)
            found.setdefault((cause, _is_fatal(step, cause)), []).append(step)
        elif step.cause not in _LED_ASTRAY or not _fails_at(host, steps):
            found.setdefault((step.cause, False), []).append(step)
    problems = [_problem(need, cause, those, fatal=fatal) for (cause, fatal), those in found.items()]
    problems += _unplanned(met, comparison, blocked={host for host, _ in failed})
    return tuple(sorted(problems, key=lambda problem: not problem.fatal))


def _order(step: Step) -> tuple[int, str, int]:
    return _PLACES.index(step.place), step.host, _KINDS.index(step.kind)


def _is_upload(step: Step) -> bool:
    # A layer that does not come and an upload that does not go are two things at one host.
    return step.kind is Kind.UPLOAD


def _fails_at(host: tuple[str, int], steps: Iterable[Step]) -> bool:
    return any((one.host, one.port) == host and one.verdict is Verdict.FAILED for one in steps)


def _true_cause(step: Step, steps: Sequence[Step], met: Sequence[Met], *, public: bool) -> Cause:
    """Look at a failed step beside all the others."""
    assert step.cause is not None
    cause = step.cause
    here = [one for one in steps if (one.host, one.port) == (step.host, step.port)]
    astray = next((one.cause for one in here if one.verdict is Verdict.WARNING and one.cause in _LED_ASTRAY), None)
    if astray is not None:
        return astray
    if step.place is Place.PROXY and cause in _PROXY_GONE:
        return Cause.PROXY_GONE
    if step.place is Place.FUTURE and cause in {Cause.DNS, Cause.PROXY_FAILED}:
        return Cause.NOT_YET
    if cause in _NOBODY_THERE and _is_led_home(step, met):
        return Cause.DNS_LIES
    if cause in _DOUBTS and (public or _is_trusted_elsewhere(step, steps)):
        return Cause.INTERCEPTION
    if cause is Cause.WRONG_NAME and public and _is_inside(step, met):
        return Cause.DNS_LIES
    return cause


def _is_trusted_elsewhere(step: Step, steps: Iterable[Step]) -> bool:
    return any(
        one.kind is Kind.TLS and one.cause is None and one.host != step.host and one.place is not Place.PROXY
        for one in steps
    )


def _is_led_home(step: Step, met: Iterable[Met]) -> bool:
    """Say whether a host of the world is looked for on this machine, as block lists have it; "localhost" is no such."""
    places = next((one.addresses for one in met if (one.host, one.port) == (step.host, step.port)), ())
    name = step.host.rpartition(".")[2]
    return (
        bool(places)
        and "." in step.host
        and not is_address(step.host)
        and name != "localhost"
        and all(map(is_loopback, places))
    )


def _is_inside(step: Step, met: Iterable[Met]) -> bool:
    return any(one.host == step.host and any(map(is_private, one.addresses)) for one in met)


def _is_fatal(step: Step, cause: Cause) -> bool:
    return step.place not in _HELPFUL and cause is not Cause.NOT_YET


def _problem(need: Need | None, cause: Cause, steps: Sequence[Step], *, fatal: bool) -> Problem:
    first = steps[0]
    hosts = tuple(dict.fromkeys(step.host for step in steps))
    advice = ADVICE[cause]
    others = f" The same is true of {', '.join(hosts[1:])}." if hosts[1:] else ""
    rules = _rules(need, cause, steps)
    likewise = " Likewise for the others." if rules[1:] else ""
    return Problem(
        cause=cause,
        hosts=hosts,
        meaning=f"{first.host} {advice.meaning}.{others}",
        fix=_fix(advice.fix, _rule_host(need, first), first.port) + likewise,
        whose=advice.whose.value,
        fatal=fatal,
        rules=rules,
        evidence=tuple(_seen(step) for step in steps),
    )


def _seen(step: Step) -> str:
    return step.said if step.said.startswith(f"{step.host}:") else f"{step.host}: {step.said}"


def _fix(form: str, host: str, port: int) -> str:
    text = form.format(host=host, port=port, authority=authority(host, port))
    return f"{text[0].upper()}{text[1:]}."


def _rule_host(need: Need | None, step: Step) -> str:
    """Return what a rule would name: the plan's pattern, where nobody knows which host it will be next time."""
    flow = flow_of(need, step.host, step.port)
    return flow.host if flow is not None else step.host


def _rules(need: Need | None, cause: Cause, steps: Iterable[Step]) -> tuple[str, ...]:
    if ADVICE[cause].whose not in _OPENED_BY_RULE or cause in _NOT_OPENED:
        return ()
    return tuple(dict.fromkeys(f"TCP {step.port} to {_rule_host(need, step)}" for step in steps))


def _unplanned(met: Sequence[Met], comparison: Comparison, blocked: set[str]) -> list[Problem]:
    """Word what the rules lack, as far as nobody has said so yet."""
    found = []
    named = [host for host in comparison.missing if host not in blocked]
    ranges = [one for one in comparison.missing_addresses if one.partition(" ")[0] not in blocked]
    for hosts, said in (
        (named, "the planned rules have no such host"),
        (ranges, f"not in the ranges of {comparison.basis}"),
    ):
        if hosts:
            names = tuple(dict.fromkeys(one.partition(" ")[0] for one in hosts))
            advice = ADVICE[Cause.UNPLANNED]
            port = next(one.port for one in met if one.host == names[0])
            found.append(
                Problem(
                    cause=Cause.UNPLANNED,
                    hosts=names,
                    meaning=f"{names[0]} {advice.meaning}.",
                    fix=_fix(advice.fix, hosts[0], port),
                    whose=advice.whose.value,
                    fatal=False,
                    rules=tuple(f"TCP {port} to {one}" for one in hosts),
                    evidence=tuple(f"{one}: {said}" for one in hosts),
                )
            )
    return found
