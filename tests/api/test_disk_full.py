"""A disk that fills up: pushes are refused in so many words, everything else goes on."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support import content
from tests.support.content import OCI_IMAGE
from tests.support.registry import Registry, User, basic
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

DISK = 12_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server whose whole state is on a disk of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    metadata = request.getfixturevalue("cluster").create_database() if request.param == "postgresql" else None
    server = Server(tmp_path, metadata=metadata)
    server.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", server.state], check=True)
    try:
        with server:
            yield server
    finally:
        subprocess.run(["umount", "--lazy", server.state], check=True)


@contextlib.contextmanager
def filled(server: Server) -> Iterator[None]:
    """Take every byte that is left."""
    filler = server.state / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    try:
        yield
    finally:
        filler.unlink()


def _full(answer: httpx.Response) -> bool:
    return answer.status_code == 507 and "full" in answer.json()["errors"][0]["message"]


def test_a_full_disk_loses_nothing_and_stops_nobody(small: Server) -> None:
    registry = Registry.create(small, "small")
    user = registry.admin
    body = user.push_image("a", "v1", b"layer")
    acknowledged = []
    while True:
        blob = os.urandom(900_000)
        answer = user.call("POST", f"/v2/a/blobs/uploads/?digest={content.digest_of(blob)}", content=blob)
        if answer.status_code != 201:
            break
        acknowledged.append(blob)
    assert _full(answer)
    # What one request left behind is gone; it could never be resumed.
    assert small.uploads == set()
    assert 8 < len(acknowledged) < 14
    for blob in (b"layer", *acknowledged):
        assert user.follow(f"/v2/a/blobs/{content.digest_of(blob)}").content == blob
    upload = user.begin("a")
    other = content.image(b"{}", b"layer", b"layer")
    with filled(small):
        assert _full(user.call("PATCH", upload, content=os.urandom(300_000)))
        for _ in range(4):
            assert user.call("GET", "/v2/a/manifests/v1").content == body
            assert user.follow(f"/v2/a/blobs/{content.digest_of(b'layer')}").content == b"layer"
        pushed = user.call("PUT", "/v2/a/manifests/v2", content=other, headers={"Content-Type": OCI_IMAGE})
        # With its rows on another disk a manifest can still be taken.
        assert _full(pushed) or (pushed.status_code == 201 and "postgresql" in small.config.read_text())
    answer = user.call("GET", upload)
    assert answer.status_code == 204
    kept = answer.headers["range"]
    blob = b"z" * 1000
    assert user.call("DELETE", f"/v2/a/blobs/{content.digest_of(acknowledged[0])}").status_code == 202
    user.push_manifest("a", "v2", other)
    assert user.call("PATCH", upload, content=blob).status_code == 202
    assert user.call("GET", upload).headers["range"] != kept
    assert user.call("GET", "/v2/a/manifests/v2").content == other


def _every_kind_of_answer(registry: Registry) -> Callable[[], None]:
    """Ask at every door by every method: what is counted by kind takes room, too."""
    hosts = (registry.host, registry.regional_host, registry.data_host, registry.account_host, "no.azurecr.test")
    headers = {"Authorization": basic(registry.name, registry.password)}

    def ask() -> None:
        for host in hosts:
            for path in ("v2/", "oauth2/token", "blobs/x"):
                for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                    url = f"https://{registry.server.authority(host)}/{path}"
                    assert registry.raw_call(method, url, headers=headers).status_code < 500

    return ask


@pytest.mark.parametrize("small", ["sqlite"], indirect=True)
def test_workers_live_on_and_begin_on_a_full_disk(small: Server) -> None:
    registry = Registry.create(small, "small")
    user: User = registry.admin
    body = user.push_image("a", "v1", b"layer")
    ask = _every_kind_of_answer(registry)
    with filled(small):
        before = small.workers()
        ask()
        assert small.workers() == before
        replaced = small.kill_worker()
        assert len(small.workers() - replaced) == 2
        ask()
        assert user.call("GET", "/v2/a/manifests/v1").content == body
        assert small.operations("/readyz").status_code == 200
        assert small.operations("/metrics").status_code == 200
