"""Every host name there is, and the one parser that reads them back.

The server *serves* these names and the firewall half *opens* them; nothing else in Seawall may build or take apart
a host name, so the two halves cannot disagree. Pure: no input, no output, no clock, no randomness.

Grammar, for a cloud with login suffix ``D`` and storage suffix ``S`` (all on TCP 443)::

    apex      D                               the certificate's base name
    login     <registry>.D                    sign-in, manifests, uploads
    regional  <registry>.<region>.geo.D       the login server of one replica
    node      <region>.geo.D                  what other regions replicate from; clients have no business there
    operators arm.D                           where registries are managed; no registry's name is that short
    data      <registry>.<region>.data.D      dedicated data endpoint of one replica
    blob      <account>.blob.S                shared storage

Source of the forms: the Azure Container Registry documentation on firewall rules, dedicated data endpoints and
regional endpoints.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "CHINA",
    "CLOUDS",
    "PUBLIC",
    "US_GOVERNMENT",
    "Cloud",
    "Host",
    "NamingError",
    "Role",
    "account_name",
    "check_account",
    "check_region",
    "check_registry",
    "check_repository",
    "lies_within",
    "normalise",
]

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# 5 to 50 letters and digits; newer Azure registries add "-" and a hash to the login label.
_REGISTRY: Final = re.compile(r"[a-z0-9]{5,50}(?:-[a-z0-9]{1,12})?")
_REGION: Final = re.compile(r"[a-z][a-z0-9]{1,39}")
_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
# OCI distribution specification, "Pulling manifests": the grammar of <name>.
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_REPOSITORY_LENGTH: Final = 255
_OPERATORS: Final = "arm"
_HOST_LENGTH: Final = 253
# What the longest registry, the longest region and ".data." leave of a host name.
_SUFFIX_LENGTH: Final = _HOST_LENGTH - 63 - 1 - 40 - len(".data.")


class NamingError(ValueError):
    """A name breaks a rule. The message says which name, which rule, and what would be right."""


class Role(StrEnum):
    """What a client does at a host."""

    APEX = "apex"
    LOGIN = "login"
    REGIONAL = "regional"
    DATA = "data"
    BLOB = "blob"
    NODE = "node"
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Host:
    """A host name, understood.

    Attributes:
        role: What the host is for.
        registry: The registry's login label; empty for the apex and for shared storage.
        region: The region; only for ``data``, ``regional`` and ``node``.
        account: The storage account; only for ``blob``.
    """

    role: Role
    registry: str = ""
    region: str = ""
    account: str = ""


def normalise(host: str) -> str:
    """Lower-case a host name and drop one trailing dot.

    Raises:
        NamingError: If it is not a host name (RFC 952, RFC 1123: letters, digits and hyphens, 1-63 octets a label,
            at most 253 in all). An address, a port, a wildcard or a URL is refused.
    """
    name = host.removesuffix(".")
    # str.lower() maps a few letters outside ASCII into it (the Kelvin sign becomes "k"): refuse first.
    if not name.isascii():
        raise NamingError(f"{host!r} is not a host name: use its ASCII form (punycode)")
    name = name.lower()
    if not name or len(name) > _HOST_LENGTH:
        raise NamingError(f"{host[:80]!r} is not a host name: it must have 1 to {_HOST_LENGTH} characters")
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise NamingError(
                f"{host!r} is not a host name: the label {label!r} must be 1 to 63 letters, digits or inner hyphens"
            )
    if labels[-1].isdigit():
        raise NamingError(f"{host!r} is an address, not a host name")
    return name


def check_registry(name: str) -> str:
    """Return a registry's name, or raise :class:`NamingError` saying what a name looks like."""
    if not _REGISTRY.fullmatch(name):
        raise NamingError(f"registry name {name!r} must be 5 to 50 lower-case letters and digits")
    return name


def check_region(name: str) -> str:
    """Return a region's name, or raise :class:`NamingError`; the spelling is Azure's (``eastus``, not ``East US``)."""
    if not _REGION.fullmatch(name):
        raise NamingError(f"region {name!r} must be 2 to 40 lower-case letters and digits, such as 'eastus'")
    return name


def check_repository(name: str) -> str:
    """Return a repository's name, or raise :class:`NamingError` (OCI distribution specification, grammar of name)."""
    if len(name) > _REPOSITORY_LENGTH or not _REPOSITORY.fullmatch(name):
        raise NamingError(
            f"repository name {name[:80]!r} must be lower-case letters and digits, parted by single '.', '_', '__', "
            f"'-' or '/', at most {_REPOSITORY_LENGTH} characters"
        )
    return name


def check_account(name: str) -> str:
    """Return a storage account's name, or raise :class:`NamingError` saying what a name looks like."""
    if not _ACCOUNT.fullmatch(name):
        raise NamingError(f"storage account {name!r} must be 3 to 24 lower-case letters and digits")
    return name


def account_name(entropy: bytes) -> str:
    """Name a storage account that nobody can guess.

    Args:
        entropy: At least 14 random bytes. The caller draws them, since this module does nothing impure.

    Returns:
        24 characters, the most that Azure allows: 110 unpredictable bits behind the letters ``sw``.
    """
    if len(entropy) < 14:
        raise ValueError("an account name needs at least 14 random bytes")
    return "sw" + base64.b32encode(entropy).decode("ascii").lower()[:22]


def lies_within(host: str, domain: str) -> bool:
    """Say whether a host is a domain's own or any below it; both in lower case."""
    return f".{host}".endswith(f".{domain}")


@dataclass(frozen=True, slots=True)
class Cloud:
    """A set of suffixes.

    Attributes:
        name: What people call it.
        domain: Suffix of login servers and dedicated data endpoints, and the apex itself.
        storage: Suffix behind ``<account>.blob.``.
    """

    name: str
    domain: str
    storage: str

    def __post_init__(self) -> None:
        """Refuse suffixes that are not host names, are too long, or would give one name two meanings."""
        for suffix in (self.domain, self.storage):
            if normalise(suffix) != suffix:
                raise NamingError(f"write the suffix {suffix!r} in lower case and without a trailing dot")
            if len(suffix) > _SUFFIX_LENGTH:
                raise NamingError(f"the suffix {suffix[:40]!r}... must not be longer than {_SUFFIX_LENGTH} characters")
        ambiguous = {f"data.{self.domain}", f"geo.{self.domain}"}
        if self.storage in ambiguous or f".{self.domain}".endswith(f".blob.{self.storage}"):
            raise NamingError(
                f"under {self.domain!r} and {self.storage!r} one name would mean a registry's host and a storage "
                "account's; choose another storage suffix"
            )

    @classmethod
    def own(cls, domain: str, storage: str | None = None) -> Cloud:
        """Describe a cloud of one's own, everything under one domain unless storage has another."""
        suffix = normalise(domain)
        return cls(name=suffix, domain=suffix, storage=normalise(storage) if storage else suffix)

    @property
    def apex(self) -> str:
        """The bare login suffix."""
        return self.domain

    @property
    def blob_wildcard(self) -> str:
        """The only rule by name that fits shared storage: every account there is."""
        return f"*.blob.{self.storage}"

    def login(self, registry: str) -> str:
        """Name a registry's login server."""
        return f"{check_registry(registry)}.{self.domain}"

    def regional(self, registry: str, region: str) -> str:
        """Name the login server of one replica."""
        return f"{check_registry(registry)}.{check_region(region)}.geo.{self.domain}"

    def node(self, region: str) -> str:
        """Name the node of a region, for the nodes of other regions."""
        return f"{check_region(region)}.geo.{self.domain}"

    def data(self, registry: str, region: str) -> str:
        """Name the dedicated data endpoint of one replica."""
        return f"{check_registry(registry)}.{check_region(region)}.data.{self.domain}"

    def blob(self, account: str) -> str:
        """Name the shared storage endpoint of one account."""
        return f"{check_account(account)}.blob.{self.storage}"

    @property
    def private_zone(self) -> str:
        """The DNS zone that leads clients in a private network to private endpoints."""
        return f"privatelink.{self.domain}"

    def private(self, name: str) -> str:
        """Name what one of this cloud's hosts is called in the private zone."""
        return f"{name.removesuffix(f'.{self.domain}')}.{self.private_zone}"

    def host(self, host: Host) -> str:
        """Write a :class:`Host` as a name; the inverse of :meth:`parse`."""
        match host.role:
            case Role.APEX:
                return self.apex
            case Role.LOGIN:
                return self.login(host.registry)
            case Role.REGIONAL:
                return self.regional(host.registry, host.region)
            case Role.DATA:
                return self.data(host.registry, host.region)
            case Role.BLOB:
                return self.blob(host.account)
            case Role.NODE:
                return self.node(host.region)
            case Role.OPERATORS:
                return f"{_OPERATORS}.{self.domain}"

    def parse(self, name: str) -> Host:
        """Read a host name of this cloud back into its parts.

        Raises:
            NamingError: If it is not a host name, or none of this cloud's.
        """
        host = normalise(name)
        if host == self.domain:
            return Host(Role.APEX)
        account = host.removesuffix(f".blob.{self.storage}")
        if account != host and _ACCOUNT.fullmatch(account):
            return Host(Role.BLOB, account=account)
        labels = host.removesuffix(f".{self.domain}").split(".") if host.endswith(f".{self.domain}") else []
        match labels:
            case [registry] if _REGISTRY.fullmatch(registry):
                return Host(Role.LOGIN, registry=registry)
            case [label] if label == _OPERATORS:
                return Host(Role.OPERATORS)
            case [region, "geo"] if _REGION.fullmatch(region):
                return Host(Role.NODE, region=region)
            case [registry, region, kind] if _REGISTRY.fullmatch(registry) and _REGION.fullmatch(region):
                if kind == "data":
                    return Host(Role.DATA, registry=registry, region=region)
                if kind == "geo":
                    return Host(Role.REGIONAL, registry=registry, region=region)
        raise NamingError(f"{host!r} is no host of the cloud {self.name}")


PUBLIC: Final = Cloud("Public", "azurecr.io", "core.windows.net")
CHINA: Final = Cloud("China", "azurecr.cn", "core.chinacloudapi.cn")
US_GOVERNMENT: Final = Cloud("US Government", "azurecr.us", "core.usgovcloudapi.net")

CLOUDS: Final = {"public": PUBLIC, "china": CHINA, "usgov": US_GOVERNMENT}
"""The clouds that have a short name, by that name."""
