"""What receivers get: one CloudEvent in JSON, and a signature over its bytes.

Sources: CloudEvents 1.0.2, "JSON Event Format" and "HTTP Protocol Binding", structured content mode.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, Final

from seawall.naming import Host, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.doors import Doors
    from seawall.metadata.webhooks import Webhook

__all__ = ["CONTENT_TYPE", "SIGNATURE", "envelope", "headers_for", "source_of"]

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
SIGNATURE: Final = "X-Hub-Signature-256"
"""The header that most receivers of webhooks can check already."""


def envelope(told: Mapping[str, Any], source: str) -> bytes:
    """Write an event as it is sent; the same event gives the same bytes."""
    event = {
        "specversion": "1.0",
        "id": told["id"],
        "source": source,
        "type": told["type"],
        "subject": told["subject"],
        "time": told["time"],
        "datacontenttype": "application/json",
        "data": told["data"],
    }
    return json.dumps(event).encode()


def headers_for(body: bytes, webhook: Webhook) -> dict[str, str]:
    """Return the headers that go with an event's bytes."""
    headers = dict(webhook.headers) | {"Content-Type": CONTENT_TYPE}
    if webhook.secret:
        headers[SIGNATURE] = f"sha256={hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()}"
    return headers


def source_of(registry: str, doors: Doors | None = None) -> str:
    """Say where a registry's events come from: its login server, or its name where no host is known."""
    if doors is not None:
        try:
            return f"https://{doors.authority(Host(Role.LOGIN, registry=registry))}/{registry}"
        except KeyError:  # this machine's doors are one registry's
            pass
    return registry
