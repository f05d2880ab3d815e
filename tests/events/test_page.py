"""What docs/events.md says of events is what is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.events.outbox import Outbox
    from tests.support.receiver import Receiver

PAGE: Final = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    text: str = found
    return text


def shape(value: object) -> Any:  # noqa: ANN401 - JSON
    """Leave the names and the kinds of what stands under them."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return type(value).__name__


def test_the_example_looks_like_what_arrives(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.deliver()
    (event,) = receiver.events
    example = json.loads(block("json"))
    assert json.dumps(shape(example)) == json.dumps(shape(event))
    assert {name: example[name] for name in ("specversion", "type", "subject", "datacontenttype")} == {
        name: event[name] for name in ("specversion", "type", "subject", "datacontenttype")
    }


def test_the_check_of_signatures_works(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url, secret="0123456789abcdef")
    outbox.push("v1")
    outbox.deliver()
    (request,) = receiver.received
    page: dict[str, Any] = {}
    exec(block("python"), page)
    signature = request.headers["x-hub-signature-256"]
    assert page["is_genuine"](request.body, signature, "0123456789abcdef")
    assert not page["is_genuine"](request.body, signature, "another")
    assert not page["is_genuine"](request.body + b" ", signature, "0123456789abcdef")
