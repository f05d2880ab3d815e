"""Scope maps: ``…/registries/{name}/scopeMaps``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from seawall.identity.actions import BUILT_IN_SCOPE_MAPS, ScopeMapError, check_scope_map_action
from seawall.identity.names import check_scope_map_name
from seawall.management.call import gone, listed, present
from seawall.management.errors import ManagementError
from seawall.management.reading import bad, check_quota, moment, named, properties_of, strings, text
from seawall.metadata import principals, scope_maps
from seawall.metadata.clock import seconds_of
from seawall.metadata.scope_maps import ScopeMap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.rows import Writer

__all__ = ["answer", "find"]

_KIND: Final = "scopeMaps"
_MOST_ACTIONS: Final = 500
"""Azure Container Registry documentation, "Service limits"."""
_LONGEST_DESCRIPTION: Final = 1000
_BUILT_IN: Final = [ScopeMap(name, actions) for name, actions in BUILT_IN_SCOPE_MAPS.items()]
_DESCRIPTIONS: Final = {
    "_repositories_pull": "May pull from every repository",
    "_repositories_pull_metadata_read": "May pull from every repository, and read its tags and attributes",
    "_repositories_push": "May pull from and push to every repository",
    "_repositories_push_metadata_write": "May pull from and push to every repository, and change its attributes",
    "_repositories_admin": "May do everything with every repository",
}


async def answer(call: Call) -> Response:
    """Answer a request."""
    database, registry = call.services.database, call.registry.name
    match call.question:
        case ("GET", ()):
            own = await database.cached(scope_maps.list_all, registry)
            return listed([_document(call, one) for one in (*_BUILT_IN, *own)])
        case ("GET", (_,)):
            return JSONResponse(_document(call, await _found(call)))
        case ("PUT" | "PATCH" as method, (_,)):
            wanted = _wanted(await call.body())
            made, is_new = await database.write(_put, call, wanted, whole=method == "PUT")
            return JSONResponse(_document(call, made), 201 if is_new else 200)
        case ("DELETE", (_,)):
            return gone(was_there=await database.write(_delete, call))
    raise call.no_such_path()


def find(own: Sequence[ScopeMap], name: str) -> ScopeMap | None:
    """Find one of a registry's own scope maps, or of those that every registry has."""
    return named((*own, *_BUILT_IN), name, lambda one: one.name)


async def _found(call: Call) -> ScopeMap:
    found = find(await call.services.database.cached(scope_maps.list_all, call.registry.name), call.words[0])
    if found is None:
        raise call.not_found(_KIND, call.words[0])
    return found


def _document(call: Call, scope_map: ScopeMap) -> dict[str, Any]:
    built_in = scope_map.name in BUILT_IN_SCOPE_MAPS
    return call.identity(_KIND, scope_map.name) | {
        "properties": {
            "description": _DESCRIPTIONS.get(scope_map.name, "") if built_in else scope_map.description,
            "type": "SystemDefined" if built_in else "UserDefined",
            "creationDate": moment(scope_map.created),
            "provisioningState": "Succeeded",
            "actions": list(scope_map.actions),
        }
    }


def _wanted(body: Mapping[str, Any]) -> dict[str, Any]:
    wanted = properties_of(body, ("actions", "description"))
    if "actions" in wanted:
        wanted["actions"] = strings("actions", wanted["actions"])
        if len(wanted["actions"]) > _MOST_ACTIONS:
            raise bad(f"a scope map has at most {_MOST_ACTIONS} actions")
        try:
            for action in wanted["actions"]:
                check_scope_map_action(action)
        except ScopeMapError as error:
            raise bad(str(error)) from None
    if "description" in wanted:
        text("description", wanted["description"], _LONGEST_DESCRIPTION)
    return wanted


def _put(writer: Writer, call: Call, wanted: Mapping[str, Any], *, whole: bool) -> tuple[ScopeMap, bool]:
    registry, name = present(writer, call.registry.name), call.words[0]
    own = scope_maps.list_all(writer.connection, registry.name)
    known = find(own, name)
    if known is not None:
        _check_own(known)
    elif not whole:
        raise call.not_found(_KIND, name)
    if whole and "actions" not in wanted:
        raise bad("'actions' must be a list of texts such as repositories/app/content/read")
    if known is None:
        try:
            check_scope_map_name(name)
        except ValueError as error:
            raise bad(str(error)) from None
        check_quota(len(own) + 1, call.services.limits(registry.tier).scope_maps, "scope map", registry.tier)
    made = known or ScopeMap(name, (), created=seconds_of(writer.clock))
    made = replace(made, **({"description": ""} if whole else {}) | dict(wanted))
    scope_maps.put(writer, registry.name, made)
    return made, known is None


def _delete(writer: Writer, call: Call) -> bool:
    registry = present(writer, call.registry.name).name
    known = find(scope_maps.list_all(writer.connection, registry), call.words[0])
    if known is None:
        return False
    _check_own(known)
    # Whoever deletes it wants its tokens to do less, or believes that there are none: let them say which.
    users = [one.name for one in principals.list_all(writer.connection, registry) if one.scope_map == known.name]
    if users:
        some = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
        words = (
            f"The scope map {known.name} is what these tokens may do: {some}. Give them another, or delete them first."
        )
        raise ManagementError(409, "ScopeMapInUse", words)
    return scope_maps.delete(writer, registry, known.name)


def _check_own(scope_map: ScopeMap) -> None:
    if scope_map.name in BUILT_IN_SCOPE_MAPS:
        raise bad(f"{scope_map.name} is the same in every registry, and cannot be changed")
