"""A node ready to be started: what both ways of running Seawall come down to."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from seawall.directories import default_service_tags
from seawall.identity.keyring import ensure_keys, lacks_keys
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.database import Database
from seawall.metadata.version import is_current
from seawall.rates import Uncounted
from seawall.servicetags.own_tags import Addresses
from seawall.tiers import Tiers, TiersOf, limits_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

    from seawall.doors import Doors
    from seawall.naming import Cloud
    from seawall.network import Range
    from seawall.rates import Rates
    from seawall.server.state import State

__all__ = ["Copying", "Listener", "Node", "StateError", "prepare"]


@dataclass(frozen=True, slots=True)
class Listener:
    """An address, and the certificate shown there."""

    address: str
    port: int
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Copying:
    """How blobs are copied from other regions.

    Attributes:
        lazy: Whether nothing is copied before somebody asks for it.
        parallel: How many blobs at once.
        octets_per_second: How many octets in all; ``None`` for no limit.
    """

    lazy: bool = False
    parallel: int = 4
    octets_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """Everything a worker process needs to know, and how its certificates are renewed when they near their end."""

    state: State
    region: str
    cloud: Cloud
    doors: Doors
    database_url: str
    listeners: tuple[Listener, ...]
    operations: tuple[str, int]
    workers: int
    shutdown_seconds: float = 30.0
    logged: Literal["all", "changes", "none"] = "all"
    sparse: bool = False
    expire_seconds: float = 7 * 24 * 3600.0
    copying: Copying = Copying()
    tiers: TiersOf = field(default_factory=lambda: limits_of(Tiers.AZURE))
    rates: Rates = field(default_factory=Uncounted)
    trusted_proxies: tuple[Range, ...] = ()
    addresses: tuple[str, ...] = ()
    service_tags: Path = field(default_factory=default_service_tags)
    since: int = field(default_factory=wall_milliseconds)
    renew_certificates: Callable[[], object] = lambda: None

    @property
    def here(self) -> Addresses:
        """What its configuration says of where its own region's hosts are."""
        return Addresses(self.region, self.addresses, self.since)


class StateError(ValueError):
    """What is kept cannot be used. The message says what and why."""


def _migrate(database_url: str, answer: Connection) -> None:
    from alembic.util import CommandError  # noqa: PLC0415 - see _migrate_apart()

    from seawall.metadata.migrate import migrate  # noqa: PLC0415

    # Errors of databases do not travel between processes; what they say does.
    fault = ""
    try:
        migrate(database_url)
    except SQLAlchemyError as error:
        fault = str(error.orig if isinstance(error, DBAPIError) else error)
    except CommandError as error:
        fault = str(error)
    answer.send(fault)


def _migrate_apart(state: State, database_url: str) -> None:
    """Migrate in a process of its own: what that needs is large, and not needed afterwards."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_migrate, args=(database_url, sender))
    process.start()
    sender.close()
    try:
        fault = receiver.recv()
    except EOFError:
        fault = "the process that was to bring its tables up to date ended"
    process.join()
    if fault:
        raise StateError(f"the database of {state.root} cannot be used: {fault}")


def prepare(state: State, database_url: str, region: str) -> Database:
    """Make the state directory, the tables and the first keys; the caller closes the database.

    Raises:
        StateError: The database does not answer, is damaged, or belongs to a newer Seawall.
        OSError: The directory cannot be made or written.
    """
    state.ensure()
    if not is_current(database_url):
        _migrate_apart(state, database_url)
    database = Database(database_url, region)
    # Every command comes by here, and a write would make every other region look what is new.
    if database.read_now(lacks_keys):
        database.write_now(ensure_keys)
    return database
