"""Tokens: ``…/registries/{name}/tokens``, and their passwords: ``…/registries/{name}/generateCredentials``.

Everything is done once it is answered; there is nothing to wait for.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from seawall.identity.credentials import renew_password
from seawall.identity.issuing import answer as answer_once
from seawall.identity.names import check_token_name
from seawall.management import scope_maps as scope_maps_api
from seawall.management.call import gone, present
from seawall.management.reading import (
    bad,
    check_quota,
    known_only,
    moment,
    name_in_path,
    named,
    properties_of,
    seconds_at,
    switched_on,
)
from seawall.metadata import principals, scope_maps
from seawall.metadata.clock import seconds_of
from seawall.metadata.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.rows import Writer

__all__ = ["answer", "generate"]

_KIND: Final = "tokens"
_SLOTS: Final = {"password1": "password", "password2": "password2"}
"""What a token's passwords are called here, and what the slots are called that hold them."""
_SAME_SECONDS: Final = 0.001
_AT_ONCE: Final = 200
"""Tokens in one answer; there may be tens of thousands."""
_AFTER: Final = "$skiptoken"
"""What Azure Resource Manager calls the parameter that says where to go on."""


async def answer(call: Call) -> Response:
    """Answer a request about tokens."""
    database, registry = call.services.database, call.registry.name
    match call.question:
        case ("GET", ()):
            return await _page(call)
        case ("GET", (_,)):
            found = await database.cached(_find, registry, call.words[0])
            if found is None:
                raise call.not_found(_KIND, call.words[0])
            return JSONResponse(_document(call, found))
        case ("PUT" | "PATCH" as method, (_,)):
            wanted = _wanted(call, await call.body())
            made, is_new = await database.write(_put, call, wanted, create=method == "PUT")
            return JSONResponse(_document(call, made), 201 if is_new else 200)
        case ("DELETE", (_,)):
            return gone(was_there=await database.write(_delete, call))
    raise call.no_such_path()


async def _page(call: Call) -> Response:
    """List tokens; behind many of them is where to ask for more."""
    registry, after = call.registry.name, call.request.query_params.get(_AFTER, "")
    known = await call.services.database.cached(principals.list_all, registry)
    rest = [one for one in known if one.name > after and _is_token(one, registry)]
    here: dict[str, Any] = {"value": [_document(call, one) for one in rest[:_AT_ONCE]]}
    if len(rest) > _AT_ONCE:
        path = f"{call.services.account.registry_path(registry)}/{_KIND}"
        here["nextLink"] = f"{call.services.account.origin}{path}?{urlencode({_AFTER: rest[_AT_ONCE - 1].name})}"
    return JSONResponse(here)


async def generate(call: Call) -> Response:
    """Give a token new passwords, which are shown once."""
    if call.question != ("POST", ()):
        raise call.no_such_path()
    wanted = known_only(await call.body(), ("tokenId", "name", "expiry"))
    path = call.services.account.registry_path(call.registry.name)
    token = name_in_path("tokenId", wanted.get("tokenId"), path, _KIND)
    chosen = str(wanted.get("name", "")).lower()
    if "name" in wanted and chosen not in _SLOTS:
        raise bad(f"'name' must be {' or '.join(_SLOTS)}")
    expires = seconds_at("expiry", wanted["expiry"]) if "expiry" in wanted else None
    if expires is not None and expires <= time.time():
        raise bad("'expiry' has passed already")
    names = (chosen,) if chosen else tuple(_SLOTS)
    made, passwords = await call.services.database.write(_generate, call, token, names, expires)
    told = [_password(made, name) | {"value": value} for name, value in zip(names, passwords, strict=True)]
    return answer_once({"username": made.name, "passwords": told})


def _is_token(principal: Principal, registry: str) -> bool:
    """Say whether somebody who may sign in to a registry is a token, and not its admin user."""
    return principal.name != registry


def _find(connection: Connection, registry: str, name: str) -> Principal | None:
    """Find a token; there may be very many, of which one is read where its name is written as it is."""
    found = principals.find(connection, registry, name)
    if found is not None and _is_token(found, registry):
        return found
    tokens = (one for one in principals.list_all(connection, registry) if _is_token(one, registry))
    return named(tokens, name, lambda one: one.name)


def _document(call: Call, token: Principal) -> dict[str, Any]:
    path = call.services.account.registry_path(call.registry.name)
    passwords = [_password(token, name) for name, slot in _SLOTS.items() if slot in token.credentials]
    return call.identity(_KIND, token.name) | {
        "properties": {
            "creationDate": moment(token.created),
            "provisioningState": "Succeeded",
            "scopeMapId": f"{path}/scopeMaps/{token.scope_map}",
            "status": "enabled" if token.enabled else "disabled",
            "credentials": {"certificates": [], "passwords": passwords},
        }
    }


def _password(token: Principal, name: str) -> dict[str, str | None]:
    credential = token.credentials[_SLOTS[name]]
    return {"name": name, "creationTime": moment(credential.created), "expiry": moment(credential.expires)}


def _wanted(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = properties_of(body, ("scopeMapId", "status", "credentials"))
    read: dict[str, Any] = {}
    if "scopeMapId" in wanted:
        path = call.services.account.registry_path(call.registry.name)
        read["scope_map"] = name_in_path("scopeMapId", wanted["scopeMapId"], path, "scopeMaps")
    if "status" in wanted:
        read["enabled"] = switched_on(wanted["status"])
    if "credentials" in wanted:
        read["passwords"] = _kept_passwords(wanted["credentials"])
    return read


def _kept_passwords(credentials: object) -> dict[str, float | None] | None:
    """Read which passwords are to stay, by slot, with their ends where these are said; ``None`` for as they are."""
    if not isinstance(credentials, dict):
        raise bad("'credentials' must be a JSON object")
    said = known_only(credentials, ("passwords", "certificates"))
    if said.get("certificates", []) != []:
        raise bad("'certificates' cannot be kept here: tokens sign in with passwords")
    if "passwords" not in said:
        return None
    if not isinstance(said["passwords"], list) or not all(isinstance(one, dict) for one in said["passwords"]):
        raise bad("'passwords' must be a list of objects with a 'name'")
    kept: dict[str, float | None] = {}
    for one in said["passwords"]:
        password = known_only(one, ("name", "expiry", "creationTime"))
        slot = _SLOTS.get(str(password.get("name")).lower())
        if slot is None:
            raise bad(f"the 'name' of a password must be {' or '.join(_SLOTS)}")
        kept[slot] = seconds_at("expiry", password["expiry"]) if "expiry" in password else None
    return kept


def _put(writer: Writer, call: Call, wanted: Mapping[str, Any], *, create: bool) -> tuple[Principal, bool]:
    registry, name = present(writer, call.registry.name), call.words[0]
    before = _find(writer.connection, registry.name, name)
    if before is None:
        if not create:
            raise call.not_found(_KIND, name)
        try:
            check_token_name(name, registry.name)
        except ValueError as error:
            raise bad(str(error)) from None
        number = principals.count_tokens(writer.connection, registry.name) + 1
        check_quota(number, call.services.limits(registry.tier).tokens, "token", registry.tier)
    token = before or Principal(name, {}, created=seconds_of(writer.clock))
    if "scope_map" in wanted:
        token = replace(token, scope_map=_scope_map(writer, registry.name, wanted["scope_map"]))
    elif create:
        raise bad("'scopeMapId' must say what the token may do")
    if "enabled" in wanted:
        token = replace(token, enabled=wanted["enabled"])
    if wanted.get("passwords") is not None:
        token = _without_passwords(token, wanted["passwords"])
    principals.put(writer, registry.name, token)
    return token, before is None


def _scope_map(writer: Writer, registry: str, name: str) -> str:
    found = scope_maps_api.find(scope_maps.list_all(writer.connection, registry), name)
    if found is None:
        raise bad(f"there is no scope map '{name[:80]}'")
    return found.name


def _without_passwords(token: Principal, kept: Mapping[str, float | None]) -> Principal:
    for slot, end in kept.items():
        credential = token.credentials.get(slot)
        if credential is None:
            raise bad(f"{token.name} has no such password: generate it, and it is shown once")
        if end is not None and (credential.expires is None or abs(credential.expires - end) > _SAME_SECONDS):
            raise bad("the 'expiry' of a password cannot be changed: generate a new one")
    return replace(token, credentials={slot: one for slot, one in token.credentials.items() if slot in kept})


def _delete(writer: Writer, call: Call) -> bool:
    registry = present(writer, call.registry.name).name
    token = _find(writer.connection, registry, call.words[0])
    return token is not None and principals.delete(writer, registry, token.name)


def _generate(
    writer: Writer, call: Call, name: str, names: Sequence[str], expires: float | None
) -> tuple[Principal, list[str]]:
    registry = present(writer, call.registry.name).name
    token = _find(writer.connection, registry, name)
    if token is None:
        raise call.not_found(_KIND, name)
    passwords = [renew_password(writer, registry, token.name, slot=_SLOTS[one], expires=expires) for one in names]
    made = principals.find(writer.connection, registry, token.name)
    assert made is not None
    return made, passwords
