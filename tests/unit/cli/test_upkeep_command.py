"""``seawall upkeep``: exit codes, reports, the webhook, metrics, and replay."""

from __future__ import annotations

import json
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.weekly import weekly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

OLD: Final = {
    "AzureContainerRegistry.EastUS": ("20.0.0.0/24", "20.0.2.0/24"),
    "Storage.EastUS": ("20.1.0.0/20",),
}
NEW: Final = {**OLD, "AzureContainerRegistry.EastUS": ("20.0.0.0/24", "20.0.4.0/23")}
SHRUNK: Final = {**OLD, "Storage.EastUS": ("20.1.0.0/28",)}
GONE: Final = {"Storage.EastUS": ("20.1.0.0/20",)}
SECRET: Final = "d0n0ttell"


class Place:
    """A wall's file and the weekly file it is kept current from."""

    def __init__(self, root: Path, run: Run) -> None:
        self.root, self._run = root, run
        self.wall, self.tags = root / "wall.txt", root / "week.json"
        self.metrics = root / "seawall.prom"

    def run(self, week: object, *more: str | Path, code: int = 0, to: str = "text") -> Done:
        content = week if isinstance(week, bytes) else weekly(week)  # type: ignore[arg-type]
        self.tags.write_bytes(content)
        words = ("upkeep", "run", "myregistry", "-r", "eastus", "--to", to, "--out", self.wall)
        return self._run(*words, "--service-tags", self.tags, *more, code=code)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.wall, self.root / "wall.txt.state") if path.exists()}


@pytest.fixture
def place(tmp_path: Path, run: Run) -> Place:
    root = tmp_path / "place"
    root.mkdir()
    return Place(root, run)


def test_the_first_run(place: Place) -> None:
    report = place.run(OLD, "--json").json
    assert report == {
        "status": "changed",
        "file": str(place.wall),
        "basis": "Public 374",
        "added": ["20.0.0.0/24", "20.0.2.0/24", "20.1.0.0/20"],
        "removed": [],
        "leaving": {},
        "ipv4_addresses": 4608,
        "checked": False,
        "applied": False,
    }
    assert place.wall.read_text().split() == report["added"]
    assert set(place.files()) == {"wall.txt", "wall.txt.state"}


def test_what_is_said_to_people(place: Place) -> None:
    assert "changed: " in place.run(OLD).out
    assert "unchanged: " in place.run(OLD).out
    said = place.run(NEW).out
    assert "1 ranges added, 0 removed" in said
    assert str(place.wall) in said


def test_a_change_of_ranges(place: Place) -> None:
    place.run(OLD)
    report = place.run(NEW, "--json").json
    assert report["added"] == ["20.0.4.0/23"]
    assert list(report["leaving"].values()) == [["20.0.2.0/24"]]
    assert place.run(NEW, "--json").json["status"] == "unchanged"
    at_once = place.run(NEW, "--json", "--grace-days", "0").json
    assert at_once["status"] == "changed"
    assert at_once["removed"] == ["20.0.2.0/24"]


@pytest.mark.parametrize("week", [SHRUNK, GONE], ids=["shrunk", "gone"])
def test_a_list_that_is_refused_ends_with_4(place: Place, week: object) -> None:
    place.run(OLD)
    before = place.files()
    report = place.run(week, "--json", code=4).json
    assert report["status"] == "refused"
    assert report["reason"]
    assert report["added"] == report["removed"] == []
    said = place.run(week, code=4).out
    assert said.startswith("refused: ")
    assert "old rules stay" in said
    assert place.files() == before


def test_a_great_loss_that_was_looked_at(place: Place) -> None:
    place.run(OLD)
    report = place.run(SHRUNK, "--json", "--confirm-loss").json
    assert report["status"] in {"changed", "unchanged"}
    assert report["removed"] == []
    assert place.run(SHRUNK, "--json").json["status"] == "unchanged"


def test_how_much_may_be_lost(place: Place) -> None:
    place.run(OLD)
    place.run(SHRUNK, "--most-lost", "88", code=4)
    place.run(SHRUNK, "--most-lost", "90")


@pytest.mark.parametrize(
    "week",
    [b"", b"<html>Gateway Timeout</html>", weekly(NEW)[:-30], weekly(NEW, cloud="China")],
    ids=["empty", "page", "cut-off", "china"],
)
def test_a_list_that_is_damaged_ends_with_1(place: Place, week: bytes) -> None:
    place.run(OLD)
    before = place.files()
    report = place.run(week, "--json", code=1).json
    assert set(report) == {"status", "file", "reason"}
    assert report["status"] == "failed"
    assert place.run(week, code=1).out.startswith("failed: ")
    assert place.files() == before


def test_no_list_at_all_ends_with_1(place: Place, run: Run) -> None:
    words = ("upkeep", "run", "myregistry", "-r", "eastus", "--to", "text", "--out", place.wall, "--json")
    # The proxy of the fixture leads nowhere.
    assert run(*words, code=1).json["status"] == "failed"
    assert run(*words, "--service-tags", place.root / "none.json", code=1).json["status"] == "failed"
    assert not place.files()


def test_a_command_that_fails_ends_with_1(place: Place) -> None:
    place.run(OLD)
    before = place.files()
    report = place.run(NEW, "--json", "--apply", "false", code=1).json
    assert "false: ended with 1" in report["reason"]
    assert place.files() == before
    said = place.run(NEW, "--apply", "false", code=1).out
    assert said.count("old rules") == 1
    copy = place.root / "copy"
    assert place.run(NEW, "--json", "--apply", f"cp {{file}} {copy}").json["applied"] is True
    assert copy.read_bytes() == place.wall.read_bytes()


def test_a_damaged_note_ends_with_1(place: Place) -> None:
    place.run(OLD)
    note = place.root / "wall.txt.state"
    note.write_bytes(b"\xff\xfe{")
    assert str(note) in place.run(NEW, "--json", code=1).json["reason"]


def test_a_product_that_knows_no_addresses_ends_with_1(place: Place) -> None:
    assert "host names" in place.run(OLD, to="docker", code=1).out or not place.files()


@pytest.mark.parametrize("command", ["sh -c 'no end", "   "])
def test_a_command_that_is_none(place: Place, command: str) -> None:
    done = place.run(OLD, "--apply", command, code=2)
    assert "--apply" in done.err
    assert not place.files()


def test_a_change_is_only_for_products_that_have_a_language_for_it(place: Place) -> None:
    assert "--apply: a plain list" in place.run(OLD, "--apply", "cat {change}", code=2).err
    assert "--apply" in place.run(OLD, "--apply", "cat {change}", to="nftables:include", code=2).err
    assert not place.files()


@pytest.mark.skipif(shutil.which("cp") is None, reason="cp is not there")
def test_a_change_for_nftables(place: Place) -> None:
    copy = place.root / "copy"
    more = ("--no-check", "--apply", f"cp {{change}} {copy}")
    place.run(OLD, *more, to="nftables")
    place.run(NEW, *more, to="nftables")
    assert "add element inet seawall to_443_v4 { 20.0.4.0/23 }" in copy.read_text()


@pytest.mark.parametrize("every", ["0h", "5", "h", "-1d", "1w", "1.5h", " 6h", "6 h", "\u00b2h", "6hh", "d6"])
def test_a_time_that_is_none(place: Place, every: str) -> None:
    assert "--every" in place.run(OLD, "--every", every, code=2).err
    assert not place.files()


@pytest.mark.parametrize("every", ["99999999999999999999d", "9" * 5000 + "d"])
def test_a_time_that_never_comes(place: Place, every: str) -> None:
    assert "--every" in place.run(OLD, "--every", every, code=2).err


@pytest.mark.parametrize("days", ["9999999", "99999999999999"])
def test_a_grace_period_without_end(place: Place, days: str) -> None:
    place.run(OLD)
    done = place.run(NEW, "--grace-days", days, code=2)
    assert "--grace-days" in done.err


class Slept(Exception):  # noqa: N818 - no error
    """Somebody has waited long enough."""


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass, and end the fourth wait."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise Slept

    monkeypatch.setattr(time, "sleep", sleep)
    return slept


@pytest.mark.parametrize(("every", "seconds"), [("30m", 1800.0), ("6h", 21600.0), ("1d", 86400.0), ("5s", 5.0)])
def test_it_goes_on_for_ever(place: Place, naps: list[float], every: str, seconds: float) -> None:
    with pytest.raises(Slept):
        place.run(OLD, "--every", every)
    assert naps == [seconds] * 4


@pytest.mark.parametrize("fault", ["gone", "damaged", "command", "note"])
def test_no_failure_ends_it(place: Place, naps: list[float], fault: str) -> None:
    place.run(OLD)
    if fault == "note":
        (place.root / "wall.txt.state").write_bytes(b"\xff\xfe{")
    week = {"gone": GONE, "damaged": b"<html>"}.get(fault, NEW)
    with pytest.raises(Slept):
        place.run(week, "--every", "1h", "--apply", "printf '\\344'; false" if fault == "command" else "true")
    assert len(naps) == 4


def test_a_loss_is_confirmed_for_the_first_run_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whoever looked at this loss has not looked at the next one.
    place.run(OLD)
    weeks = iter([{**SHRUNK, "AzureContainerRegistry.EastUS": ("20.0.0.0/30",)}])

    def sleep(_: float) -> None:
        week = next(weeks, None)
        if week is None:
            raise Slept
        place.tags.write_bytes(weekly(week))

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(Slept):
        place.run(SHRUNK, "--every", "1h", "--confirm-loss", "--json")
    wanted = json.loads((place.root / "wall.txt.state").read_text())["wanted"]
    assert wanted == ["20.0.0.0/24", "20.0.2.0/24", "20.1.0.0/28"]
    capsys.readouterr()


class Hook:
    """A server that hears what it is told, and answers as it was said to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                hook.heard.append(json.loads(body))
                self.send_response(hook.status)
                if 300 <= hook.status < 400:
                    self.send_header("Location", f"http://127.0.0.1:1/{SECRET}")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/{SECRET}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hook(state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    assert state.is_absolute()
    # The fixture's proxy leads nowhere; this is not for it.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Hook()
    yield made
    made.close()


def test_the_webhook_hears_of_changes_and_refusals(place: Place, hook: Hook) -> None:
    reports = [place.run(OLD, "--json", "--webhook", hook.url).json]
    place.run(OLD, "--webhook", hook.url)
    reports.append(place.run(SHRUNK, "--json", "--webhook", hook.url, code=4).json)
    reports.append(place.run(b"", "--json", "--webhook", hook.url, code=1).json)
    assert hook.heard == reports
    assert [one["status"] for one in hook.heard] == ["changed", "refused", "failed"]


@pytest.mark.parametrize("status", [302, 400, 403, 404, 500])
def test_a_webhook_that_does_not_listen_is_no_failure(place: Place, hook: Hook, status: int) -> None:
    hook.status = status
    done = place.run(OLD, "--webhook", hook.url)
    assert "the webhook was not told" in done.err
    assert SECRET not in done.err + done.out
    assert place.files()


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/{SECRET}",
        f"https://{SECRET}.invalid/",
        f"http://{SECRET}..bad/",
        f"ftp://127.0.0.1/{SECRET}",
        f"{SECRET}",
        f"http://[{SECRET}/",
        f"http://127.0.0.1:99999/{SECRET}",
        f"http://{'a' * 64}.example/{SECRET}",
        f"http://127.0.0.1/\x00{SECRET}",
    ],
)
def test_the_address_of_a_webhook_is_never_told(place: Place, url: str) -> None:
    done = place.run(OLD, "--webhook", url)
    assert "the webhook was not told" in done.err
    assert SECRET not in done.err + done.out


def measured(place: Place) -> dict[str, float]:
    text = place.metrics.read_text()
    families = list(text_string_to_metric_families(text))
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {sample.name: sample.value for family in families for sample in family.samples}


def test_metrics(place: Place) -> None:
    place.run(OLD, "--metrics", place.metrics)
    first = measured(place)
    assert first.pop("seawall_upkeep_run_timestamp_seconds") > 1.7e9
    assert first == {
        "seawall_upkeep_current": 1,
        "seawall_upkeep_addresses": 4608,
        "seawall_upkeep_added": 3,
        "seawall_upkeep_removed": 0,
    }
    place.run(SHRUNK, "--metrics", place.metrics, code=4)
    refused = measured(place)
    assert refused["seawall_upkeep_current"] == 0
    assert refused["seawall_upkeep_addresses"] == 4608
    place.run(b"", "--metrics", place.metrics, code=1)
    assert measured(place)["seawall_upkeep_current"] == 0


def test_metrics_that_cannot_be_written_are_no_failure(place: Place) -> None:
    missing = place.root / "none" / "seawall.prom"
    assert f"{missing}: metrics were not written" in place.run(OLD, "--metrics", missing).err


def test_the_note_may_be_elsewhere(place: Place) -> None:
    note = place.root / "notes" / "mine.json"
    place.run(OLD, "--state", note)
    assert set(place.files()) == {"wall.txt"}
    assert json.loads(note.read_text())["wanted"]


@pytest.fixture
def weeks(tmp_path: Path) -> Path:
    folder = tmp_path / "weekly"
    (folder / "broken").mkdir(parents=True)
    for day, content in (("0106", weekly(OLD)), ("0113", weekly(OLD)), ("0120", weekly(NEW)), ("0203", weekly(NEW))):
        (folder / f"ServiceTags_Public_2025{day}.json").write_bytes(content)
    (folder / "broken" / "ServiceTags_Public_20250127.json").write_bytes(b"<html>")
    return folder


def test_replay(run: Run, weeks: Path) -> None:
    report = run("upkeep", "replay", weeks, "--registry", "myregistry", "-r", "eastus", "--json").json
    assert report["files"] == 5
    assert len(report["unsound"]) == 1
    nothing = dict.fromkeys(("weeks_missing", "most_missing", "weeks_emptied", "most_stale", "weeks_held_back"), 0)
    assert report["policies"]["seawall"] == {**nothing, "most_stale": 256, "weeks_held_back": 1}
    assert report["policies"]["overwrite"]["weeks_emptied"] == 1
    said = run("upkeep", "replay", weeks, "--registry", "myregistry", "-r", "eastus").out
    assert "5 files, 1 of them of no use" in said
    assert all(policy in said for policy in ("never", "overwrite", "seawall"))


def test_replay_of_single_files(run: Run, weeks: Path) -> None:
    files = sorted(weeks.glob("*.json"))
    assert run("upkeep", "replay", *files, "--registry", "myregistry", "-r", "eastus", "--json").json["files"] == 4
    mcr = {"MicrosoftContainerRegistry": ("20.3.0.0/24",), "AzureFrontDoor.FirstParty": ("21.0.0.0/24",)}
    for path in files:
        path.write_bytes(weekly(mcr))
    assert run("upkeep", "replay", weeks, "--mcr", "--json").json["files"] == 5


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["nowhere.json", "--registry", "myregistry"], "nowhere.json"),
        (["EMPTY", "--registry", "myregistry"], "none of these files"),
        (["WEEKS"], "say which registry"),
        (["WEEKS", "--registry", "no"], "'no'"),
        (["WEEKS", "--registry", "myregistry", "--cloud", "registry.test"], "none of these files"),
        (["WEEKS", "--registry", "myregistry", "-r", "mars"], "'mars'"),
    ],
)
def test_what_replay_cannot_do(run: Run, weeks: Path, more: list[str], words: str) -> None:
    places = {"WEEKS": weeks, "EMPTY": weeks / "none"}
    places["EMPTY"].mkdir()
    done = run("upkeep", "replay", *(places.get(one, one) for one in more), code=2)
    assert words in done.err
