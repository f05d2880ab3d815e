"""One run of upkeep on real files: what it writes, in which order, and that nothing is lost when a step fails."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import textwrap
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.durable import replace_file
from seawall.firewall import keeper, note
from seawall.firewall.keeper import Job, Outcome, keep
from seawall.firewall.need import Need
from seawall.firewall.note import KeepError, read_note
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import CannotExpressError
from seawall.firewall.targets.table import find_target, target_names
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from seawall.topology import Replica
from tests.support.weekly import weekly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEED: Final = Need(registry="myregistry", replicas=(Replica("eastus"),))
MONDAY: Final = date(2026, 3, 2)
WEEK: Final = timedelta(days=7)
OLD_ACR: Final = ("20.0.0.0/24", "20.0.2.0/24")
NEW_ACR: Final = ("20.0.0.0/24", "20.0.4.0/23")
STORAGE: Final = ("20.1.0.0/20",)


def week(acr: tuple[str, ...], storage: tuple[str, ...] = STORAGE, change: int = 1) -> Snapshot:
    tags = {"AzureContainerRegistry.EastUS": acr, "Storage.EastUS": storage}
    return read_snapshot(weekly(tags, change=change), "a test")


OLD: Final = week(OLD_ACR)
NEW: Final = week(NEW_ACR, change=2)


def job_in(folder: Path, target: str = "text", form: str = "", *, apply: str = "", check: bool = True) -> Job:
    product = find_target(target)
    form = form or next(iter(product.formats))
    file, state = folder / "rules.nft", folder / "state.json"
    return Job(need=NEED, target=product, form=form, file=file, state=state, apply=words(apply), check=check)


def words(command: str) -> tuple[str, ...]:
    return tuple(shlex.split(command))


def files(job: Job) -> dict[str, bytes]:
    """Everything in the directory but the change alone, which is nobody's rules."""
    found = {path.name: path.read_bytes() for path in job.file.parent.iterdir() if path.is_file()}
    found.pop(job.change_file.name, None)
    return found


def fails(job: Job, snapshot: Snapshot = NEW, today: date = MONDAY + WEEK) -> str:
    """Let a run fail, see that nothing has changed, and return what it says."""
    before = files(job)
    with pytest.raises(KeepError) as raised:
        keep(job, snapshot, today)
    assert files(job) == before
    assert "old rules are still there" in str(raised.value)
    return str(raised.value)


def done(job: Job, snapshot: Snapshot = NEW, today: date = MONDAY + WEEK) -> Outcome:
    """Let a run succeed, and see that files and state are those of it."""
    outcome = keep(job, snapshot, today)
    assert outcome.status == "changed"
    assert read_note(job.state).state == outcome.decision.state
    assert set(files(job)) - {path for path in files(job) if path.endswith((".log", ".sh"))} == {
        job.file.name,
        job.state.name,
    }
    return outcome


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Make a program of some name the first on the path."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "place"
    made.mkdir()
    return made


@pytest.mark.parametrize("target", ["text", "nftables"])
def test_the_first_run_writes_everything(place: Path, target: str) -> None:
    job = job_in(place, target)
    outcome = done(job, OLD, MONDAY)
    assert outcome.decision.added == AddressSet.of((*OLD_ACR, *STORAGE)) == outcome.decision.state.applied
    assert outcome.basis == "Public 1"
    assert outcome.checked is (target == "nftables" and shutil.which("nft") is not None)
    assert not outcome.applied
    assert written(job) == outcome.decision.state.applied
    assert stat.S_IMODE(job.file.stat().st_mode) == 0o644


def written(job: Job) -> AddressSet:
    """Read the ranges back from the rules, comments left out."""
    lines = [line for line in job.file.read_text().splitlines() if not line.lstrip().startswith("#")]
    return AddressSet.of(re.findall(r"\d+\.\d+\.\d+\.\d+/\d+", "\n".join(lines)))


@pytest.mark.parametrize("target", ["text", "nftables"])
def test_what_leaves_stays_for_the_grace_period_and_says_so(place: Path, target: str) -> None:
    job = job_in(place, target)
    done(job, OLD, MONDAY)
    outcome = done(job, NEW, MONDAY + WEEK)
    assert outcome.decision.added == AddressSet.of(["20.0.4.0/23"])
    assert not outcome.decision.removed
    assert written(job) == AddressSet.of((*OLD_ACR, *NEW_ACR, *STORAGE)) == outcome.decision.state.applied
    if target == "nftables":
        reason = "no longer published since 2026-03-09; let through until 2026-03-23"
        assert reason in job.file.read_text()
    still = keep(job, NEW, MONDAY + 2 * WEEK)
    assert still.status == "unchanged"
    gone = done(job, NEW, MONDAY + 3 * WEEK)
    assert gone.decision.removed == AddressSet.of(["20.0.2.0/24"])
    assert written(job) == AddressSet.of((*NEW_ACR, *STORAGE))
    assert "no longer published" not in job.file.read_text()


def test_the_comment_counts_what_is_let_through_for_now_too(place: Path) -> None:
    job = job_in(place, "nftables")
    done(job, OLD, MONDAY)
    done(job, NEW)
    assert f"Opens {written(job).v4.size:,} IPv4 addresses" in job.file.read_text()


def test_nothing_new_leaves_the_file_alone(place: Path) -> None:
    job = job_in(place, apply=f"sh -c 'echo told >> {place}/told.log'")
    done(job, OLD, MONDAY)
    seen = job.file.stat()
    outcome = keep(job, week(OLD_ACR, change=9), MONDAY + WEEK)
    assert outcome.status == "unchanged"
    assert not outcome.applied
    assert job.file.stat().st_ino == seen.st_ino
    assert job.file.stat().st_mtime_ns == seen.st_mtime_ns
    assert (place / "told.log").read_text() == "told\n"


def test_a_file_that_was_removed_is_written_again(place: Path) -> None:
    job = job_in(place)
    done(job, OLD, MONDAY)
    job.file.unlink()
    outcome = done(job, OLD, MONDAY + WEEK)
    assert not outcome.decision.changes
    assert written(job) == AddressSet.of((*OLD_ACR, *STORAGE))


ORDER = """
    what() { if grep -q 20.0.4.0/23 "$1" 2>/dev/null; then echo new; else echo old; fi; }
    echo "{step}: given $(what "$FILE"), file $(what {rules}), state $(what {state})" >> {log}
"""


def test_the_order_of_writing(place: Path, tmp_path: Path, stub: Callable[[str, str], Path]) -> None:
    log = tmp_path / "order.log"
    job = job_in(place, "nftables", apply="take {file}")
    script = ORDER.replace("{rules}", str(job.file)).replace("{state}", str(job.state)).replace("{log}", str(log))
    stub("nft", f"FILE=$3\n{script.replace('{step}', 'check')}")
    stub("take", f"FILE=$1\n{script.replace('{step}', 'apply')}")
    done(job, OLD, MONDAY)
    log.unlink()
    outcome = done(job)
    assert outcome.checked
    assert outcome.applied
    assert log.read_text().splitlines() == [
        "check: given new, file old, state old",
        "apply: given new, file new, state old",
    ]


def test_a_checker_that_finds_fault(place: Path, tmp_path: Path, stub: Callable[[str, str], Path]) -> None:
    job = job_in(place, "nftables", apply=f"touch {tmp_path}/touched")
    done(replace(job, check=False, apply=words("")), OLD, MONDAY)
    stub("nft", "echo 'syntax error, line 7' >&2; exit 1")
    said = fails(job)
    assert "syntax error, line 7" in said
    assert "nft -c -f" in said
    assert not (tmp_path / "touched").exists()
    # As soon as it finds none, the same run succeeds.
    stub("nft", "exit 0")
    assert done(job).checked


def test_a_checker_that_is_not_installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place))
    assert not done(job_in(place, "nftables"), OLD, MONDAY).checked


def test_a_first_run_that_fails_leaves_nothing(place: Path, stub: Callable[[str, str], Path]) -> None:
    stub("nft", "exit 1")
    fails(job_in(place, "nftables"))
    stub("nft", "exit 0")
    fails(job_in(place, "nftables", apply="false"))
    assert not files(job_in(place))


@pytest.mark.parametrize("target", ["text", "nftables", "csv"])
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'no such table' >&2; exit 3", "ended with 3: no such table"),
        ("echo 'said on standard output'; exit 1", "said on standard output"),
        ("sleep 5", "timed out"),
        ("printf 'pr\\344fix'; exit 1", "ended with 1"),
        ("printf 'pr\\344fix' >&2; exit 1", "ended with 1"),
    ],
    ids=["fails", "stdout", "hangs", "latin-1", "latin-1-stderr"],
)
def test_a_wall_that_does_not_take_the_rules(
    place: Path, stub: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, target: str, script: str, said: str
) -> None:
    monkeypatch.setattr(keeper, "_SECONDS", 0.2)
    job = job_in(place, target, apply="take {file}", check=False)
    stub("take", "exit 0")
    done(job, OLD, MONDAY)
    stub("take", script)
    assert said in fails(job)
    assert said in fails(job)
    stub("take", "exit 0")
    outcome = done(job)
    assert outcome.applied
    assert outcome.decision.added == AddressSet.of(["20.0.4.0/23"])


def test_a_file_with_line_breaks_of_its_own_is_put_back_as_it_was(place: Path) -> None:
    job = job_in(place, apply="false", check=False)
    done(replace(job, apply=words("")), OLD, MONDAY)
    job.file.write_bytes(b"# mine\r\n20.0.0.0/24\r\n")
    fails(job)


def test_a_file_that_is_no_text_is_put_back_as_it_was(place: Path) -> None:
    job = job_in(place, apply="false", check=False)
    done(replace(job, apply=words("")), OLD, MONDAY)
    job.file.write_bytes(b"# pr\xe4fix\n20.0.0.0/24\n")
    fails(job)


def test_a_command_that_is_not_there(place: Path) -> None:
    job = job_in(place, apply="no-such-program {file}")
    done(replace(job, apply=words("")), OLD, MONDAY)
    assert "no-such-program" in fails(job)


def test_the_words_for_files_are_replaced_wherever_they_stand(place: Path) -> None:
    job = job_in(place, apply="""sh -c 'cp "{file}" "{file}.seen"'""")
    keep(job, OLD, MONDAY)
    assert (place / "rules.nft.seen").read_bytes() == job.file.read_bytes()


@contextmanager
def disk(folder: Path, size: int = 65536) -> Iterator[None]:
    """Mount a disk of a few pages on a directory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    filler = folder / "filler.log"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return filler


@pytest.mark.parametrize("target", ["text", "nftables"])
def test_a_disk_that_is_full(place: Path, target: str) -> None:
    with disk(place):
        job = job_in(place, target, apply="touch {file}")
        done(job, OLD, MONDAY)
        filler = fill(place)
        said = fails(job)
        assert "No space left" in said
        assert "None" not in said
        assert str(place) in said
        filler.unlink()
        done(job)


def test_a_disk_that_is_full_when_the_change_is_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_in(place, "nftables", apply="true", check=False)
    done(job, OLD, MONDAY)
    real = replace_file

    def full(path: Path, content: bytes, mode: int) -> None:
        if path == job.change_file:
            raise OSError(28, "No space left on device", str(path))
        real(path, content, mode)

    monkeypatch.setattr(keeper, "replace_file", full)
    fails(job)


def test_a_disk_that_is_full_when_the_note_is_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_in(place, apply="true")
    done(job, OLD, MONDAY)
    real, noted = replace_file, job.state.read_bytes()

    def full(path: Path, content: bytes, mode: int) -> None:
        if path == job.state:
            raise OSError(28, "No space left on device", str(path))
        real(path, content, mode)

    monkeypatch.setattr(note, "replace_file", full)
    with pytest.raises(KeepError, match=r"state\.json: No space left on device; the next run") as raised:
        keep(job, NEW, MONDAY + WEEK)
    # The wall has the new rules by now, and it must not be said that it has the old ones.
    assert "old rules" not in str(raised.value)
    assert job.state.read_bytes() == noted
    monkeypatch.undo()
    assert done(job).decision.added == AddressSet.of(["20.0.4.0/23"])


@pytest.mark.parametrize("target", ["text", "nftables"])
def test_a_directory_that_cannot_be_written(place: Path, target: str) -> None:
    with disk(place):
        job = job_in(place, target)
        done(job, OLD, MONDAY)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        said = fails(job)
        assert "Read-only file system" in said
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)
        done(job)


def test_a_directory_that_is_a_file(place: Path) -> None:
    (place / "inner").write_text("")
    with pytest.raises(KeepError, match=f"{place}/inner"):
        keep(replace(job_in(place / "inner"), state=place / "state.json"), OLD, MONDAY)
    assert [path.name for path in place.iterdir()] == ["inner"]


def test_directories_are_made(place: Path) -> None:
    job = replace(job_in(place / "some" / "rules"), state=place / "notes" / "here" / "state.json")
    assert keep(job, OLD, MONDAY).status == "changed"
    assert written(job)
    assert read_note(job.state).state.applied == AddressSet.of((*OLD_ACR, *STORAGE))


def spoilt(**more: object) -> bytes:
    """Write a note that is right but for some of it."""
    right = {"version": 1, "basis": "Public 1", "apply": [], "wanted": ["20.0.0.0/24"], "leaving": {}}
    return json.dumps({key: value for key, value in {**right, **more}.items() if value != "missing"}).encode()


DAMAGED: Final = {
    "empty": b"",
    "zeroes": b"\0\0\0\0",
    "brace": b"{",
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"wanted"',
    "nothing": b"{}",
    "latin-1": b"\xff\xfe\x00not text",
    "cut-off": spoilt()[:-3],
    "no-leaving": spoilt(leaving="missing"),
    "no-wanted": spoilt(wanted="missing"),
    "no-prefix": spoilt(wanted=["20.0.0.0/33"]),
    "host-bits": spoilt(wanted=["20.0.0.1/24"]),
    "wanted-text": spoilt(wanted="20.0.0.0/24"),
    "wanted-number": spoilt(wanted=[7]),
    "wanted-null": spoilt(wanted=None),
    "wanted-object": spoilt(wanted={}),
    "wanted-empty-text": spoilt(wanted=""),
    "wanted-empty": spoilt(wanted=[]),
    "leaving-list": spoilt(leaving=[]),
    "leaving-no-day": spoilt(leaving={"yesterday": ["20.0.1.0/24"]}),
    "leaving-null": spoilt(leaving={"2026-03-02": None}),
    "later-version": spoilt(version=2),
}


def test_a_sound_note_is_read(place: Path) -> None:
    job = job_in(place)
    job.state.write_bytes(spoilt(leaving={"2026-03-02": ["20.0.2.0/24"]}))
    assert read_note(job.state).state.applied == AddressSet.of(OLD_ACR)


@pytest.mark.parametrize("fault", DAMAGED)
def test_a_damaged_note_is_never_taken_for_an_empty_one(place: Path, fault: str) -> None:
    job = job_in(place)
    done(job, OLD, MONDAY)
    job.state.write_bytes(DAMAGED[fault])
    before = files(job)
    with pytest.raises(KeepError, match=re.escape(str(job.state))):
        keep(job, NEW, MONDAY + WEEK)
    assert files(job) == before


def test_a_note_that_is_a_directory(place: Path) -> None:
    job = job_in(place)
    job.state.mkdir()
    with pytest.raises(KeepError, match=re.escape(str(job.state))):
        keep(job, OLD, MONDAY)


@pytest.mark.parametrize("length", [1, 10, 40, 80])
def test_a_note_that_is_cut_off(place: Path, length: int) -> None:
    job = job_in(place)
    done(job, OLD, MONDAY)
    job.state.write_bytes(job.state.read_bytes()[:length])
    with pytest.raises(KeepError, match="put it right or remove it"):
        keep(job, NEW, MONDAY + WEEK)


def test_a_list_that_is_refused_touches_nothing(place: Path) -> None:
    job = job_in(place, apply="false")
    done(replace(job, apply=words("")), OLD, MONDAY)
    before = files(job)
    shrunk = keep(job, week(OLD_ACR, ("20.1.0.0/28",)), MONDAY + 9 * WEEK)
    missing = keep(job, read_snapshot(weekly({"Storage.EastUS": STORAGE}), "a test"), MONDAY + 9 * WEEK)
    for outcome in (shrunk, missing):
        assert outcome.status == "refused"
        assert outcome.decision.refusal
        assert not outcome.decision.changes
        assert outcome.decision.state == read_note(job.state).state
    assert "AzureContainerRegistry.EastUS" in missing.decision.refusal
    assert files(job) == before
    confirmed = keep(replace(job, apply=words("")), week(OLD_ACR, ("20.1.0.0/28",)), MONDAY + 9 * WEEK, confirmed=True)
    assert confirmed.status != "refused"
    assert not confirmed.decision.changes
    assert confirmed.decision.state.leaving


def test_a_product_that_cannot_hold_the_rules(place: Path) -> None:
    with pytest.raises(CannotExpressError):
        keep(job_in(place, "squid"), OLD, MONDAY)
    assert not files(job_in(place))


def test_the_change_alone(place: Path) -> None:
    job = job_in(place, "nftables", apply=f"cp {{change}} {place}/seen.log", check=False)
    keep(job, OLD, MONDAY)
    keep(job, NEW, MONDAY + WEEK)
    seen = job.change_file.read_text()
    assert (place / "seen.log").read_text() == seen
    assert AddressSet.of(re.findall(r"[\d.]+/\d+", "".join(added(seen, "add")))) == AddressSet.of(["20.0.4.0/23"])
    assert not added(seen, "delete")
    keep(job, NEW, MONDAY + 3 * WEEK)
    seen = job.change_file.read_text()
    assert AddressSet.of(re.findall(r"[\d.]+/\d+", "".join(added(seen, "delete")))) == AddressSet.of(["20.0.2.0/24"])
    assert not added(seen, "add")


def added(text: str, verb: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(verb)]


def test_products_without_a_language_for_changes_get_no_such_file(place: Path) -> None:
    job = job_in(place)
    done(job, OLD, MONDAY)
    done(job)
    assert not job.change_file.exists()


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


def steps_of(job: Job) -> int:
    """Count the steps of a run that changes everything."""
    counted = Steps(None)
    with counted.watching():
        keep(job, NEW, MONDAY + WEEK)
    return counted.seen


class Steps:
    """Kills a run before its n-th step: a file that is replaced, a file that is renamed, a program that is started."""

    def __init__(self, last: int | None) -> None:
        self.last, self.seen = last, 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for module in (keeper, note):
                patch.setattr(module, "replace_file", self._counted(replace_file))
            patch.setattr(keeper, "_run", self._counted(keeper._run))
            patch.setattr(Path, "replace", self._counted(Path.replace))
            # What a dead process would not do either.
            patch.setattr(Path, "unlink", self._counted(Path.unlink, free=True))
            yield

    def _counted(self, real: Callable[..., Any], *, free: bool = False) -> Callable[..., Any]:
        def counted(*arguments: object, **named: object) -> object:
            if self.last is not None and self.seen >= self.last:
                raise Killed
            self.seen += not free
            return real(*arguments, **named)

        return counted


@pytest.mark.parametrize("target", ["text", "nftables"])
def test_killed_before_any_step_leaves_whole_files(tmp_path: Path, target: str) -> None:
    def begin(name: str) -> Job:
        (tmp_path / name).mkdir()
        job = job_in(tmp_path / name, target, apply="true", check=shutil.which("nft") is not None)
        done(job, OLD, MONDAY)
        return job

    reference = begin("whole")
    old = files(reference)
    total = steps_of(reference)
    new = files(reference)
    assert total >= 5
    for last in range(total):
        job = begin(f"killed-{last}")
        with Steps(last).watching(), pytest.raises(Killed):
            keep(job, NEW, MONDAY + WEEK)
        for path in (job.file, job.state):
            assert path.read_bytes() in {old[path.name], new[path.name]}, last
        # The note is never ahead of the rules.
        assert job.state.read_bytes() == old[job.state.name] or job.file.read_bytes() == new[job.file.name]
        keep(job, NEW, MONDAY + WEEK)
        kept = files(job)
        assert {name: kept[name] for name in new} == new, last


def test_other_rules_for_the_same_addresses_are_written(place: Path) -> None:
    # The same file for another product: what is in it is of no use to that.
    done(job_in(place, "text"), OLD, MONDAY)
    keep(job_in(place, "nftables"), OLD, MONDAY)
    assert "table inet" in job_in(place).file.read_text()


def test_a_command_that_was_added_later_is_run(place: Path) -> None:
    # Until then the wall knew nothing of these rules.
    job = job_in(place)
    done(job, OLD, MONDAY)
    keep(replace(job, apply=words(f"cp {{file}} {place}/told")), OLD, MONDAY)
    assert (place / "told").exists()


def test_a_wall_that_was_never_told_is_told_everything(place: Path) -> None:
    # What changes since the last run is nothing, and would be no use to it.
    job = job_in(place, "nftables")
    done(job, OLD, MONDAY)
    keep(replace(job, apply=words(f"cp {{change}} {place}/told")), OLD, MONDAY)
    assert (place / "told").read_bytes() == job.file.read_bytes()


def test_another_wall_is_told_everything(place: Path) -> None:
    job = job_in(place, "nftables", apply=f"cp {{change}} {place}/one.log", check=False)
    done(job, OLD, MONDAY)
    keep(replace(job, apply=words(f"cp {{change}} {place}/other.log")), NEW, MONDAY + WEEK)
    assert (place / "other.log").read_bytes() == job.file.read_bytes()


def test_old_rules_that_cannot_be_put_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_in(place, apply="false")
    done(replace(job, apply=words("")), OLD, MONDAY)

    def full(path: Path, content: bytes, mode: int) -> None:
        if path == job.file:
            raise OSError(28, "No space left on device", str(path))
        replace_file(path, content, mode)

    monkeypatch.setattr(keeper, "replace_file", full)
    with pytest.raises(KeepError, match="false: ended with 1") as raised:
        keep(job, NEW, MONDAY + WEEK)
    # Either way it must be true.
    restored = b"20.0.4.0/23" not in job.file.read_bytes()
    assert ("the old rules are still there" in str(raised.value)) is restored


def test_who_may_read_the_rules_stays_as_it_was(place: Path) -> None:
    job = job_in(place, apply="false")
    done(replace(job, apply=words("")), OLD, MONDAY)
    job.file.chmod(0o600)
    fails(job)
    assert stat.S_IMODE(job.file.stat().st_mode) == 0o600


ADDRESSED = [
    (name, form)
    for name in target_names()
    for form in find_target(name).formats
    if Way.IP in find_target(name).ability.ways
]


@pytest.mark.parametrize(("name", "form"), ADDRESSED, ids=[f"{name}:{form}" for name, form in ADDRESSED])
def test_rules_are_called_checked_only_when_the_checker_was_given_them(
    place: Path, tmp_path: Path, stub: Callable[[str, str], Path], name: str, form: str
) -> None:
    job = job_in(place, name, form)
    checker = job.target.checks.get(form, job.target.ability.checker).split()
    log = tmp_path / "given"
    if checker:
        stub(checker[0], f'echo "$*" > {log}')
    try:
        outcome = keep(job, OLD, MONDAY)
    except CannotExpressError:
        # It says so, and leaves nothing behind.
        assert not any(place.iterdir())
        return
    assert outcome.checked is (log.exists() and f"-{job.file.name}" in log.read_text())


@pytest.mark.parametrize(("name", "form"), ADDRESSED, ids=[f"{name}:{form}" for name, form in ADDRESSED])
def test_every_product_that_knows_addresses_can_be_kept_current(place: Path, name: str, form: str) -> None:
    target = find_target(name)
    file = place / f"rules{target.suffix.get(form, '.txt')}"
    # These ask a cluster, a cloud, or for sets that another file makes.
    asks = target.ability.checker.split()[:1] in (["kubectl"], ["aws"]) or form in {"iptables", "ip6tables"}
    job = replace(job_in(place, name, form, check=not asks), file=file)
    try:
        keep(job, OLD, MONDAY)
    except CannotExpressError:
        # It says so, and leaves nothing behind.
        assert not any(place.iterdir())
        return
    before = file.read_text()
    # The same ranges in other pieces are no reason to write anything.
    assert keep(job, week(("20.0.0.0/25", "20.0.0.128/25", "20.0.2.0/24"), change=2), MONDAY).status == "unchanged"
    assert keep(job, NEW, MONDAY + WEEK).status == "changed"
    assert file.read_text() != before
    assert not list(place.glob(".*"))
