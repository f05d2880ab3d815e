"""Hearing from clients whether they would survive the switch to dedicated data endpoints, and telling operators.

An extension of the registry's own, like the list of endpoints. A client reports what it found; users see their own
reports, the admin user those of everybody.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.responses import JSONResponse, Response

from seawall.bodies import read
from seawall.errors import ApiError
from seawall.identity.tokens import ANONYMOUS
from seawall.metadata import readiness
from seawall.naming import Host, Role

if TYPE_CHECKING:
    from seawall.registry.call import Call

__all__ = ["Report", "Told", "get_readiness", "put_readiness", "read_report"]

_LARGEST: Final = 16 * 1024
_MOST_ENDPOINTS: Final = 100
"""More than there are regions."""
_LONGEST_CLIENT: Final = 64
_CAUSE: Final = re.compile(r"[a-z-]{0,40}")
_CODE: Final = "READINESS_INVALID"


class Told(NamedTuple):
    """What a client says of one host."""

    host: str
    ready: bool | None
    cause: str


class Report(NamedTuple):
    """What a client says."""

    client: str
    endpoints: tuple[Told, ...]


async def put_readiness(call: Call) -> Response:
    """Keep what a client found; it replaces what the same client said before."""
    user = _user(call)
    request = call.request
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, _CODE, "send JSON, and Content-Type: application/json")
    report = read_report(await read(request, _LARGEST, _CODE))
    answers = _answers(call, report.endpoints)
    address = request.client.host if request.client else ""
    kept = await call.services.database.write(
        readiness.put, call.site.registry.name, user, report.client, address, answers
    )
    if not kept:
        message = (
            f"{user} has reported for {readiness.MOST_CLIENTS} clients, and more are not kept; "
            f"report under the same names again, or wait until some are {readiness.DAYS} days old"
        )
        raise ApiError(429, "TOOMANYREQUESTS", message)
    return Response(status_code=204)


async def get_readiness(call: Call) -> Response:
    """List what clients reported: everybody's for the admin user, one's own for others."""
    user = _user(call)
    only = None if call.access.rights.everything else user
    reports = await call.services.database.read(readiness.recent, call.site.registry, time.time(), only)
    return JSONResponse(readiness.fleet(reports))


def read_report(body: bytes) -> Report:
    """Read what a client sent.

    Raises:
        ApiError: 400 that says what is wrong.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
    except RecursionError:
        raise _wrong("the body is nested too deeply") from None
    except ValueError as error:
        raise _wrong(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise _wrong("the body must be a JSON object")
    client, entries = value.get("client"), value.get("endpoints")
    # What is not printable could rewrite the terminal of whoever lists it.
    if not (isinstance(client, str) and client.isprintable() and client == client.strip()):
        raise _wrong("client must be text of printable characters, with no blanks around it")
    if not 1 <= len(client) <= _LONGEST_CLIENT:
        raise _wrong(f"client must have 1 to {_LONGEST_CLIENT} characters")
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST_ENDPOINTS:
        raise _wrong(f"endpoints must be a list of 1 to {_MOST_ENDPOINTS}")
    return Report(client, tuple(_told(entry, f"endpoints[{number}]") for number, entry in enumerate(entries)))


def _told(entry: object, where: str) -> Told:
    if not isinstance(entry, dict):
        raise _wrong(f"{where} must be an object")
    host, cause = entry.get("host"), entry.get("cause", "")
    if not isinstance(host, str):
        raise _wrong(f"{where}.host must be the name of a host")
    if "ready" not in entry or not isinstance(entry["ready"], bool | None):
        raise _wrong(f"{where}.ready must be true, false or null")
    if not isinstance(cause, str) or not _CAUSE.fullmatch(cause):
        raise _wrong(f"{where}.cause must be at most 40 lower-case letters and hyphens")
    return Told(host, entry["ready"], cause)


def _answers(call: Call, endpoints: tuple[Told, ...]) -> list[readiness.Answer]:
    """Find the regions of the hosts that a client speaks of; each must be this registry's, and be there once."""
    registry, doors = call.site.registry, call.services.doors
    ours = {Host(Role.DATA, registry.name, replica.region) for replica in registry.replicas}
    found: dict[str, readiness.Answer] = {}
    for number, told in enumerate(endpoints):
        where = f"endpoints[{number}].host: {told.host[:80]!r}"
        host = doors.locate(told.host)
        if host is None or host not in ours:
            raise _wrong(f"{where} is no dedicated data endpoint of {registry.name}")
        if host.region in found:
            raise _wrong(f"{where} is there twice")
        # Under the name that we give it, however the client wrote it.
        found[host.region] = readiness.Answer(host.region, doors.authority(host), told.ready, told.cause)
    return list(found.values())


def _user(call: Call) -> str:
    user = call.access.identity.subject
    if user == ANONYMOUS:
        raise ApiError(403, "DENIED", "sign in as a user: reports of nobody in particular are not kept")
    return user


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _wrong("a name occurs twice in one object")
    return value


def _wrong(message: str) -> ApiError:
    return ApiError(400, _CODE, message)
