"""What rules are planned for, when somebody checks a registry: all of it is said, or in the registry's name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seawall.check.addresses import is_address
from seawall.check.services import is_mcr, is_public
from seawall.cli.need import Options, need_of
from seawall.cli.output import fail
from seawall.firewall.need import Need, NeedError
from seawall.naming import CLOUDS, Cloud, NamingError, Role, lies_within
from seawall.neighbours import neighbours

if TYPE_CHECKING:
    from seawall.check.reference import Reference

__all__ = ["planned_need"]


def planned_need(reference: Reference, options: Options, *, before_switch: bool) -> Need | None:
    """Work out what is planned for; ``None`` where nobody knows which hosts a registry has.

    Args:
        reference: The registry.
        options: What was said of it.
        before_switch: Whether dedicated data endpoints are about to be switched on.
    """
    home = next((one for one in CLOUDS.values() if lies_within(reference.host, one.domain)), None)
    if before_switch and (home is None and (is_public(reference.host) or _has_no_domain(reference.host))):
        fail(f"--before-switch is for registries of Azure and of Seawall with a domain; {reference.host} is neither")
    if is_mcr(reference.host):
        return Need(cloud=_cloud_of_mcr(reference.host), mcr=True, revocation=options.revocation)
    if home is not None:
        there = replace(options, name=_login(reference.host, home), cloud=home.domain)
        return _described(reference, there, before_switch=before_switch)
    said = (options.regions, options.sources, options.cloud, options.data_endpoints is not None, options.private_link)
    if not any(said) and not before_switch:
        # It may be anybody's: which other hosts it has, only a pull tells.
        return None
    return _described(reference, replace(options, name=reference.host), before_switch=before_switch)


def _described(reference: Reference, options: Options, *, before_switch: bool) -> Need:
    need = need_of(options)
    if before_switch and need.dedicated:
        fail("dedicated data endpoints are on already; leave --before-switch out")
    try:
        # Without regions, the registry is asked for them.
        return replace(need, port=reference.port, switching=before_switch and bool(need.replicas))
    except NeedError as error:
        fail(str(error))


def _has_no_domain(host: str) -> bool:
    return is_address(host) or "." not in host or host.endswith(".localhost")


def _cloud_of_mcr(host: str) -> Cloud:
    return next(one for one in CLOUDS.values() if (beside := neighbours(one)) is not None and beside.mcr == host)


def _login(name: str, cloud: Cloud) -> str:
    """Return the login server of a registry that was named by it, or by one of its regional ones."""
    try:
        host = cloud.parse(name)
    except NamingError as error:
        fail(str(error))
    if host.role not in {Role.LOGIN, Role.REGIONAL}:
        fail(f"{name} is no login server; a check begins there")
    return cloud.login(host.registry)
