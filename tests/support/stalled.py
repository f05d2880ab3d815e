"""Clients that open a connection and then take their time, watched from the side while other tests run."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.support import network

if TYPE_CHECKING:
    from tests.support.registry import Registry

WATCHED_SECONDS: Final = 100.0
DRIP_SECONDS: Final = 2.0
TICK_SECONDS: Final = 0.25


@dataclass
class Stalled:
    """One such client.

    Attributes:
        said: What it sends at once.
        drip: What it sends again and again after that.
        tls: Whether it gets as far as TLS.
        answer: What came back.
        seconds: How long it was tolerated, once that has ended.
    """

    said: str
    drip: bytes = b""
    tls: bool = True
    answer: bytes = b""
    seconds: float | None = None
    _done: threading.Event = field(default_factory=threading.Event)
    _given_up: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def watch(self, registry: Registry) -> None:
        self._thread = threading.Thread(target=self._run, args=(registry,))
        self._thread.start()

    def give_up(self) -> None:
        """Close the connection, if it is still open."""
        self._given_up.set()
        if self._thread is not None:
            self._thread.join()

    def tolerated(self) -> float:
        """Wait for the end; return how many seconds it took, or ``inf``."""
        self._done.wait(WATCHED_SECONDS)
        return self.seconds if self.seconds is not None else float("inf")

    def _run(self, registry: Registry) -> None:
        began = time.monotonic()
        server = registry.server
        opened = (
            network.raw_connection(server.ca_file, registry.host, server.port, WATCHED_SECONDS)
            if self.tls
            else network.plain_connection(server.port, WATCHED_SECONDS)
        )
        # Whatever ends it, closing or resetting the connection, ends it.
        with contextlib.suppress(OSError), opened as connection:
            connection.send(self.said)
            connection.stream.settimeout(TICK_SECONDS)
            next_drip = began
            while not self._given_up.is_set() and time.monotonic() - began < WATCHED_SECONDS:
                with contextlib.suppress(TimeoutError):
                    part = connection.stream.recv(4096)
                    if not part:
                        break
                    self.answer += part
                if self.drip and time.monotonic() > next_drip:
                    connection.send(self.drip)
                    next_drip = time.monotonic() + DRIP_SECONDS
            else:
                self._done.set()
                return
        self.seconds = time.monotonic() - began
        self._done.set()


def watch_all(registry: Registry) -> dict[str, Stalled]:
    """Let one client of each kind loose on a registry."""
    host = f"Host: {registry.authority}\r\n"
    bearer = f"Authorization: {registry.admin.bearer('repository:slow:*')['Authorization']}\r\n"
    length = "Content-Length: 1000\r\n\r\nabc"
    upload = registry.admin.begin("slow")
    clients = {
        "no TLS": Stalled("", tls=False),
        "no request": Stalled(""),
        "half a head": Stalled(f"GET /v2/ HTTP/1.1\r\n{host}"),
        "a head line by line": Stalled(f"GET /v2/ HTTP/1.1\r\n{host}", b"X: y\r\n"),
        "no second request": Stalled(f"GET /v2/ HTTP/1.1\r\n{host}\r\n"),
        "half a form": Stalled(f"POST /oauth2/token HTTP/1.1\r\n{host}{length}"),
        "a form byte by byte": Stalled(f"POST /oauth2/token HTTP/1.1\r\n{host}{length}", b"x"),
        "half a manifest": Stalled(f"PUT /v2/slow/manifests/x HTTP/1.1\r\n{host}{bearer}{length}"),
        "half a blob": Stalled(f"PATCH {upload} HTTP/1.1\r\n{host}{bearer}{length}"),
        "half a refused manifest": Stalled(f"PUT /v2/slow/manifests/x HTTP/1.1\r\n{host}{length}"),
        "a refused manifest byte by byte": Stalled(f"PUT /v2/slow/manifests/x HTTP/1.1\r\n{host}{length}", b"x"),
        "an unknown host byte by byte": Stalled(f"PUT /v2/slow/manifests/x HTTP/1.1\r\nHost: x\r\n{length}", b"x"),
    }
    for client in clients.values():
        client.watch(registry)
    return clients
