"""How many requests a registry answers a minute: counted for all of its clients, and for each identity.

Rates keep the tenants of one service apart. Requests are counted by the minute; beyond the rate they are refused with
the seconds until the next one begins. All workers of a node count in one piece of memory, without a lock: two that
count at the same instant may count as one, which lets a few more in than the rate says. Nobody is promised better.

Source: Azure Container Registry documentation, "Service tiers", on request rates, and RFC 6585 section 4.
"""

from __future__ import annotations

import mmap
import struct
import time
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

from seawall.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.tiers import Rate, TiersOf
    from seawall.topology import Registry

__all__ = ["Counted", "Kind", "Rates", "Uncounted"]

_MINUTE: Final = 60
_SLOT: Final = struct.Struct("<QII")
"""Who is counted (a hash), in which minute, and how often."""
_SLOTS: Final = 1 << 14
_TRIES: Final = 8
"""Slots in which somebody may be found; when all are others', the one beyond is shared, which counts too much."""


class Kind(StrEnum):
    """What requests do; the value is the limit's name."""

    READ = "reads"
    WRITE = "writes"
    DELETE = "deletes"
    REFERRERS = "referrers"
    SIGN_IN = "sign_ins"


class Rates(Protocol):
    """Whoever counts."""

    def take(self, registry: Registry, kind: Kind, identity: str = "") -> None:
        """Count a request.

        Args:
            registry: What it is about.
            kind: What it does.
            identity: Who sent it, where identities are told apart.

        Raises:
            ApiError: 429; there were too many this minute.
        """


class Uncounted:
    """Every request is answered."""

    def take(self, registry: Registry, kind: Kind, identity: str = "") -> None:
        """Let it pass."""


class Counted:
    """The rates of tiers. Make it before the workers begin, so that they share it."""

    def __init__(self, tiers: TiersOf, now: Callable[[], float] = time.time) -> None:
        """Take what each tier gives; ``now`` tells seconds since 1970."""
        self._tiers = tiers
        self._now = now
        self._memory = mmap.mmap(-1, _SLOTS * _SLOT.size)

    def take(self, registry: Registry, kind: Kind, identity: str = "") -> None:
        """Count a request.

        Raises:
            ApiError: 429; there were too many this minute.
        """
        rate: Rate = getattr(self._tiers[registry.tier], kind.value)
        # Whoever is over an own rate does not use up the others' as well.
        self._count(rate.identity, f"{registry.name}\0{kind}\0{identity}", "of yours")
        self._count(rate.registry, f"{registry.name}\0{kind}", "of all clients together")

    def _count(self, most: int | None, key: str, whose: str) -> None:
        if most is None:
            return
        now = self._now()
        if self._counted(key, int(now // _MINUTE)) > most:
            seconds = _MINUTE - int(now % _MINUTE)
            raise ApiError(
                429,
                "TOOMANYREQUESTS",
                f"too many requests {whose} this minute: the registry's tier gives {most}; go on in {seconds} s",
                headers={"Retry-After": str(seconds)},
            )

    def _counted(self, key: str, minute: int) -> int:
        """Count somebody; return how often that was this minute."""
        name = int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little") or 1
        for step in range(_TRIES + 1):
            place = (name + step) % _SLOTS * _SLOT.size
            found, then, count = _SLOT.unpack_from(self._memory, place)
            if found == name or then != minute or step == _TRIES:
                break
        count = count + 1 if then == minute else 1
        _SLOT.pack_into(self._memory, place, name, minute, min(count, 0xFFFFFFFF))
        return count
