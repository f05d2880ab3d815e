"""Network namespaces, and the cables between them."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS: Final = 5
CLONE_NEWNET: Final = 0x40000000

_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skip where a namespace cannot be made, or a program is not installed."""
    missing = [tool for tool in ("unshare", "ip", *tools) if shutil.which(tool) is None]
    if missing:
        return pytest.mark.skip(reason=f"not installed: {', '.join(missing)}")
    made = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    return pytest.mark.skipif(made.returncode != 0, reason="may not make network namespaces; that takes root")


def _call(function: str, *arguments: int) -> None:
    if getattr(_LIBC, function)(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Net:
    """A network namespace, with its loopback up."""

    def __init__(self) -> None:
        before = _here()
        try:
            _call("unshare", CLONE_NEWNET)
            self.handle = _here()
        finally:
            _call("setns", before, CLONE_NEWNET)
            os.close(before)
        self.run("ip", "link", "set", "lo", "up")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be in the namespace: sockets and processes that are made here stay in it."""
        before = _here()
        _call("setns", self.handle, CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", before, CLONE_NEWNET)
            os.close(before)

    def tries(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        with self.inside():
            return subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=2 * SECONDS, check=False
            )

    def run(self, *command: str, stdin: str = "") -> str:
        done = self.tries(*command, stdin=stdin)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        assert not done.stderr, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def owns(self, *addresses: str) -> None:
        lines = [f"address add {one} dev lo{' nodad' if ':' in one else ''}" for one in addresses]
        self.run("ip", "-batch", "-", stdin="\n".join(lines))

    @contextmanager
    def daemon(self, *command: str, port: int, address: str = "127.0.0.1") -> Iterator[subprocess.Popen[bytes]]:
        """Run a server until the block ends; it is ready when it listens."""
        with self.inside():
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + SECONDS
            while not self.connects(address, port):
                assert server.poll() is None, f"{command[0]} ended with {server.returncode}"
                assert time.monotonic() < deadline, f"{command[0]} does not listen"
                time.sleep(0.02)
            yield server
        finally:
            # Nothing is to be kept, and some take seconds to end in good order.
            server.kill()
            server.wait()

    def connect(self, address: str, port: int) -> socket.socket:
        with self.inside():
            return socket.create_connection((address, port), SECONDS)

    def connects(self, address: str, port: int) -> bool:
        """Say whether a connection comes about; a wall that refuses says so at once, so silence is a fault."""
        try:
            self.connect(address, port).close()
        except ConnectionRefusedError:
            return False
        return True

    def exchange(self, address: str, port: int, request: bytes) -> bytes:
        """Say something and return all that is answered until the other side ends it."""
        answer = b""
        with self.connect(address, port) as talk, suppress(ConnectionResetError):
            talk.sendall(request)
            while part := talk.recv(65536):
                answer += part
        return answer


def link(near: Net, far: Net, number: int = 99) -> None:
    """Join two namespaces by a cable; the far end leads to everywhere."""
    peer = f"/proc/{os.getpid()}/fd/{far.handle}"
    mac = "02:00:00:00:00:0{}".format
    ends = ("address", mac(1), "type", "veth", "peer", "name", f"down{number}", "address", mac(2), "netns", peer)
    near.run("ip", "link", "add", f"up{number}", *ends)
    for net, device, mine, other in ((near, f"up{number}", 1, 2), (far, f"down{number}", 2, 1)):
        net.run("ip", "address", "add", f"10.{number}.0.{mine}/24", "dev", device)
        net.run("ip", "address", "add", f"fd{number}::{mine}/64", "dev", device, "nodad")
        net.run("ip", "link", "set", device, "up")
        # Asking for the other's address on a link that is just up takes a second.
        net.run("ip", "neighbour", "add", f"fd{number}::{other}", "lladdr", mac(other), "dev", device)
    near.run("ip", "route", "add", "default", "via", f"10.{number}.0.2")
    near.run("ip", "-6", "route", "add", "default", "via", f"fd{number}::2")


@contextmanager
def two_nets(*addresses: str) -> Iterator[tuple[Net, Net]]:
    """A namespace for clients, and the world beyond its wall, which has these addresses."""
    with Net() as client, Net() as world:
        link(client, world)
        world.owns(*addresses)
        yield client, world
