"""Webhooks: ``…/registries/{name}/webhooks``.

What may be secret of one, its address and the values of its headers, is told to who asks for just that.
"""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from seawall.identity.issuing import answer as answer_once
from seawall.management.call import gone, listed, location_of, present
from seawall.management.changes import labels_of
from seawall.management.errors import ManagementError
from seawall.management.reading import bad, check_quota, named, properties_of, strings, switched_on
from seawall.metadata import events, telling, webhooks
from seawall.metadata.webhooks import ACTIONS, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.events import Event
    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["answer"]

_KIND: Final = "webhooks"
_PROPERTIES: Final = ("serviceUri", "customHeaders", "actions", "status", "scope")
_ANSWERED: Final = re.compile(r" answered (\d{3})\b")


async def answer(call: Call) -> Response:
    """Answer a request."""
    database, registry = call.services.database, call.registry
    match call.question:
        case ("GET", ()):
            known = await database.cached(webhooks.of, registry.name)
            return listed([_document(call, one) for one in known])
        case ("GET", (_,)):
            return JSONResponse(_document(call, await _found(call)))
        case ("PUT" | "PATCH" as method, (_,)):
            body = await call.body()
            made, is_new = await database.write(_put, call, body, _wanted(body), create=method == "PUT")
            return JSONResponse(_document(call, made), 201 if is_new else 200)
        case ("DELETE", (_,)):
            return gone(was_there=await database.write(_delete, call))
        case ("POST", (_, "ping")):
            return await _ping(call)
        case ("POST", (_, "listevents")):
            webhook = await _found(call)
            lately = await database.cached(events.lately, registry.name, webhook.name)
            return listed([_event(webhook, one) for one in lately])
        case ("POST", (_, "getcallbackconfig")):
            webhook = await _found(call)
            return answer_once({"serviceUri": webhook.url, "customHeaders": dict(webhook.headers)})
    raise call.no_such_path()


async def _found(call: Call) -> Webhook:
    known = await call.services.database.cached(webhooks.of, call.registry.name)
    found = named(known, call.words[0], lambda one: one.name)
    if found is None:
        raise call.not_found(_KIND, call.words[0])
    return found


async def _ping(call: Call) -> Response:
    """Write down an event that goes the way of all others."""
    webhook, database = await _found(call), call.services.database
    if not webhook.enabled:
        words = f"The webhook {webhook.name} is disabled and is told nothing: enable it first."
        raise ManagementError(409, "WebhookDisabled", words)
    return JSONResponse({"id": await database.note(telling.ping, webhook, database.region)})


def _location(registry: Registry, webhook: Webhook) -> str:
    """Tell one region of those whose nodes tell a webhook; to Azure each has one."""
    return webhook.regions[0] if webhook.regions and registry.home not in webhook.regions else registry.home


def _document(call: Call, webhook: Webhook) -> dict[str, Any]:
    return call.identity(_KIND, webhook.name) | {
        "location": _location(call.registry, webhook),
        "tags": dict(webhook.labels),
        "properties": {
            "status": "enabled" if webhook.enabled else "disabled",
            "scope": _scope_there(webhook.scope),
            "actions": list(webhook.actions),
            "provisioningState": "Succeeded",
        },
    }


def _scope_there(scope: str) -> str:
    """Write a scope as the service does, where nothing stands for everything and a repository needs its tags said."""
    if scope == "*":
        return ""
    return scope if ":" in scope or scope.endswith("*") else f"{scope}:*"


def _scope_here(scope: object) -> str:
    """Read a scope; to the service, a repository by itself means its tag ``latest``."""
    if not isinstance(scope, str):
        raise bad("'scope' must be a text such as app:* or app:v1")
    return scope if not scope or ":" in scope or scope.endswith("*") else f"{scope}:latest"


def _event(webhook: Webhook, event: Event) -> dict[str, Any]:
    told = event.told
    document: dict[str, Any] = {
        "id": event.identifier,
        "eventRequestMessage": {
            "method": "POST",
            "requestUri": webhook.receiver,
            "content": {
                "id": told["id"],
                "timestamp": told["time"],
                "action": told["data"]["action"],
                "target": told["data"].get("target"),
            },
        },
    }
    if event.error:
        status = _ANSWERED.search(event.error)
        code = int(status[1]) if status is not None else None
        phrase = HTTPStatus(code).phrase if code in set(HTTPStatus) else event.error
        document["eventResponseMessage"] = {"statusCode": status and status[1], "reasonPhrase": phrase}
    return document


def _wanted(body: Mapping[str, Any]) -> dict[str, Any]:
    said = properties_of(body, _PROPERTIES)
    wanted: dict[str, Any] = {}
    if "serviceUri" in said:
        if not isinstance(said["serviceUri"], str):
            raise bad("'serviceUri' must be an address such as https://ci.example.com/hooks")
        wanted["url"] = said["serviceUri"]
    if "customHeaders" in said:
        wanted["headers"] = _headers(said["customHeaders"])
    if "actions" in said:
        wanted["actions"] = _actions(said["actions"])
    if "status" in said:
        wanted["enabled"] = switched_on(said["status"])
    if "scope" in said:
        wanted["scope"] = _scope_here(said["scope"]) or "*"
    if body.get("tags") is not None:
        wanted["labels"] = labels_of(body["tags"])
    return wanted


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise bad("'customHeaders' must be an object of texts")
    return tuple(sorted(value.items()))


def _actions(value: object) -> tuple[str, ...]:
    actions = tuple(one.lower() for one in strings("actions", value))
    for action in actions:
        if action not in ACTIONS:
            raise bad(f"'{action[:80]}' never happens here: choose of {', '.join(ACTIONS)}")
    return actions


def _put(
    writer: Writer, call: Call, body: Mapping[str, Any], wanted: Mapping[str, Any], *, create: bool
) -> tuple[Webhook, bool]:
    registry, name = present(writer, call.registry.name), call.words[0]
    known = webhooks.of(writer.connection, registry.name)
    before = named(known, name, lambda one: one.name)
    if before is None and not create:
        raise call.not_found(_KIND, name)
    if create:
        missing = [field for field, setting in (("serviceUri", "url"), ("actions", "actions")) if setting not in wanted]
        if missing:
            raise bad(f"'{missing[0]}' is missing")
        wanted = {"headers": (), "scope": "*", "enabled": True, "labels": ()} | dict(wanted)
    location = location_of(body, registry.home if before is None else _location(registry, before))
    if before is None or location != _location(registry, before):
        if registry.replica(location) is None:
            there = ", ".join(one.region for one in registry.replicas)
            raise bad(f"{registry.name} is not in '{location[:80]}'; it is in {there}")
        wanted = dict(wanted) | {"regions": (location,)}
    if before is None:
        check_quota(len(known) + 1, call.services.limits(registry.tier).webhooks, "webhook", registry.tier)
    try:
        made = replace(before, **wanted) if before is not None else Webhook(registry.name, name, **wanted)
    except ValueError as error:
        raise bad(str(error)) from None
    webhooks.put(writer, made)
    return made, before is None


def _delete(writer: Writer, call: Call) -> bool:
    registry = present(writer, call.registry.name).name
    found = named(webhooks.of(writer.connection, registry), call.words[0], lambda one: one.name)
    return found is not None and webhooks.delete(writer, registry, found.name)
