"""What receivers get, what they may answer, and what is never told of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import subprocess
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest

from seawall.doors import LocalDoors
from seawall.events import sending
from seawall.server.authority import OwnAuthority
from tests.support.receiver import Answer, Receiver

if TYPE_CHECKING:
    from pathlib import Path

    from tests.events.outbox import Outbox

HOUR: Final = 3_600_000


def test_what_arrives_is_a_cloud_event(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url + "/hooks?a=b")
    outbox.push("v1")
    assert outbox.deliver() == 1
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/hooks?a=b")
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert request.headers["user-agent"].startswith("seawall/")
    event = request.event
    # CloudEvents 1.0.2, "Required Attributes" and "Attribute Naming Convention".
    assert event["specversion"] == "1.0"
    assert all(isinstance(event[name], str) and event[name] for name in ("id", "source", "type", "subject"))
    assert urlsplit(event["source"]).geturl() == event["source"] == "https://myregistry.azurecr.test/myregistry"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert event["datacontenttype"] == "application/json"
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in event)
    assert (event["type"], event["subject"]) == ("registry.push", "app:v1")
    assert isinstance(event["data"], dict)
    assert outbox.waiting == []


def test_where_no_host_is_known_the_source_is_the_registry(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.deliver(doors=LocalDoors({}))
    assert receiver.events[0]["source"] == "myregistry"


def test_the_signature_is_over_the_bytes(outbox: Outbox, receiver: Receiver, tmp_path: Path) -> None:
    secret = "käse and $quotes'"
    outbox.webhook(receiver.url, secret=secret)
    outbox.push("v1")
    outbox.deliver()
    (request,) = receiver.received
    told = request.headers["x-hub-signature-256"]
    assert told == "sha256=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    (tmp_path / "body").write_bytes(request.body)
    said = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", secret, tmp_path / "body"], capture_output=True, text=True, check=True
    )
    assert said.stdout.split("= ")[1].strip() == told.removeprefix("sha256=")


def test_without_a_secret_nothing_is_signed(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.deliver()
    assert "x-hub-signature-256" not in receiver.received[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(outbox: Outbox, receiver: Receiver, status: int) -> None:
    with Receiver() as other:
        receiver.always = Answer(status, {"Location": other.url + "/secret"})
        outbox.webhook(receiver.url)
        outbox.push("v1")
        assert outbox.deliver() == 0
        assert other.received == []
    (event,) = outbox.waiting
    assert event.error.startswith(f"{receiver.url} answered {status} and sends elsewhere")
    assert "secret" not in event.error


@pytest.mark.parametrize(
    "answer", [Answer(200, endless=True), Answer(200, body=b"x" * 1_000_000)], ids=["endless", "long"]
)
def test_what_a_receiver_says_beside_the_status_does_not_matter(
    outbox: Outbox, receiver: Receiver, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 3.0)
    receiver.answers = [answer]
    outbox.webhook(receiver.url)
    for tag in ("v1", "v2"):
        outbox.push(tag)
    assert outbox.deliver() == 2
    assert len(receiver.received) == 2


def test_a_receiver_that_does_not_answer_is_waited_for_no_longer_than_it_may_take(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PATIENCE_SECONDS", 1.0)
    receiver.answers = [Answer(delay=60)]
    outbox.webhook(receiver.url)
    outbox.push("v1")
    assert outbox.deliver() == 0
    assert outbox.waiting[0].error == f"{receiver.url} did not answer within 1 seconds"


def test_errors_do_not_tell_secrets(outbox: Outbox, receiver: Receiver) -> None:
    port = receiver.port
    outbox.webhook(f"http://user:hunter2@localhost:{port}/token/hunter2?key=hunter2", secret="hunter2")
    receiver.answers = [Answer(500, body=b"hunter2")]
    outbox.webhook("http://user:hunter2@localhost:9/token/hunter2?key=hunter2", "nobody", secret="hunter2")
    outbox.webhook("https://user:hunter2@localhost:1/hunter2", "tls", secret="hunter2")
    outbox.webhook("http://user:hunter2@hunter3.invalid/hunter2", "no-name")
    outbox.webhook("http://user:hunter2@a..b/hunter2", "no-host")
    outbox.push("v1")
    outbox.deliver()
    errors = {event.webhook: event.error for event in outbox.waiting}
    assert errors["hook"] == f"http://localhost:{port} answered 500"
    assert errors["nobody"].startswith("http://localhost:9 cannot be reached: ")
    assert all(errors.values())
    assert "hunter2" not in json.dumps(errors)
    # It went where it was to go all the same, with what authenticates it there.
    assert receiver.received[0].headers["authorization"].startswith("Basic ")


def test_cookies_are_not_kept(outbox: Outbox, receiver: Receiver) -> None:
    receiver.always = Answer(200, {"Set-Cookie": "session=1; Path=/"})
    outbox.webhook(receiver.url)
    for tag in ("v1", "v2"):
        outbox.push(tag)
    outbox.deliver()
    assert [("cookie" in one.headers) for one in receiver.received] == [False, False]


def test_receivers_show_a_certificate_that_the_system_trusts(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    authority = OwnAuthority(tmp_path / "ca")
    authority.ensure()
    with Receiver(certificate=authority.certificate_for(["localhost"], tmp_path / "tls")) as receiver:
        outbox.webhook(receiver.url)
        outbox.push("v1")
        assert outbox.deliver() == 0
        assert receiver.received == []
        assert "certificate verify failed" in outbox.waiting[0].error
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate_file))
        outbox.later(HOUR)
        assert outbox.deliver() == 1
        assert receiver.events[0]["subject"] == "app:v1"
