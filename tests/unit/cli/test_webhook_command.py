"""``seawall webhook``: who is told, and what they are still to be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.metadata import events, webhooks
from seawall.metadata.database import Database
from seawall.metadata.events import Event
from tests.support.receiver import Answer, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

URL: Final = "https://user:hunter2@ci.example.com:8443/hooks/hunter2?key=hunter2"


@pytest.fixture
def node(run: Run, tmp_path: Path) -> Run:
    """Commands about a node that has one registry and does not run."""
    config = tmp_path / "seawall.toml"
    config.write_text(f'state = {json.dumps(str(tmp_path / "node"))}\nregion = "eastus"\ndomain = "azurecr.test"\n')

    def call(*arguments: str, code: int = 0, stdin: str | None = None) -> Done:
        done = run(*arguments, "--config", config, code=code, stdin=stdin)
        assert "hunter2" not in done.out + done.err
        return done

    call("registry", "create", "myregistry")
    return call


@pytest.fixture
def database(node: Run, tmp_path: Path) -> Iterator[Database]:
    """What the commands read and change."""
    assert node is not None
    opened = Database(f"sqlite:///{tmp_path / 'node' / 'seawall.db'}", "eastus")
    yield opened
    opened.close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Receiver() as made:
        yield made


def facts(**changes: object) -> dict[str, object]:
    return {
        "registry": "myregistry",
        "name": "deploy",
        "receiver": "https://ci.example.com:8443",
        "actions": ["push", "delete"],
        "scope": "*",
        "regions": [],
        "signed": False,
        "enabled": True,
        **changes,
    }


def listed(node: Run) -> Any:  # noqa: ANN401 - JSON
    return node("webhook", "list", "--json").json


def test_a_webhook_is_created_listed_and_deleted(node: Run) -> None:
    assert listed(node) == []
    assert node("webhook", "create", "deploy", URL, "--json").json == facts()
    assert listed(node) == [facts()]
    told = node("webhook", "list").out
    assert all(one in told for one in ("deploy", "https://ci.example.com:8443", "push delete", "every", "enabled"))
    assert node("webhook", "delete", "deploy", "--json").json == {
        "registry": "myregistry",
        "name": "deploy",
        "deleted": True,
    }
    assert listed(node) == []
    assert "no webhook 'deploy'" in node("webhook", "delete", "deploy", code=2).err


def test_everything_can_be_said_at_once(node: Run, database: Database) -> None:
    arguments = ("--action", "delete", "--scope", "app:*", "--region", "eastus", "--secret-stdin", "-r", "myregistry")
    made = node("webhook", "create", "deploy", URL, *arguments, stdin="hunter2\n")
    assert "seawall webhook ping deploy" in made.out
    assert listed(node) == [facts(actions=["delete"], scope="app:*", regions=["eastus"], signed=True)]
    (kept,) = database.read_now(webhooks.of, "myregistry")
    assert (kept.url, kept.secret) == (URL, "hunter2")


def test_one_setting_is_changed_and_the_others_stay(node: Run, database: Database) -> None:
    node("webhook", "create", "deploy", URL, "--scope", "app", "--region", "eastus", "--secret-stdin", stdin="hunter2")
    before = facts(scope="app", regions=["eastus"], signed=True)
    changes: list[tuple[tuple[str, ...], dict[str, object]]] = [
        (("--disable",), {"enabled": False}),
        (("--action", "push"), {"actions": ["push"]}),
        (("--every-region",), {"regions": []}),
        (("--scope", "team/*", "--enable"), {"scope": "team/*", "enabled": True}),
        (("--url", "https://other.example.com/hunter2"), {"receiver": "https://other.example.com"}),
    ]
    for arguments, changed in changes:
        before |= changed
        assert node("webhook", "update", "deploy", *arguments, "--json").json == before
        assert listed(node) == [before]
    node("webhook", "update", "deploy", "--secret-stdin", stdin="hunter22\r\n")
    (kept,) = database.read_now(webhooks.of, "myregistry")
    assert kept.secret == "hunter22"


REFUSED: Final[list[tuple[tuple[str, ...], str]]] = [
    (("create", "deploy", "hunter2.example.com"), "https://HOST/PATH"),
    (("create", "de/ploy", URL), "webhook name 'de/ploy'"),
    (("create", "deploy", URL, "--scope", "app:"), "scope 'app:'"),
    (("create", "deploy", URL, "--action", "pull"), "push and delete"),
    (("create", "deploy", URL, "--region", "westus"), "it is in eastus"),
    (("create", "deploy", URL, "--secret-stdin"), "no secret came"),
    (("create", "there", URL), "there is a webhook 'there' already"),
    (("update", "deploy", "--disable"), "no webhook 'deploy'"),
    (("update", "there"), "say what to change"),
    (("update", "there", "--scope", "App"), "scope 'App'"),
    (("update", "there", "--region", "westus"), "it is in eastus"),
    (("ping", "deploy"), "no webhook 'deploy'"),
    (("list", "-r", "another"), "no registry 'another'"),
]


def test_what_cannot_be_is_refused_and_changes_nothing(node: Run) -> None:
    node("webhook", "create", "there", URL)
    before = listed(node)
    for arguments, word in REFUSED:
        assert word in node("webhook", *arguments, code=2, stdin="").err
    assert listed(node) == before


def test_who_sends_events_in_the_open_is_told_so(node: Run) -> None:
    assert "unencrypted" in node("webhook", "create", "deploy", "http://ci.example.com/").err
    assert not node("webhook", "create", "other", "https://ci.example.com/").err


def test_a_ping_arrives_at_once_and_the_answer_is_told(node: Run, receiver: Receiver) -> None:
    node("webhook", "create", "deploy", f"{receiver.url}/hunter2", "--secret-stdin", "--scope", "app", stdin="hunter2")
    assert node("webhook", "ping", "deploy").out == f"{receiver.url} answered 204\n"
    receiver.answers = [Answer(500)]
    done = node("webhook", "ping", "deploy", "--json", code=1)
    assert json.loads(done.out) == {"webhook": "deploy", "taken": False, "answer": f"{receiver.url} answered 500"}
    first, second = receiver.received
    assert first.event["type"] == "registry.ping"
    assert first.event["source"] == first.event["subject"] == "myregistry"
    assert first.event["data"] == {"action": "ping", "region": "eastus"}
    assert first.event["id"] != second.event["id"]
    assert first.headers["x-hub-signature-256"].startswith("sha256=")
    # Nothing of it is kept to be tried again.
    assert node("webhook", "events", "--json").json == {"registry": "myregistry", "waiting": 0, "events": []}


def test_a_ping_to_nobody_says_why(node: Run) -> None:
    node("webhook", "create", "deploy", "http://localhost:9/hunter2")
    assert node("webhook", "ping", "deploy", code=1).out.startswith("http://localhost:9 cannot be reached: ")


def test_what_waits_is_listed_with_the_last_error(node: Run, database: Database) -> None:
    document = json.dumps({"id": "a1", "type": "registry.push", "subject": "app:v1"})
    waiting = [Event("myregistry", "deploy", f"a{number}", document, number, 0, 1_700_000_000_000) for number in (1, 2)]
    database.note_now(events.add, waiting)
    error = "https://ci.example.com answered 500"
    database.note_now(events.failed, waiting[0], error, 1_700_000_005_000, aside=False)
    told = node("webhook", "events", "--json").json
    assert told["waiting"] == 2
    assert told["events"][0] == {
        "webhook": "deploy",
        "id": "a1",
        "type": "registry.push",
        "subject": "app:v1",
        "created": "2023-11-14T22:13:20Z",
        "attempts": 1,
        "due": "2023-11-14T22:13:25Z",
        "error": error,
    }
    assert told["events"][1]["due"] is None
    out = node("webhook", "events", "--limit", "1").out
    assert error in out
    assert "... and 1 more" in out


def test_help_has_examples(run: Run) -> None:
    for command in ("list", "create", "update", "delete", "ping", "events"):
        assert "Examples:" in run("webhook", command, "--help").out
