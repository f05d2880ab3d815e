"""Changing a registry as an operator asked on a page: as far as its tier gives that, and in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.metadata import registries
from seawall.portal.visit import RefusedError
from seawall.tiers import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.rows import Writer
    from seawall.portal.visit import Visit
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = ["save"]


async def save(visit: Visit, registry: Registry, change: Callable[[Registry], Registry]) -> Registry:
    """Change a registry; return it as it is then.

    Args:
        visit: Who asks.
        registry: As the page showed it.
        change: Describes it as it is to be; what it raises goes through.

    Raises:
        RefusedError: 404; it was deleted meanwhile.
        TierError: Its tier does not give that.
    """
    services = visit.services
    # Every write makes all other regions look what is new, so what is refused is not even begun.
    _changed(registry, change, services.tiers)
    saved = await services.database.write(_write, registry.name, change, services.tiers)
    if saved is None:
        raise RefusedError(404, "There is no registry {name}.", name=registry.name)
    return saved


def _write(writer: Writer, name: str, change: Callable[[Registry], Registry], tiers: TiersOf) -> Registry | None:
    # Read and written in one transaction, so that two changes at once do not undo each other.
    before = registries.find(writer.connection, name)
    if before is None:
        return None
    after = _changed(before, change, tiers)
    if after != before:
        registries.put(writer, after)
    return after


def _changed(before: Registry, change: Callable[[Registry], Registry], tiers: TiersOf) -> Registry:
    after = change(before)
    check(after, tiers, before)
    return after
