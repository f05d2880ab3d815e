"""A worker process: one event loop that answers at every door."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import resource
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import uvloop
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server
from sqlalchemy.exc import SQLAlchemyError

from seawall.acr.api import AcrApi
from seawall.blobs.directory import DirectoryBlobs
from seawall.dataplane.door import DataDoor
from seawall.feeds.door import FeedDoor
from seawall.identity.gate import Gate
from seawall.identity.service import TokenService
from seawall.importing.importer import Importer
from seawall.management.api import ManagementApi
from seawall.metadata.database import Database
from seawall.portal.portal import Portal
from seawall.registry.api import RegistryApi
from seawall.registry.call import Services
from seawall.registry.quota import StorageQuota
from seawall.replication.door import ReplicationDoor
from seawall.replication.http_peer import bulk_client_for
from seawall.replication.membership import Membership
from seawall.replication.neighbourhood import Neighbourhood
from seawall.replication.reading import ReadThrough
from seawall.server.application import Application
from seawall.server.lookout import Lookout
from seawall.server.observer import Observer
from seawall.server.operations import Health, Operations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp

    from seawall.server.node import Node

__all__ = ["run_worker"]

_EXPIRY_SECONDS: Final = 600
_FILE_THREADS: Final = 16
_OPENING_SECONDS: Final = 0.1
_BACKLOG: Final = 1024
_CONNECTIONS: Final = 16_384
"""Open connections at a door of one worker; the next ones wait."""
_HEAD_MILLISECONDS: Final = 30_000
"""How long a client may take to send a request's head."""


def run_worker(node: Node, listening: Callable[[], None]) -> None:
    """Serve until told to stop (SIGTERM), to retire (SIGUSR1: another takes over), or left alone.

    Then what is in flight is finished, within the node's time for stopping, or at leisure by one that retires.

    Args:
        node: What to serve.
        listening: Called once every door is open.
    """
    uvloop.run(_serve(node, listening))


async def _serve(node: Node, listening: Callable[[], None]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    database = Database(node.database_url, node.region)
    store = DirectoryBlobs(node.state.root)
    observer = Observer(node.logged)
    gate = Gate(database)
    neighbourhood = Neighbourhood(database, connect_bulk=bulk_client_for)
    elsewhere = ReadThrough(database, store, neighbourhood)
    lookout = Lookout(database)
    quota = StorageQuota(database, node.tiers)
    services = Services(database, store, node.doors, node.region, elsewhere, node.sparse, lookout, node.rates, quota)
    replication = ReplicationDoor(database, store, Membership(database))
    health = Health(database, store)
    application = Application(
        region=node.region,
        doors=node.doors,
        database=database,
        api=RegistryApi(services, gate),
        acr=AcrApi(services, gate),
        tokens=TokenService(database, gate, node.rates),
        data=DataDoor(database, store, elsewhere, lookout),
        replication=replication,
        management=ManagementApi(node.cloud, node.doors, database, node.tiers, Importer(services)),
        portal=Portal(node.cloud, node.doors, database, node.here, node.tiers, node.service_tags),
        health=health,
        observer=observer,
        feeds=FeedDoor(node.cloud, node.doors, database, node.here),
        watch=lookout,
        trusted=node.trusted_proxies,
    )
    servers = [
        _server(application, listener.address, listener.port, listener.certificate, listener.key)
        for listener in node.listeners
    ]
    servers.append(_server(Operations(health), *node.operations))
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="files"))
    stop = asyncio.Event()
    retire = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, retire.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A worker whose supervisor was killed must not go on holding the ports.
        loop.add_reader(parent.sentinel, stop.set)
    serving = [asyncio.create_task(server.serve()) for server in servers]
    expiring = asyncio.create_task(_expire(store, node.expire_seconds, observer))
    watching = asyncio.create_task(lookout.run(observer))
    # The servers open their sockets in threads and do not say when; those that cannot end at once.
    await asyncio.wait(serving, timeout=_OPENING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if not any(task.done() for task in serving):
        listening()
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, asyncio.create_task(retire.wait()), *serving], return_when=asyncio.FIRST_COMPLETED)
    replication.close()
    for server in servers:
        server.stop()  # type: ignore[no-untyped-call]
    expiring.cancel()
    served = asyncio.gather(*serving)
    either: list[asyncio.Future[Any]] = [stopping, served]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(node.shutdown_seconds):
            await served
    watching.cancel()
    with contextlib.suppress(SQLAlchemyError):
        await lookout.write()
    await neighbourhood.close()
    database.close()


def _server(
    application: ASGIApp, address: str, port: int, certificate: Path | None = None, key: Path | None = None
) -> Server:
    # HTTP/1.1 only: over HTTP/2 uploads arrive in frames of 16 KiB and take several times as long.
    return Server(
        application,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEAD_MILLISECONDS),
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS,
        log_enabled=False,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
    )


async def _expire(store: DirectoryBlobs, idle_seconds: float, observer: Observer) -> None:
    while True:
        try:
            await asyncio.to_thread(store.expire, idle_seconds)
        except OSError as error:
            observer.failure(error, "expiry of uploads")
        await asyncio.sleep(_EXPIRY_SECONDS)
