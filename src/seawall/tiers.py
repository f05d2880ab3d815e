"""What a registry's service tier gives it: features, how many of each thing, and how many requests a minute. Pure.

Source: Azure Container Registry documentation, "Service tiers" and "Service limits" (both of 2026). Whoever runs
registries for nobody but themselves may want no tiers: then every registry may have everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from seawall.topology import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.topology import Registry

__all__ = ["ANY_RATE", "UNLIMITED", "Limits", "Rate", "TierError", "Tiers", "TiersOf", "changed", "check", "limits_of"]

_GIB: Final = 1024**3
_TIB: Final = 1024**4


class TierError(ValueError):
    """A registry's tier does not give it something.

    Attributes:
        code: What Azure Resource Manager calls it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests a minute; ``None`` for any number.

    Attributes:
        registry: Of all clients of a registry in one region together.
        identity: Of one identity.
    """

    registry: int | None = None
    identity: int | None = None


ANY_RATE: Final = Rate()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a registry may have; ``None`` for as much as one likes.

    Attributes:
        data_endpoints: Whether it may have dedicated data endpoints.
        anonymous_pull: Whether anybody may be let pull.
        public_access_off: Whether it may be closed to all but private endpoints.
        included_octets: Octets that the tier includes; more are no fault.
        storage_octets: Octets of layers and manifests.
        replications: Replicas beside the one at home.
        ip_rules: Rules about where clients may come from: by range of addresses, or by service tag.
        private_endpoints: Private endpoints.
        webhooks: Webhooks.
        tokens: Tokens.
        scope_maps: Scope maps.
        reads: Requests that read.
        writes: Requests that write.
        deletes: Requests that delete.
        referrers: Requests for lists of referrers, each of which is a read as well.
        sign_ins: Requests for tokens.
    """

    data_endpoints: bool = True
    anonymous_pull: bool = True
    public_access_off: bool = True
    included_octets: int | None = None
    storage_octets: int | None = None
    replications: int | None = None
    ip_rules: int | None = None
    private_endpoints: int | None = None
    webhooks: int | None = None
    tokens: int | None = None
    scope_maps: int | None = None
    reads: Rate = ANY_RATE
    writes: Rate = ANY_RATE
    deletes: Rate = ANY_RATE
    referrers: Rate = ANY_RATE
    sign_ins: Rate = ANY_RATE


UNLIMITED: Final = Limits()

_BASIC: Final = Limits(
    data_endpoints=False,
    anonymous_pull=False,
    public_access_off=False,
    included_octets=10 * _GIB,
    storage_octets=40 * _TIB,
    replications=0,
    ip_rules=0,
    private_endpoints=0,
    webhooks=2,
    tokens=100,
    scope_maps=100,
    reads=Rate(10_000, 5_000),
    writes=Rate(2_000, 1_000),
    deletes=Rate(1_000, 500),
    referrers=Rate(500, 250),
    sign_ins=Rate(10_000),
)
_STANDARD: Final = replace(
    _BASIC, anonymous_pull=True, included_octets=100 * _GIB, webhooks=10, tokens=500, scope_maps=500
)
_PREMIUM: Final = Limits(
    included_octets=500 * _GIB,
    storage_octets=100 * _TIB,
    ip_rules=200,
    private_endpoints=200,
    webhooks=500,
    tokens=50_000,
    scope_maps=50_000,
    reads=Rate(20_000, 10_000),
    writes=Rate(4_000, 2_000),
    deletes=Rate(4_000, 2_000),
    referrers=Rate(2_000, 1_000),
    sign_ins=Rate(20_000),
)

TiersOf: TypeAlias = Mapping[Tier, Limits]
"""What each tier gives."""


class Tiers(StrEnum):
    """Whether tiers mean what they do with Azure, or nothing."""

    AZURE = "azure"
    UNLIMITED = "unlimited"


def limits_of(tiers: Tiers) -> TiersOf:
    """Return what each tier gives."""
    if tiers is Tiers.UNLIMITED:
        return dict.fromkeys(Tier, UNLIMITED)
    return {Tier.BASIC: _BASIC, Tier.STANDARD: _STANDARD, Tier.PREMIUM: _PREMIUM}


def changed(limits: Limits, values: Mapping[str, object]) -> Limits:
    """Change some of the limits.

    Args:
        limits: As they are.
        values: By name; a number, a pair of numbers (for a rate), a switch, or ``"none"`` for no limit.

    Raises:
        ValueError: There is no such limit, or it cannot be that.
    """
    known = {field.name: getattr(UNLIMITED, field.name) for field in fields(Limits)}
    new: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"there is no limit {name!r}; there are {', '.join(known)}")
        new[name] = _read(name, value, like=known[name])
    return replace(limits, **new)


def _read(name: str, value: object, *, like: object) -> object:
    if isinstance(like, bool):
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} must be true or false")
    if isinstance(like, Rate):
        if isinstance(value, list) and len(value) == 2:
            return Rate(*(_number(name, one) for one in value))
        raise ValueError(f"{name} must be two numbers: requests a minute of a registry, and of one identity")
    return _number(name, value)


def _number(name: str, value: object) -> int | None:
    if value == "none":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f'{name} must be a whole number from 0, or "none"')


def check(registry: Registry, tiers: TiersOf, before: Registry | None = None) -> None:
    """Refuse a registry that has what its tier does not give.

    The words before the colon are the service's own, as far as they are known: tools look for them.

    Args:
        registry: As it is to be.
        tiers: What each tier gives.
        before: As it was. What it had too much of already is no reason to refuse something else: two regions that
            change a registry at once may have made it so.

    Raises:
        TierError: With what it cannot have, and what to do.
    """
    known = {str(fault): excess for fault, excess in _faults(before, tiers)} if before is not None else {}
    for fault, excess in _faults(registry, tiers):
        if excess > known.get(str(fault), 0):
            raise fault


def _faults(registry: Registry, tiers: TiersOf) -> Iterator[tuple[TierError, int]]:
    """List what a registry has too much of, and by how much."""
    limits, tier = tiers[registry.tier], registry.tier
    replications, ranges = len(registry.replicas) - 1, registry.network.count
    private = len(registry.private_endpoints)
    rules = registry.network.rules_something
    closed = not registry.public_access
    switched = (
        (registry.data_endpoints and not limits.data_endpoints, "DataEndpointRule", "data endpoint rule is"),
        (replications and limits.replications == 0, "Replication", "replications are"),
        (rules and limits.ip_rules == 0, "NetworkRule", "network rules are"),
        (private and limits.private_endpoints == 0, "PrivateEndpointConnection", "private endpoints are"),
        (closed and not limits.public_access_off, "DisablingPublicNetworkAccess", "Disabling public network access is"),
        (registry.anonymous_pull and not limits.anonymous_pull, "AnonymousPull", "anonymous pull is"),
    )
    for wrong, code, feature in switched:
        if wrong:
            words = f"{feature} not supported for the SKU {tier}: do without, or choose Premium"
            yield TierError(f"{code}NotSupported", words), 1
    counted = (
        (replications, limits.replications, "replication"),
        (ranges, limits.ip_rules, "IP rule"),
        (private, limits.private_endpoints, "private endpoint connection"),
    )
    for number, most, feature in counted:
        if most is not None and number > most:
            yield _too_many(most, feature, tier), number - most


def check_quota(number: int, most: int | None, feature: str, tier: Tier) -> None:
    """Refuse more of something than a tier gives.

    Args:
        number: How many there would be.
        most: How many there may be.
        feature: What they are, such as ``webhook``.
        tier: The tier.

    Raises:
        TierError: With the number, in the service's words.
    """
    if most is not None and number > most:
        raise _too_many(most, feature, tier)


def _too_many(most: int, feature: str, tier: Tier) -> TierError:
    words = f"The requested feature {feature} exceeds allowed quota {most} for the SKU {tier}: remove some first"
    return TierError("QuotaExceeded", words)
