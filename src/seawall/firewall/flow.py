"""What clients do at which endpoint, and why: the unit that rules are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["HTTP", "HTTPS", "NEIGHBOURLY", "Door", "Flow", "Purpose"]

HTTPS: Final = 443
HTTP: Final = 80


class Purpose(StrEnum):
    """What clients do at an endpoint."""

    LOGIN = "login"
    APEX = "apex"
    REGIONAL = "regional"
    DATA = "data"
    BLOB = "blob"
    MCR = "mcr"
    MCR_DATA = "mcr-data"
    SIGN_IN = "sign-in"
    REVOCATION = "revocation"
    LEAVING = "leaving"


NEIGHBOURLY: Final = frozenset((Purpose.MCR, Purpose.MCR_DATA, Purpose.SIGN_IN, Purpose.REVOCATION))
"""What is done at hosts that belong to no registry."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Clients to one endpoint, and the reason.

    Attributes:
        host: A host name, or ``*.`` and a suffix where nobody outside the service knows the names; the star stands for
            one label.
        purpose: What for.
        why: The reason, for whoever has to approve the rule.
        source: Where that is documented.
        tags: The service tags that hold its addresses, without region.
        regions: The regions its addresses are in; empty when that may be any.
        port: TCP port.
        extra: Whether clients of the registry can do without it in many places.
    """

    host: str
    purpose: Purpose
    why: str
    source: str
    tags: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    port: int = HTTPS
    extra: bool = False

    @property
    def is_pattern(self) -> bool:
        """Say whether :attr:`host` stands for many hosts."""
        return self.host.startswith("*.")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a registry on this machine answers: a port, since it has no name.

    Attributes:
        host: ``localhost`` or an address.
        port: TCP port.
        region: The region whose layers are read there; empty for the login server.
    """

    host: str
    port: int
    region: str = ""
