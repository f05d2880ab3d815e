"""The redirect: where a registry sends clients for a layer, followed as far as is safe.

Source: OCI distribution specification, "Pulling blobs"; RFC 9110 section 15.4. The link itself is a secret for as
long as it lasts, so only its host is ever told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.check.addresses import authority, is_address, is_private
from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.journal import Spot
from seawall.check.step import Fault, Found, Place
from seawall.check.url import read_url

if TYPE_CHECKING:
    from seawall.check.door import Door
    from seawall.check.http import Answer

__all__ = ["REDIRECTS", "Link", "follow"]

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))


class Link(NamedTuple):
    """Where bytes are.

    Attributes:
        spot: The host.
        target: Path and query there; a secret.
    """

    spot: Spot
    target: str

    @property
    def url(self) -> str:
        """The whole address."""
        return f"https://{authority(self.spot.host, self.spot.port)}{self.target}"


def follow(answer: Answer, door: Door, target: str, *, public: bool) -> tuple[Link, Found]:
    """Read where an answer sends its client.

    Args:
        answer: A redirect.
        door: Who gave it.
        target: What was asked for there.
        public: Whether the registry is reached at a public address, so that a private one makes no sense.

    Raises:
        Fault: It leads nowhere, or where no client should go.
    """
    status = ("status", str(answer.status))
    where = read_url(answer.headers.get("location", ""), f"https://{door.authority}{target}")
    if where is None:
        raise Fault(Cause.REDIRECT_LOOP, "sends clients to no place that could be read", status)
    host, port = where.host, where.port
    shown = printable(host if port == 443 else f"{host}:{port}", 120)
    if where.scheme != "https":
        raise Fault(Cause.REDIRECT_INSECURE, f"sends clients to {shown} without TLS", status)
    if public and is_address(host) and is_private(host):
        raise Fault(Cause.REDIRECT_PRIVATE, f"sends clients to {shown}, a private address", status)
    link = Link(Spot(host, port, Place.DATA), where.target)
    same = (host, port) == (door.spot.host, door.spot.port)
    return link, Found("to another path of the same host" if same else f"to {shown}", (status, ("host", shown)))
