"""The configuration file, checked as a whole before anything starts."""

from __future__ import annotations

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from seawall.naming import Cloud, NamingError, check_region
from seawall.network import Range, parse_range
from seawall.tiers import Tiers, TiersOf, changed, limits_of
from seawall.topology import Tier

__all__ = ["DoorSettings", "ReplicationSettings", "Settings", "SettingsError", "load_settings"]

_LimitsSettings: TypeAlias = dict[Literal["basic", "standard", "premium"], dict[str, Any]]


class SettingsError(ValueError):
    """The configuration cannot be used. The message names file, key, fault and remedy, a line for each fault."""


class _Strict(BaseModel):
    # A misspelt key must not be passed over in silence.
    model_config = ConfigDict(extra="forbid", frozen=True)


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
    if not colon or not host or not 0 < number < 65536:
        raise ValueError("write it as address:port, such as '0.0.0.0:443' or '[::]:443'")
    return value


def _beside_file(value: Path, info: ValidationInfo) -> Path:
    # Relative paths start at the configuration file, wherever the command is run.
    directory: Path = (info.context or {}).get("directory", Path())
    return directory / value


def _existing_file(value: Path, info: ValidationInfo) -> Path:
    value = _beside_file(value, info)
    if not value.is_file() or not os.access(value, os.R_OK):
        raise ValueError(f"{value} is not a file that can be read")
    return value


class DoorSettings(_Strict):
    """An address on which hosts are served, and the certificate it shows.

    Without a certificate Seawall's own authority issues one for every host.
    """

    listen: str
    certificate: Path | None = None
    key: Path | None = None

    _check_listen = field_validator("listen")(_address)
    _check_files = field_validator("certificate", "key")(_existing_file)


class OperationsSettings(_Strict):
    """Where health and metrics are read; plain HTTP, for a network of one's own."""

    listen: str = "127.0.0.1:9464"

    _check_listen = field_validator("listen")(_address)


class ProcessSettings(_Strict):
    """How many processes, and how long they take to stop."""

    workers: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=lambda: os.cpu_count() or 1)
    shutdown_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0


class LogSettings(_Strict):
    """Which requests are logged: all, only those that change something or fail, or none."""

    requests: Literal["all", "changes", "none"] = "all"


class UploadSettings(_Strict):
    """How long an upload may rest before it is cancelled."""

    expire_hours: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 168.0


class ReplicationSettings(_Strict):
    """How this region keeps in step with others.

    Attributes:
        lazy: Copy a layer only once somebody asks for it here.
        parallel: How many layers are copied at once.
        megabytes_per_second: How fast, in all; without a limit if left out.
        reachable: Whether other regions' nodes can come to this one; if not, it goes to them.
        authority: Certificates (PEM) that this node's certificate is issued by, where not every system trusts them.
        addresses: Where this region's hosts are, for the DNS records that 'seawall region dns' writes.
    """

    lazy: bool = False
    parallel: Annotated[int, Field(ge=1, le=64)] = 4
    megabytes_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    reachable: bool = True
    authority: Path | None = None
    addresses: tuple[str, ...] = ()

    _check_authority = field_validator("authority")(_existing_file)

    @field_validator("addresses")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_address(one)) for one in value)


class Settings(_Strict):
    """A node's configuration.

    Attributes:
        state: Directory for everything that is kept.
        region: The region this node serves.
        domain: Suffix of the login servers.
        storage_domain: Suffix behind ``<account>.blob.``; the domain by default.
        public_port: The port that clients use.
        metadata: SQLAlchemy URL of the metadata; the embedded database by default.
        sparse: Whether manifests may refer to content that is not here.
        tiers: Whether the tier of a registry decides what it may have, as with Azure, or all may have everything.
        limits: What a tier gives here, where that is not what it gives with Azure; by tier, in lower case.
        throttle: Whether requests are counted and refused beyond a tier's rates. They keep the tenants of one service
            apart; a registry of one's own needs them only if one says so.
        service_tags: Directory of weekly service-tag files, for rules by service tag and for the portal; by default
            that of 'seawall service-tags fetch' by the same user.
        trusted_proxies: Ranges of addresses whose word is taken for where their clients come from (X-Forwarded-For).
        door: Addresses and certificates.
    """

    state: Path
    region: str
    domain: str
    storage_domain: str | None = None
    public_port: Annotated[int, Field(gt=0, lt=65536)] = 443
    metadata: str | None = None
    sparse: bool = False
    tiers: Tiers = Tiers.AZURE
    limits: _LimitsSettings = {}
    throttle: bool = False
    service_tags: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    door: Annotated[tuple[DoorSettings, ...], Field(min_length=1)] = (DoorSettings(listen="0.0.0.0:443"),)
    operations: OperationsSettings = OperationsSettings()
    process: ProcessSettings = ProcessSettings()
    log: LogSettings = LogSettings()
    uploads: UploadSettings = UploadSettings()
    replication: ReplicationSettings = ReplicationSettings()

    @field_validator("state", "service_tags")
    @classmethod
    def _directories(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value if value is None else _beside_file(value, info)

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        return check_region(value)

    @field_validator("domain")
    @classmethod
    def _domain(cls, value: str) -> str:
        return Cloud.own(value).domain

    @field_validator("storage_domain")
    @classmethod
    def _storage_domain(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or "domain" not in info.data:
            return value
        return Cloud.own(info.data["domain"], value).storage

    @field_validator("metadata")
    @classmethod
    def _metadata(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql+psycopg://", "sqlite:////")):
            raise ValueError("write it as postgresql+psycopg://user@host/database or sqlite:////absolute/path")
        try:
            make_url(value or "sqlite://")
        except (ArgumentError, ValueError):
            # What it says is not repeated: it would be part of a password.
            raise ValueError("this is no URL; write '@', ':' and '/' in a password as %40, %3A and %2F") from None
        return value

    @field_validator("limits")
    @classmethod
    def _limits(cls, value: _LimitsSettings, info: ValidationInfo) -> _LimitsSettings:
        if "tiers" in info.data:
            _with_limits(info.data["tiers"], value)
        return value

    @field_validator("door")
    @classmethod
    def _pairs(cls, value: tuple[DoorSettings, ...]) -> tuple[DoorSettings, ...]:
        for number, door in enumerate(value):
            if (door.certificate is None) != (door.key is None):
                raise ValueError(f"door {number + 1} has one of certificate and key; give both, or neither")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(parse_range(one)) for one in value)

    @property
    def trusted_ranges(self) -> tuple[Range, ...]:
        """The proxies that are trusted."""
        return tuple(map(parse_range, self.trusted_proxies))

    @property
    def tiers_of(self) -> TiersOf:
        """What each tier gives here."""
        return _with_limits(self.tiers, self.limits)

    @property
    def cloud(self) -> Cloud:
        """The names this node serves."""
        return Cloud.own(self.domain, self.storage_domain)


def _with_limits(tiers: Tiers, values: _LimitsSettings) -> TiersOf:
    given = limits_of(tiers)
    named = {str(name): one for name, one in values.items()}
    return {tier: changed(given[tier], named.get(tier.value.lower(), {})) for tier in Tier}


def load_settings(path: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        SettingsError: With every fault there is.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from None
    try:
        return Settings.model_validate(values, context={"directory": path.absolute().parent})
    except (ValidationError, NamingError) as error:
        raise SettingsError("\n".join(_faults(path, error))) from None


def _faults(path: Path, error: ValidationError | NamingError) -> list[str]:
    if isinstance(error, NamingError):
        return [f"{path}: {error}"]
    # The input itself is left out: a metadata URL may hold a password.
    faults = {fault["loc"]: fault["msg"] for fault in error.errors(include_input=False, include_url=False)}
    # A list with a bad item is also told to be too short; the item says enough.
    parents = {loc[:depth] for loc in faults for depth in range(1, len(loc))}
    return [
        f"{path}: {_key(loc)}: {message.removeprefix('Value error, ')}"
        for loc, message in faults.items()
        if loc not in parents
    ]


def _key(loc: tuple[int | str, ...]) -> str:
    """Write where a fault is; people count from one."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc) or "file"
