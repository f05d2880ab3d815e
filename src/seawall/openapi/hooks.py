"""Webhooks as Azure Resource Manager's API has them. Pure.

Written by ``management/webhooks.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.openapi.names import WEBHOOK_SCOPE
from seawall.openapi.resources import LABELS, SUCCEEDED, identified
from seawall.openapi.shapes import array, choice, integer, maybe, open_record, record, schema, text, texts_by_name

if TYPE_CHECKING:
    from seawall.openapi.shapes import Schema

__all__ = ["HOOKS"]

_ACTION: Final = choice("push", "delete")
_WANTED_ACTIONS: Final = array(choice("push", "delete", description="In any case."), minItems=1)
_URI: Final = text(
    "Where events are sent: `https://HOST/PATH` or `http://`, without a fragment.",
    maxLength=2048,
    pattern=r"^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$",
)
_HEADERS: Final = texts_by_name(
    "What is sent along with each event; together at most 8192 characters, and none that HTTP needs for itself.",
    text(pattern=r"^(?:[!-~](?:[ \t!-~]*[!-~])?)?$"),
    maxProperties=50,
    propertyNames={"pattern": r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$"},
)
_OPTIONS: Final[dict[str, Schema]] = {
    "customHeaders": maybe(_HEADERS),
    "status": maybe(choice("enabled", "disabled", description="In any case.")),
    "scope": maybe(
        text(
            "Which images: `app:*` for a repository, `app:v1` or, for its tag `latest`, `app` for a tag, "
            "`team/*` for all that begins so, nothing for all.",
            pattern=WEBHOOK_SCOPE,
        )
    ),
    # Properties that the service sets: nothing comes of them (reading.py).
    "provisioningState": {},
    "creationDate": {},
    "type": {},
}
_NOTHING_ELSE: Final[Schema] = {"additionalProperties": {"type": "null"}}
_AROUND: Final[dict[str, Schema]] = {
    "location": maybe(schema("Location")),
    "tags": maybe(LABELS),
}
_TARGET: Final = record(
    {"mediaType": text(), "size": integer(minimum=0), "digest": text(), "repository": text()},
    "The image it is about.",
    tag=text(),
)

HOOKS: Final[dict[str, Schema]] = {
    "Webhook": identified(
        {
            "location": text(),
            "tags": texts_by_name("What operators noted about it."),
            "properties": record(
                {
                    "status": choice("enabled", "disabled"),
                    "scope": text("Nothing for all images."),
                    "actions": array(_ACTION, minItems=1),
                    **SUCCEEDED,
                }
            ),
        }
    ),
    "WebhookWanted": open_record(
        {"properties": open_record({"serviceUri": _URI, "actions": _WANTED_ACTIONS}, **_OPTIONS) | _NOTHING_ELSE},
        **_AROUND,
    ),
    "WebhookChange": open_record(
        {},
        **_AROUND,
        properties=maybe(
            open_record({}, serviceUri=maybe(_URI), actions=maybe(_WANTED_ACTIONS), **_OPTIONS) | _NOTHING_ELSE
        ),
    ),
    "WebhookPing": record({"id": text("Names the event that was sent on its way.", format="uuid")}),
    "WebhookEvent": record(
        {
            "id": text(format="uuid"),
            "eventRequestMessage": record(
                {
                    "method": choice("POST"),
                    "requestUri": text("The receiver, without what may be secret in its address."),
                    "content": record(
                        {
                            "id": text(format="uuid"),
                            "timestamp": text(format="date-time"),
                            "action": choice("push", "delete", "ping"),
                            "target": maybe(_TARGET),
                        }
                    ),
                }
            ),
        },
        eventResponseMessage=record(
            {"statusCode": maybe(text("What the receiver answered.")), "reasonPhrase": text()},
            "Not there while nothing has come of it.",
        ),
    ),
    "WebhookSecrets": record({"serviceUri": text(), "customHeaders": texts_by_name()}),
}
