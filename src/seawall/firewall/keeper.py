"""Keeping a wall's rules current: one run, from the newest list to the file on the wall.

The order is what makes it safe. The new rules are written beside the old ones, checked by the product's own checker,
put in place by a rename, applied, and only then noted as done. Whatever fails leaves the old rules where they are, and
the next run begins again.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from seawall.durable import READABLE, replace_file
from seawall.firewall.need import HTTPS, Flow, Purpose
from seawall.firewall.plan import plan
from seawall.firewall.rules import Rule, RuleSet, Way
from seawall.firewall.targets.contract import check_fit
from seawall.firewall.upkeep import Decision, Policy, State, decide
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.snapshot import TagMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.firewall.need import Need
    from seawall.firewall.targets.contract import Target
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Job", "KeepError", "Outcome", "keep", "read_state"]

_VERSION: Final = 1
_SECONDS: Final = 120
_SOURCE: Final = "https://learn.microsoft.com/azure/virtual-network/service-tags-overview"


class KeepError(RuntimeError):
    """The new rules could not be put in place; the old ones are. The message says what failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is kept current.

    Attributes:
        need: What the wall is to let through.
        target: The wall's product.
        form: The format.
        file: Where its rules are.
        state: Where is noted what it was given.
        policy: How careful to be.
        apply: The command that makes the wall take the rules; the word ``{file}`` stands for all of them, ``{change}``
            for a file with what changes alone, where the product has a language for it. Nothing is run when empty.
        check: Whether to run the product's checker, where it has one and that is installed.
    """

    need: Need
    target: Target
    form: str
    file: Path
    state: Path
    policy: Policy = Policy()  # noqa: RUF009 - frozen
    apply: str = ""
    check: bool = True

    @property
    def change_file(self) -> Path:
        """Where the last change alone is written, for products that can be told so."""
        return self.file.with_name(f"{self.file.name}.change")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        status: ``unchanged``, ``changed`` or ``refused``.
        decision: Why.
        basis: The list it is from.
        checked: Whether the product's checker has seen the rules.
        applied: Whether the wall was told.
    """

    status: str
    decision: Decision
    basis: str
    checked: bool = False
    applied: bool = False


def keep(job: Job, snapshot: Snapshot, today: date, *, confirmed: bool = False) -> Outcome:
    """Bring a wall's rules up to date.

    Args:
        job: What to keep current.
        snapshot: The newest sound list.
        today: The day, for the grace period.
        confirmed: Whether a great loss was looked at and is right.

    Raises:
        KeepError: The checker or the wall does not take the new rules, or a file cannot be written.
        CannotExpressError: The product cannot hold them.
        NeedError: The need has no addresses to keep current.
    """
    state = read_state(job.state)
    basis = f"{snapshot.cloud} {snapshot.change}"
    try:
        rules = plan(job.need, Way.IP, snapshot=snapshot)
    except TagMissingError as error:
        return Outcome("refused", Decision(state, refusal=str(error)), basis)
    decision = decide(state, rules.addresses(HTTPS), today, job.policy, confirmed=confirmed)
    if decision.refusal:
        return Outcome("refused", decision, basis)
    if not decision.changes and job.file.exists():
        _write_state(job.state, decision.state)
        return Outcome("unchanged", decision, basis)
    checked, applied = _put(job, _with_leaving(rules, decision.state, job.policy), state.applied)
    _write_state(job.state, decision.state)
    return Outcome("changed", decision, basis, checked, applied)


def _with_leaving(rules: RuleSet, state: State, policy: Policy) -> RuleSet:
    """Add what is kept for now to the rules, with the reason."""
    kept = [
        Rule(
            Flow(
                "(ranges that are leaving)",
                Purpose.LEAVING,
                f"no longer published since {day}; let through until {day + policy.grace}",
                _SOURCE,
            ),
            addresses=addresses,
        )
        for day, addresses in state.leaving.items()
    ]
    return replace(rules, rules=(*rules.rules, *kept))


def _put(job: Job, rules: RuleSet, before: AddressSet) -> tuple[bool, bool]:
    check_fit(job.target, rules)
    text = job.target.formats[job.form](rules)
    old = _read_if_there(job.file)
    # In the same directory and with the same ending, since some checkers and loaders go by that.
    beside = job.file.with_name(f".seawall-new-{job.file.name}")
    try:
        job.file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(beside, text.encode(), READABLE)
        try:
            checked = job.check and _check(job, beside)
            beside.replace(job.file)
        finally:
            beside.unlink(missing_ok=True)
        if job.form in job.target.changes:
            change = job.target.changes[job.form](_only(rules, before), rules)
            replace_file(job.change_file, change.encode(), READABLE)
    except OSError as error:
        raise KeepError(f"{error.filename}: {error.strerror}; the old rules are still there") from None
    if not job.apply:
        return checked, False
    try:
        files = {"{file}": str(job.file), "{change}": str(job.change_file)}
        _run([files.get(word, word) for word in shlex.split(job.apply)])
    except KeepError:
        # The wall goes on with what it has in memory; after its next start it must find that in the file, too.
        if old is None:
            job.file.unlink()
        else:
            replace_file(job.file, old.encode(), READABLE)
        raise
    return checked, True


def _only(rules: RuleSet, addresses: AddressSet) -> RuleSet:
    """Return a rule set that lets some addresses through and nothing else."""
    return replace(rules, rules=(Rule(rules.rules[0].flow, addresses=addresses),))


def _check(job: Job, file: Path) -> bool:
    words = job.target.ability.checker.split()
    if not words or shutil.which(words[0]) is None:
        return False
    _run([str(file) if word == "FILE" else word for word in words])
    return True


def _run(command: list[str]) -> None:
    name = shlex.join(command)
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
            command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KeepError(f"{name}: {error}; the old rules are still there") from None
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[:500]
        raise KeepError(f"{name}: ended with {done.returncode}: {words}; the old rules are still there")


def read_state(path: Path) -> State:
    """Read what a wall was given last; nothing where nothing was noted yet.

    Raises:
        KeepError: The note cannot be read. It is never taken for empty: that would end every grace period.
    """
    text = _read_if_there(path)
    if text is None:
        return State()
    try:
        noted: dict[str, Any] = json.loads(text)
        leaving = {date.fromisoformat(day): AddressSet.of(prefixes) for day, prefixes in noted["leaving"].items()}
        return State(AddressSet.of(noted["wanted"]), leaving)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeepError(f"{path}: this is not a note of upkeep ({error}); put it right or remove it") from None


def _write_state(path: Path, state: State) -> None:
    leaving = {day.isoformat(): list(addresses.cidrs) for day, addresses in state.leaving.items()}
    noted = {"version": _VERSION, "wanted": list(state.wanted.cidrs), "leaving": leaving}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, f"{json.dumps(noted, indent=1)}\n".encode(), READABLE)
    except OSError as error:
        raise KeepError(f"{error.filename}: {error.strerror}; the next run will do it all again") from None


def _read_if_there(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
