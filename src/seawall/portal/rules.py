"""The firewall rules of a registry of one's own, as ``seawall rules`` writes them for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.doors import LocalDoors
from seawall.firewall.need import HTTPS, Door, Need, NeedError, flows
from seawall.firewall.resolve import ResolveError, resolve_hosts
from seawall.firewall.rules import Way
from seawall.firewall.targets.advice import advised
from seawall.firewall.targets.contract import CannotExpressError, write
from seawall.firewall.targets.table import TargetUnknownError, find_target
from seawall.naming import Role
from seawall.portal.hosts import login_server, needs
from seawall.topology import Replica

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.doors import Doors
    from seawall.firewall.targets.contract import Target
    from seawall.naming import Cloud
    from seawall.topology import Registry

__all__ = ["WAYS", "Choice", "RulesError", "choose", "need_of", "text_of"]

WAYS: Final = (Way.NAME, Way.IP)
"""What hosts of a registry of one's own can be recognised by: they are in no service tag."""


class RulesError(ValueError):
    """There are no such rules. The message says why, and what to do instead."""


class Choice(NamedTuple):
    """Which firewall, in which of its formats, and what it recognises hosts by."""

    target: Target
    form: str
    way: Way

    @property
    def written(self) -> str:
        """How it is written; the usual format goes without saying."""
        usual = next(iter(self.target.formats))
        return self.target.name if self.form == usual else f"{self.target.name}:{self.form}"

    @property
    def file_name(self) -> str:
        """What a file with the rules is called, but for the registry."""
        return f"{self.target.name}{self.target.suffix.get(self.form, '.txt')}"


def choose(wanted: str, by: str) -> Choice:
    """Read a choice.

    Args:
        wanted: A target and perhaps a format, such as ``nsg:bicep``.
        by: What it is to recognise hosts by; the narrowest that it can when left out.

    Raises:
        RulesError: There is no such thing.
    """
    name, _, form = wanted.partition(":")
    try:
        target = find_target(name)
    except TargetUnknownError as error:
        raise RulesError(str(error)) from None
    if form and form not in target.formats:
        raise RulesError(f"{name} has no format {form[:40]!r}; there is {', '.join(target.formats)}")
    if by and by not in WAYS:
        raise RulesError(f"{by[:40]!r} is none of {', '.join(WAYS)}")
    able = [way for way in target.ability.ways if way in WAYS]
    return Choice(target, form or next(iter(target.formats)), Way(by) if by else (able or [Way.NAME])[0])


def need_of(cloud: Cloud, doors: Doors, registry: Registry, *, switching: bool) -> Need:
    """Describe what clients of a registry need.

    Args:
        cloud: The cloud it is in.
        doors: Under which authorities clients reach it.
        registry: The registry.
        switching: Whether dedicated data endpoints are about to be switched on.
    """
    if isinstance(doors, LocalDoors):
        # It has ports where others have names, and is no registry that a cloud would know.
        local = [
            _door(one.host, one.region)
            for one in needs(doors, registry)
            if one.now or (switching and one.role is Role.DATA)
        ]
        replicas = tuple(Replica(replica.region) for replica in registry.replicas)
        return Need(cloud=cloud, registry=cloud.domain, replicas=replicas, doors=tuple(local))
    port = login_server(doors, registry).partition(":")[2]
    return Need(
        cloud=cloud,
        registry=registry.name,
        replicas=registry.replicas,
        data_endpoints=registry.data_endpoints,
        switching=switching,
        port=int(port or HTTPS),
    )


def text_of(need: Need, choice: Choice) -> str:
    """Write the rules. This may look hosts up, so it blocks.

    Raises:
        RulesError: The firewall cannot express them, or a host has no address.
    """
    try:
        resolved = resolve_hosts(_exact(need)) if choice.way is Way.IP else None
        return write(choice.target, choice.form, advised(need, choice.target, choice.way, resolved=resolved))
    except (NeedError, CannotExpressError, ResolveError) as error:
        raise RulesError(str(error)) from None


def _exact(need: Need) -> Iterable[str]:
    return (flow.host for flow in flows(need) if not flow.is_pattern)


def _door(authority: str, region: str) -> Door:
    host, _, port = authority.partition(":")
    return Door(host, int(port or HTTPS), region)
