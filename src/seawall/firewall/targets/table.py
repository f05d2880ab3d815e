"""Every target by name. A target's module is read only when it is asked for: the command line must start at once."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seawall.firewall.targets.contract import Target

__all__ = ["TargetUnknownError", "all_targets", "find_target", "target_names"]

_MODULES: Final = {
    "documents": ("text", "json", "csv", "markdown", "html"),
    "nftables": ("nftables",),
    "ipset": ("ipset",),
    "dnsmasq": ("dnsmasq",),
    "squid": ("squid", "squid-splice"),
    "haproxy": ("haproxy",),
    "envoy": ("envoy",),
    "kubernetes": ("networkpolicy", "cilium", "calico", "calico-enterprise"),
    "clients": ("proxy-env", "docker", "containerd", "iotedge"),
    "paloalto": ("paloalto",),
    "fortios": ("fortios",),
    "cisco": ("asa", "ftd"),
    "opnsense": ("pfsense", "opnsense"),
    "checkpoint": ("checkpoint",),
    "windows": ("windows",),
    "routers": ("ios", "nxos", "arista", "juniper"),
    "azure_nsg": ("nsg",),
    "azure_firewall": ("azure-firewall",),
    "aws": ("aws-network-firewall", "aws-prefix-list"),
    "gcp": ("gcp",),
}
"""The targets of each module, whose ``TARGETS`` must have just these (a test compares)."""

_WHERE: Final = {name: module for module, names in _MODULES.items() for name in names}


class TargetUnknownError(LookupError):
    """There is no such target or format. The message says which there are."""


def target_names() -> tuple[str, ...]:
    """Name all targets, in the order of the table."""
    return tuple(_WHERE)


def find_target(name: str) -> Target:
    """Return a target.

    Raises:
        TargetUnknownError: There is none of that name.
    """
    module = _WHERE.get(name)
    if module is None:
        close = get_close_matches(name, _WHERE, n=3, cutoff=0.5)
        hint = f"is it {' or '.join(close)}?" if close else f"there are {', '.join(_WHERE)}"
        raise TargetUnknownError(f"there is no target {name!r}; {hint}")
    targets: Mapping[str, Target] = import_module(f"{__package__}.{module}").TARGETS
    return targets[name]


def all_targets() -> Iterator[Target]:
    """Yield every target, reading all their modules."""
    return map(find_target, _WHERE)
