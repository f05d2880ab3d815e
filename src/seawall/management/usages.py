"""How much of what its tier gives a registry uses: ``…/registries/{name}/listUsages``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.management.call import listed
from seawall.metadata import principals, scope_maps, webhooks

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.management.call import Call

__all__ = ["answer"]


async def answer(call: Call) -> Response:
    """Answer a request."""
    if call.question != ("GET", ()):
        raise call.no_such_path()
    database, registry = call.services.database, call.registry
    limits = call.services.limits(registry.tier)
    tokens = await database.cached(principals.count_tokens, registry.name)
    maps = await database.cached(scope_maps.list_all, registry.name)
    hooks = await database.cached(webhooks.of, registry.name)
    octets = await call.services.sizes.of(registry.name)
    return listed(
        [
            _usage("Size", octets, limits.included_octets, "Bytes"),
            _usage("Webhooks", len(hooks), limits.webhooks),
            _usage("Geo-replications", len(registry.replicas) - 1, limits.replications),
            _usage("IPRules", registry.network.count, limits.ip_rules),
            # There are no virtual networks here to have rules about.
            _usage("VNetRules", 0, 0),
            _usage("PrivateEndpointConnections", len(registry.private_endpoints), limits.private_endpoints),
            _usage("ScopeMaps", len(maps), limits.scope_maps),
            _usage("Tokens", tokens, limits.tokens),
        ]
    )


def _usage(name: str, current: int, limit: int | None, unit: str = "Count") -> dict[str, Any]:
    return {"name": name, "limit": -1 if limit is None else limit, "currentValue": current, "unit": unit}
