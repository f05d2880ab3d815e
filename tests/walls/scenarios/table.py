"""Every scenario there is, in the order in which they are played."""

from __future__ import annotations

from typing import Final

from tests.walls.scenarios import (
    addresses,
    closed,
    families,
    lookups,
    microsoft,
    private,
    proxies,
    registries,
    switch,
    trust,
)

SCENARIOS: Final = (
    *closed.SCENARIOS,
    *switch.SCENARIOS,
    *addresses.SCENARIOS,
    *proxies.SCENARIOS,
    *trust.SCENARIOS,
    *families.SCENARIOS,
    *private.SCENARIOS,
    *registries.SCENARIOS,
    *microsoft.SCENARIOS,
    *lookups.SCENARIOS,
)
