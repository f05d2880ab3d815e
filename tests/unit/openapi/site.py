"""A whole node in this process, which can be put back to how it was at first."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from seawall.acr.api import AcrApi
from seawall.blobs.directory import DirectoryBlobs
from seawall.dataplane.door import DataDoor
from seawall.doors import DomainDoors
from seawall.elsewhere import Nowhere
from seawall.identity.gate import Gate
from seawall.identity.operators import create_operator
from seawall.identity.service import TokenService
from seawall.identity.sign_in import PREFIX
from seawall.management.account import Account
from seawall.management.api import ManagementApi
from seawall.metadata.database import Database
from seawall.metadata.own import SETTINGS_VERSION
from seawall.naming import Cloud
from seawall.registry.api import RegistryApi
from seawall.registry.call import Services
from seawall.replication.door import ReplicationDoor
from seawall.replication.membership import Membership
from seawall.server.application import Application
from seawall.server.observer import Observer
from seawall.server.operations import Health
from seawall.tiers import Tiers, limits_of
from tests.unit.openapi import contents

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from seawall.importing.contract import Order
    from seawall.importing.importer import Importer
    from seawall.portal.portal import Portal

CLOUD: Final = Cloud.own("registry.example")
ORIGIN: Final = "https://arm.registry.example"
LOGIN: Final = f"https://{contents.REGISTRY.name}.registry.example"
ACCOUNT: Final = Account(ORIGIN, CLOUD, PREFIX)


class _Importer:
    """Imports nothing: what is asked for at random leads anywhere."""

    async def run(self, _order: Order) -> None:
        """Be done with it."""


class _NoPortal:
    """Serves nothing: programs do not ask for pages."""

    def serves(self, _request: Request) -> bool:
        return False


class Site:
    """A node as an ASGI application.

    Attributes:
        operator: The ``Authorization`` header of an operator.
        admin: The same of a registry's admin user.
        database: What is kept.
    """

    def __init__(self, folder: Path, empty: Path) -> None:
        """Fill a copy of an empty, migrated database."""
        first, file = folder / "first.db", folder / "seawall.db"
        self._store = DirectoryBlobs(folder)
        shutil.copy(empty, first)
        database = Database(f"sqlite:///{first}", contents.REGION)
        password = contents.fill(database, self._store)
        name, secret = database.write_now(create_operator)
        database.close()
        shutil.copy(first, file)
        self._first, self._file = (sqlite3.connect(one, isolation_level=None) for one in (first, file))
        self._file.execute("PRAGMA synchronous=OFF")
        self._restored = 0
        self._open(f"sqlite:///{file}")
        self.admin = f"Basic {base64.b64encode(f'{contents.REGISTRY.name}:{password}'.encode()).decode()}"
        self.operator = f"Bearer {self._sign_in(name, secret)}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._application(scope, receive, send)

    def send(self, method: str, url: str, **how: Any) -> httpx.Response:  # noqa: ANN401 - as httpx has it
        """Send a request, as nobody in particular."""

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self)) as client:
                return await client.request(method, url, **how)

        return asyncio.run(ask())

    def restore(self) -> None:
        """Put everything back to how it was at first."""
        self._settle()
        self._first.backup(self._file)
        # What is remembered is kept apart by this number, which must never be one that it was before.
        self._restored += 1
        self._file.execute(f"UPDATE {SETTINGS_VERSION.name} SET version = ?", (self._restored * 1_000_000,))

    def close(self) -> None:
        """Let go of what is open."""
        self._settle()
        self.database.close()
        self._first.close()
        self._file.close()

    def _settle(self) -> None:
        """Wait for what was begun: it notes how it ended."""
        while self._management._services.jobs._running:
            time.sleep(0.001)

    def _open(self, url: str) -> None:
        database = self.database = Database(url, contents.REGION)
        doors, gate, tiers = DomainDoors(CLOUD), Gate(database), limits_of(Tiers.AZURE)
        services = Services(database, self._store, doors, contents.REGION)
        importer = cast("Importer", _Importer())
        self._management = ManagementApi(CLOUD, doors, database, tiers, importer)
        self._application = Application(
            region=contents.REGION,
            doors=doors,
            database=database,
            api=RegistryApi(services, gate),
            acr=AcrApi(services, gate),
            tokens=TokenService(database, gate),
            data=DataDoor(database, self._store, Nowhere()),
            replication=ReplicationDoor(database, self._store, Membership(database)),
            management=self._management,
            portal=cast("Portal", _NoPortal()),
            health=Health(database, self._store),
            observer=Observer("none"),
        )

    def _sign_in(self, name: str, secret: str) -> str:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, "resource": ORIGIN}
        token: str = self.send("POST", f"{ORIGIN}{PREFIX}/oauth2/token", data=form).json()["access_token"]
        return token
