"""Keeping a wall's rules current: one run, from the newest list to the file on the wall.

The order is what makes it safe. The new rules are written beside the old ones, checked by the product's own checker,
put in place by a rename, applied, and only then noted as done. Whatever fails leaves the old rules where they are, and
the next run begins again.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from seawall.durable import READABLE, replace_file
from seawall.firewall.need import HTTPS, Flow, Purpose
from seawall.firewall.note import KeepError, Note, read_note, write_note
from seawall.firewall.plan import plan
from seawall.firewall.rules import Rule, RuleSet, Way
from seawall.firewall.targets.contract import check_fit
from seawall.servicetags.prefixes import NOTHING, AddressSet
from seawall.servicetags.snapshot import TagMissingError
from seawall.servicetags.upkeep import Decision, Policy, State, decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from seawall.firewall.need import Need
    from seawall.firewall.targets.contract import Target
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Job", "Outcome", "keep", "state_beside"]

_SECONDS: Final = 120
_STAYS: Final = "the old rules are still there"
_SOURCE: Final = "https://learn.microsoft.com/azure/virtual-network/service-tags-overview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is kept current.

    Attributes:
        need: What the wall is to let through.
        target: The wall's product.
        form: The format.
        file: Where its rules are.
        state: Where is noted what it was given; :func:`state_beside` names the usual place.
        policy: How careful to be.
        apply: The command that makes the wall take the rules, word by word; in them ``{file}`` stands for all rules,
            ``{change}`` for a file with what changes alone, where the product has a language for it. Nothing is run
            when empty.
        check: Whether to run the format's checker, where it has one and that is installed.
    """

    need: Need
    target: Target
    form: str
    file: Path
    state: Path
    policy: Policy = Policy()  # noqa: RUF009 - frozen
    apply: tuple[str, ...] = ()
    check: bool = True

    @property
    def change_file(self) -> Path:
        """Where the last change alone is written, for products that can be told so."""
        return self.file.with_name(f"{self.file.name}.change")


def state_beside(file: Path) -> Path:
    """Name the usual place for noting what was given: beside the rules."""
    return file.with_name(f"{file.name}.state")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did.

    Attributes:
        status: ``unchanged``, ``changed`` or ``refused``.
        decision: Why.
        basis: The list it is from.
        checked: Whether a checker has seen the rules.
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
    note = read_note(job.state)
    basis = f"{snapshot.cloud} {snapshot.change}"
    try:
        rules = plan(job.need, Way.IP, snapshot=snapshot)
    except TagMissingError as error:
        return Outcome("refused", Decision(note.state, refusal=str(error)), basis)
    decision = decide(note.state, rules.addresses(HTTPS), today, job.policy, confirmed=confirmed)
    if decision.refusal:
        return Outcome("refused", decision, basis)
    rules = _with_leaving(rules, decision.state, job.policy)
    check_fit(job.target, rules)
    old = _read_if_there(job.file)
    # A list with another number and the same addresses is no reason to write anything.
    same = not decision.changes and old == _render(job, replace(rules, basis=note.basis))
    if same and job.apply in {(), note.apply}:
        write_note(job.state, replace(note, state=decision.state))
        return Outcome("unchanged", decision, basis)
    # A change tells only somebody who was told the rest.
    before = note.state.applied if decision.changes and note.apply == job.apply else NOTHING
    checked = _put(job, rules, before, old)
    write_note(job.state, Note(decision.state, basis, job.apply))
    return Outcome("changed", decision, basis, checked, bool(job.apply))


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
    opened = state.applied
    exposure = replace(rules.exposure, v4=opened.v4.size, v6=opened.v6.size)
    return replace(rules, rules=(*rules.rules, *kept), exposure=exposure)


def _render(job: Job, rules: RuleSet) -> bytes:
    return job.target.formats[job.form](rules).encode()


def _put(job: Job, rules: RuleSet, before: AddressSet, old: bytes | None) -> bool:
    """Put new rules in place of the old ones and apply them; return whether a checker has seen them."""
    text = _render(job, rules)
    # In the same directory and with the same ending, since some checkers and loaders go by that.
    beside = job.file.with_name(f".seawall-{os.getpid()}-{job.file.name}")
    mode = READABLE
    try:
        job.file.parent.mkdir(parents=True, exist_ok=True)
        if old is not None:
            mode = stat.S_IMODE(job.file.stat().st_mode)
        replace_file(beside, text, mode)
        try:
            checked = job.check and _check(job, beside)
            if job.form in job.target.changes:
                # Where nothing was given before, the change is everything.
                first = old is None or not before
                change = text if first else job.target.changes[job.form](_only(rules, before), rules).encode()
                replace_file(job.change_file, change, mode)
            beside.replace(job.file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise KeepError(f"{error.filename or job.file}: {error.strerror}; {_STAYS}") from None
    if job.apply:
        files = {"{file}": str(job.file), "{change}": str(job.change_file)}
        _apply(job, [_filled(word, files) for word in job.apply], text, old, mode)
    return checked


def _apply(job: Job, command: list[str], text: bytes, old: bytes | None, mode: int) -> None:
    try:
        try:
            _run(command)
        except KeepError:
            if not any("{change}" in word for word in job.apply):
                raise
            # The wall may have other rules than was noted, after a run that was cut off or a start of its own: then
            # a change does not fit, and all of them do.
            replace_file(job.change_file, text, mode)
            _run(command)
    except (KeepError, OSError) as error:
        said = str(error)
        try:
            # The wall goes on with what it has in memory; after its next start it must find that in the file, too.
            _put_back(job.file, old, mode)
        except OSError as worse:
            said = f"{said.removesuffix(f'; {_STAYS}')}; and {job.file} has the new rules: {worse.strerror}"
        raise KeepError(said) from None


def _put_back(file: Path, old: bytes | None, mode: int) -> None:
    if old is None:
        file.unlink()
    else:
        replace_file(file, old, mode)


def _filled(word: str, files: Mapping[str, str]) -> str:
    for name, path in files.items():
        word = word.replace(name, path)
    return word


def _only(rules: RuleSet, addresses: AddressSet) -> RuleSet:
    """Return a rule set that lets some addresses through and nothing else."""
    return replace(rules, rules=(Rule(rules.rules[0].flow, addresses=addresses),))


def _check(job: Job, file: Path) -> bool:
    words = job.target.checks.get(job.form, "").split()
    if not words or shutil.which(words[0]) is None:
        return False
    _run([_filled(word, {"FILE": str(file)}) for word in words])
    return True


def _run(command: list[str]) -> None:
    name = shlex.join(command)
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, and no shell
            command, capture_output=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KeepError(f"{name}: {error}; {_STAYS}") from None
    if done.returncode:
        words = (done.stderr or done.stdout).decode("utf-8", "replace").strip()[:500]
        raise KeepError(f"{name}: ended with {done.returncode}: {words}; {_STAYS}")


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeepError(f"{path}: {error.strerror}; {_STAYS}") from None
