"""Pushing: an upload that is begun, given some bytes, and cancelled; nothing stays.

Source: OCI distribution specification, "Pushing a blob in chunks" and "Cancelling" (end-14).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found
from seawall.check.url import read_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.check.door import Door

__all__ = ["upload"]

_BYTES: Final = bytes(256 * 1024)
"""More than a wall or proxy lets through that allows questions alone."""
_TOO_LARGE: Final = 413


async def upload(door: Door, headers: Mapping[str, str], repository: str) -> tuple[None, Found]:
    """Begin an upload, send some of it, and cancel it.

    Raises:
        Fault: It cannot be begun, or bytes do not get through.
    """
    begun = await door.ask("POST", f"/v2/{repository}/blobs/uploads/", headers)
    if begun.status != 202:
        raise refusal(begun, "to begin an upload", signed_in="Authorization" in headers, known=True)
    if "location" not in begun.headers:
        raise Fault(
            Cause.NOT_A_REGISTRY, "takes uploads, and names no place to send them to", ("answer", begun.words())
        )
    session = _target(door, f"/v2/{repository}/blobs/uploads/", begun.headers["location"])
    try:
        after = await _send(door, headers, session)
    except Fault:
        await _cancel(door, headers, session)
        raise
    said = await _cancel(door, headers, after)
    left = "" if said in {"200", "202", "204"} else "; it could not be cancelled, and will expire"
    evidence = (("sent", f"{len(_BYTES):,} bytes"), ("cancelled", said))
    return None, Found(f"an upload was begun, took bytes, and was cancelled{left}", evidence)


async def _send(door: Door, headers: Mapping[str, str], session: str) -> str:
    """Send bytes; return where the upload goes on."""
    kind = {"Content-Type": "application/octet-stream", "Content-Range": f"0-{len(_BYTES) - 1}"}
    sent = await door.ask("PATCH", session, {**headers, **kind}, body=_BYTES)
    if sent.status == _TOO_LARGE:
        said = f"{len(_BYTES):,} bytes are too many (413): something limits uploads"
        raise Fault(Cause.BROKEN_OFF, said, ("answer", sent.words()))
    if sent.status != 202:
        raise refusal(sent, "to send bytes", signed_in="Authorization" in headers, known=True)
    return _target(door, session, sent.headers["location"]) if "location" in sent.headers else session


async def _cancel(door: Door, headers: Mapping[str, str], session: str) -> str:
    """Cancel an upload; say what became of that, in a word."""
    try:
        return str((await door.ask("DELETE", session, headers)).status)
    except Fault as fault:
        return fault.said


def _target(door: Door, asked: str, location: str) -> str:
    """Return where an upload goes on, which must be at the same host: credentials are for nobody else."""
    where = read_url(location, f"https://{door.authority}{asked}")
    if where is None or where.scheme != "https" or (where.host, where.port) != door.spot[:2]:
        raise Fault(Cause.UPLOAD_ELSEWHERE, "sends uploads to another host; credentials were not sent there")
    return where.target
