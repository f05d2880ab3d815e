"""The real command, stopped by Ctrl-C wherever it stands, and left alone with a network that never answers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.check.registry import LAYER, Registry
from tests.check.world import AUTHORITY, PASSWORD, USER, Reply, Request, Talk, World
from tests.support.nets import Net, needs

if TYPE_CHECKING:
    from collections.abc import Iterator

SEAWALL: Final = str(Path(sys.executable).with_name("seawall"))
NEVER: Final = "20.66.66.66"
QUICKLY: Final = 2.0


def environment(home: Path) -> dict[str, str]:
    """One that knows of nobody who is signed in, and of no proxy."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {"HOME": str(home), "SEAWALL_PASSWORD": PASSWORD, "XDG_RUNTIME_DIR": str(home)}


def has_stopped(status: int | None, out: bytes, error: bytes, seconds: float) -> None:
    """Fail unless the command ended at once, with one line."""
    assert status == 130, (out, error)
    assert error.decode().splitlines() == ["seawall: stopped before the end"]
    assert not out
    assert seconds < QUICKLY


async def silent(_: Request, talk: Talk) -> None:
    await talk.silence()


async def dripping(_: Request, talk: Talk) -> None:
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LAYER))
    await talk.drip(LAYER)


PHASES: Final = ("hello", "GET /v2/$", "GET /token", "GET /v2/app/manifests/", "GET /v2/app/blobs/sha", "POST /v2/app/")


@pytest.mark.parametrize("phase", PHASES)
def test_stopped_while_a_server_keeps_it_waiting(phase: str, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(AUTHORITY.pem)

    async def whole() -> None:
        async with World() as world:
            there = asyncio.Event()
            registry = Registry()

            async def hold(request: Request, talk: Talk) -> None:
                there.set()
                await (dripping if "blobs/sha" in phase else silent)(request, talk)

            async def hello(talk: Talk) -> None:
                there.set()
                await talk.silence()

            registry.odd[phase] = hold
            if phase == "hello":
                site = await world.raw("127.0.0.2", hello, address="127.0.0.2")
            else:
                site = await world.site("127.0.0.2", registry, address="127.0.0.2")
            registry.realm = f"https://{site.authority}/token"
            words = ("check", f"{site.authority}/app:1", "--push", "-u", USER, "--ca", str(tmp_path / "ca.crt"))
            process = await asyncio.create_subprocess_exec(
                SEAWALL, *words, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            try:
                async with asyncio.timeout(20):
                    await there.wait()
                    began = time.monotonic()
                    process.send_signal(signal.SIGINT)
                    out, error = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
            has_stopped(process.returncode, out, error, time.monotonic() - began)

    asyncio.run(whole())


def test_stopped_while_it_waits_for_a_password(tmp_path: Path) -> None:
    words = (SEAWALL, "check", "127.0.0.2:1/app:1", "-u", USER, "--password-stdin")
    with subprocess.Popen(
        words,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        time.sleep(1.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
    has_stopped(process.returncode, out, error, time.monotonic() - began)


@pytest.fixture
def hole() -> Iterator[Net]:
    """A network in which packets go out, and nothing ever comes back; name servers are no exception."""
    servers = [
        line.split()[1] for line in Path("/etc/resolv.conf").read_text().splitlines() if line.startswith("nameserver")
    ]
    with Net() as net:
        own = {one for one in (NEVER, *servers) if not one.startswith("127.")}
        net.owns(*(f"{one}/{128 if ':' in one else 32}" for one in own))
        # Dropped when they arrive: what is dropped when it is sent is told to the sender.
        net.run(
            "nft", "-f", "-", stdin="table inet wall {\nchain in {\ntype filter hook input priority 0\ndrop\n}\n}\n"
        )
        yield net


def start(net: Net, home: Path, *words: str) -> subprocess.Popen[bytes]:
    with net.inside():
        return subprocess.Popen(
            (SEAWALL, "check", *words), env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )


@needs("nft")
@pytest.mark.parametrize("target", ["registry.test/app:1", f"{NEVER}/app:1"])
def test_stopped_while_nothing_comes_back(hole: Net, target: str, tmp_path: Path) -> None:
    """Also while the system's own resolver waits, which nobody can tell to stop."""
    with start(hole, tmp_path, target) as process:
        time.sleep(1.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=20)
        seconds = time.monotonic() - began
    has_stopped(process.returncode, out, error, seconds)


@needs("nft")
@pytest.mark.parametrize(("target", "words"), [("registry.test/app:1", "name"), (f"{NEVER}/app:1", "drops")])
def test_nothing_comes_back_and_time_is_up(hole: Net, target: str, words: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with start(hole, tmp_path, target, "--timeout", "2", "--proxy", "") as process:
        out, error = process.communicate(timeout=20)
    assert time.monotonic() - began < 2 + QUICKLY
    assert process.returncode in {4, 5}, error
    assert b"Traceback" not in out + error
    assert words in out.decode() or "time is up" in out.decode()


def test_what_hostile_servers_say_is_harmless_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(AUTHORITY.pem)

    async def whole() -> None:
        async with World() as world:
            registry = Registry({"GET /v2/app/manifests/": Reply(403, [("Server", "\x1b[31m"), ("Via", PASSWORD)])})
            site = await world.site("127.0.0.2", registry, address="127.0.0.2")
            registry.realm = f"https://{site.authority}/token"
            words = ("check", f"{site.authority}/app:1", "-u", USER, "--ca", str(tmp_path / "ca.crt"))
            more = ("--json", "--html", str(tmp_path / "report.html"))
            process = await asyncio.create_subprocess_exec(
                SEAWALL, *words, *more, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            out, error = await process.communicate()
            assert process.returncode == 5, error
            for text in (out, error, (tmp_path / "report.html").read_bytes()):
                assert b"\x1b" not in text
                assert PASSWORD.encode() not in text

    asyncio.run(whole())
