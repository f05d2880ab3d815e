"""How much the properties are tried: enough to find faults, little enough to run before every commit."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No deadline: other work on the machine must not fail a test. Slow beginnings (keys, directories) are no fault either.
settings.register_profile("unit", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")
