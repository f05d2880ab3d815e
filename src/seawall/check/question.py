"""What a check is to find out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.check.services import is_public

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.check.credentials import Credentials
    from seawall.check.reference import Reference
    from seawall.firewall.need import Need
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A registry, and what to find out about the way to it.

    Attributes:
        reference: The registry, and the image to pull if one was named.
        need: What rules are planned for; ``None`` for registries whose hosts nobody here knows.
        credentials: Finds who signs in at a registry, given its authority and a repository, if anybody.
        snapshot: A weekly file, to compare addresses.
        client: What this machine is called.
        push: Whether to try an upload as well.
        before_switch: Whether to try the data endpoints that there will be once dedicated ones are switched on.
        report: Whether to tell the registry what came of that.
    """

    reference: Reference
    need: Need | None
    credentials: Callable[[str, str], Awaitable[Credentials | None]]
    client: str
    snapshot: Snapshot | None = None
    push: bool = False
    before_switch: bool = False
    report: bool = False

    @property
    def public(self) -> bool:
        """Say whether the registry is a service that everybody knows."""
        return is_public(self.reference.host)
