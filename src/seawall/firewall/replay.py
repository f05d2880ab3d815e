"""What would have happened: a row of weekly files, played through three ways of keeping rules current.

``never`` writes rules once; ``overwrite`` puts each download in place of the last, whatever it is; ``seawall`` is
:mod:`seawall.servicetags.upkeep`. All three are judged by the same truth: an address is in use from a week after it was
first published (that is Microsoft's promise) until it is no longer published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from seawall.firewall.need import NeedError
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.neighbours import neighbours
from seawall.servicetags.feed import read_file
from seawall.servicetags.prefixes import NOTHING, AddressSet
from seawall.servicetags.snapshot import SnapshotError, TagMissingError
from seawall.servicetags.upkeep import Policy, State, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from seawall.firewall.need import Need

__all__ = ["NOTICE", "Record", "Replay", "Week", "replay"]

NOTICE: Final = timedelta(days=7)
"""How long new addresses are published before they are used."""

_DAY: Final = re.compile(r"(?<!\d)(20\d{6})(?!\d)")


@dataclass(slots=True)
class Record:
    """How one policy did.

    Attributes:
        weeks_missing: In how many weeks an address was in use and not let through.
        worst: The most IPv4 addresses missing in one week.
        weeks_empty: In how many weeks nothing was let through any more, though something had been before.
        stale: The most IPv4 addresses let through in one week that were no longer published.
        refused: In how many weeks nothing was changed on purpose.
    """

    weeks_missing: int = 0
    worst: int = 0
    weeks_empty: int = 0
    stale: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """One file: its day, what it asks for, or why it is no good."""

    path: Path
    day: date
    wanted: AddressSet | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome.

    Attributes:
        weeks: How many files there were.
        unsound: Those that were no service-tag files, or had no tag for a region, and why.
        records: How each policy did, by its name.
    """

    weeks: int
    unsound: tuple[str, ...]
    records: Mapping[str, Record] = field(default_factory=dict)


def replay(need: Need, paths: Iterable[Path], policy: Policy) -> Replay:
    """Play files through all policies.

    Args:
        need: What the wall is to let through.
        paths: The files; each has its day in its name (``20251020``). Those of other clouds are left out.
        policy: That of ``seawall``.

    Raises:
        ValueError: A file has no day in its name, or not one of them is sound.
    """
    read = (_read(need, path) for path in paths)
    weeks = sorted((week for week in read if week is not None), key=lambda week: (week.day, week.path.name))
    if not any(week.wanted for week in weeks):
        raise ValueError("none of these files has what the rules are made from")
    records = {
        "never": _judge(weeks, _never(weeks)),
        "overwrite": _judge(weeks, [week.wanted or NOTHING for week in weeks]),
        "seawall": _judge(weeks, (kept := _seawall(weeks, policy))[0]),
    }
    records["seawall"].refused = kept[1]
    return Replay(len(weeks), tuple(week.fault for week in weeks if week.fault), records)


def _read(need: Need, path: Path) -> Week | None:
    match = _DAY.search(path.name)
    try:
        day = date.fromisoformat(match[1] if match else "")
    except ValueError:
        raise ValueError(f"{path}: there is no day such as 20251020 in its name") from None
    beside = neighbours(need.cloud)
    try:
        snapshot = read_file(path)
        if beside is None or snapshot.cloud != beside.tags:
            return None
        rules = plan(need, Way.IP, snapshot=snapshot)
    except (SnapshotError, TagMissingError, NeedError) as error:
        return Week(path, day, None, str(error))
    return Week(path, day, AddressSet.union(rule.addresses for rule in rules.rules))


def _never(weeks: list[Week]) -> list[AddressSet]:
    first = next(week.wanted for week in weeks if week.wanted)
    return [first] * len(weeks)


def _seawall(weeks: list[Week], policy: Policy) -> tuple[list[AddressSet], int]:
    state, applied, refused = State(), [], 0
    for week in weeks:
        if week.wanted is not None:
            decision = decide(state, week.wanted, week.day, policy)
            state = decision.state
            refused += bool(decision.refusal)
        else:
            refused += 1
        applied.append(state.applied)
    return applied, refused


def _judge(weeks: list[Week], applied: list[AddressSet]) -> Record:
    """Compare what was let through from one file to the next with what was in use until then."""
    record = Record()
    published = [(week.day, week.wanted) for week in weeks if week.wanted is not None]
    for number, (week, rules) in enumerate(zip(weeks, applied, strict=True)):
        # The rules of one week stand until the next; the end of that time is when most can be missing.
        until = weeks[number + 1].day if number + 1 < len(weeks) else week.day + NOTICE
        missing = (_in_use(published, until) - rules).v4.size
        record.weeks_missing += missing > 0
        record.worst = max(record.worst, missing)
        record.weeks_empty += not rules and any(applied[:number])
        now = next((wanted for day, wanted in reversed(published) if day <= week.day), NOTHING)
        record.stale = max(record.stale, (rules - now).v4.size if now else 0)
    return record


def _in_use(published: list[tuple[date, AddressSet]], day: date) -> AddressSet:
    """Return what is still published on a day and has been for longer than the notice."""
    known = [(when, wanted) for when, wanted in published if when < day]
    settled = [wanted for when, wanted in known if day - when > NOTICE]
    return settled[-1] & known[-1][1] if settled else NOTHING
