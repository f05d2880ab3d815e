"""The life of the server: starting, stopping, dying, coming back, and not losing anything on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.real import processes
from tests.support import content, network
from tests.support.registry import Registry, basic
from tests.support.server import Hammer, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.postgres import PostgresCluster

LARGE = 40_000_000


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Server]:
    """A server of one's own."""
    with Server(tmp_path) as running:
        yield running


def _in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - shown by the test
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


class SlowPull:
    """A download that has begun and is not read on until it is asked to be."""

    def __init__(self, registry: Registry, repository: str, digest: str) -> None:
        path = f"/v2/{repository}/blobs/{digest}"
        self._registry = registry
        self._link = registry.admin.call("GET", path).headers["location"]
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def read(self) -> str:
        """Read it all; return the digest of what came."""
        parts = []
        with self._registry.server.client.stream("GET", self._link) as answer:
            for part in answer.iter_raw(1 << 20):
                parts.append(part)
                self.begun.set()
                self.go_on.wait(20)
        return content.digest_of(b"".join(parts))


def test_stopping_finishes_what_is_in_flight(node: Server) -> None:
    registry = Registry.create(node, "first")
    user, blob, sent = registry.admin, os.urandom(LARGE), os.urandom(3_000_000)
    digest = user.push_blob("a", blob)
    upload = user.begin("a")
    pull = SlowPull(registry, "a", digest)
    half_sent = threading.Event()

    def halves() -> Iterator[bytes]:
        yield sent[:1_500_000]
        half_sent.set()
        pull.go_on.wait(20)
        yield sent[1_500_000:]

    pulling, pulled = _in_background(pull.read)
    pushing, pushed = _in_background(lambda: user.call("PATCH", upload, content=halves()).status_code)
    try:
        assert pull.begun.wait(20)
        assert half_sent.wait(20)
        time.sleep(0.2)
        node.signal(signal.SIGTERM)
        # Nobody new is let in while those that are here may finish.
        _await_refusal(node)
    finally:
        pull.go_on.set()
        pulling.join()
        pushing.join()
    assert pulled == [digest]
    assert pushed == [202]
    assert node.wait(10) == 0
    node.close_client()
    node.start()
    # Uploads and blobs are all there, and the upload can be finished.
    assert user.call("GET", upload).headers["range"] == f"0-{len(sent) - 1}"
    assert user.call("PUT", f"{upload}?digest={content.digest_of(sent)}").status_code == 201
    assert user.follow(f"/v2/a/blobs/{content.digest_of(sent)}").content == sent
    assert user.follow(f"/v2/a/blobs/{digest}").content == blob


def _await_refusal(node: Server) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with network.plain_connection(node.port):
                time.sleep(0.05)
        except ConnectionRefusedError:
            return
    raise AssertionError("new connections are still let in")


def test_stopping_does_not_wait_for_ever(tmp_path: Path) -> None:
    with Server(tmp_path, extra="[process]\nworkers = 2\nshutdown_seconds = 1\n") as node:
        registry = Registry.create(node, "first")
        digest = registry.admin.push_blob("a", os.urandom(LARGE))
        pull = SlowPull(registry, "a", digest)
        pulling, pulled = _in_background(pull.read)
        assert pull.begun.wait(20)
        began = time.monotonic()
        node.stop()
        assert 0.8 < time.monotonic() - began < 5
        pull.go_on.set()
        pulling.join()
        assert pulled != [digest]


def test_stopping_while_starting(tmp_path: Path) -> None:
    node = Server(tmp_path)
    node.run("registry", "create", "first")
    for delay in (0.3, 0.5, 0.7, 0.9, 1.3):
        node.launch()
        time.sleep(delay)
        group = node.pid
        node.signal(signal.SIGTERM)
        began = time.monotonic()
        assert node.wait(25) in {0, -signal.SIGTERM}
        assert time.monotonic() - began < 5, f"{delay} seconds after its start"
        try:
            processes.wait_for_end_of_group(group, 5)
        except AssertionError:
            os.killpg(group, signal.SIGKILL)
            raise
    with node:
        assert len(node.workers()) == 2


def test_a_worker_that_dies_is_replaced(node: Server) -> None:
    registry = Registry.create(node, "first")
    body = registry.admin.push_image("a", "v1", b"layer")
    head = registry.admin.bearer("repository:a:pull")
    for _ in range(3):
        dead = node.kill_worker()
        assert not dead & node.workers()
        node.close_client()
        for _ in range(4):
            assert registry.raw_call("GET", "/v2/a/manifests/v1", headers=head).content == body


def test_workers_do_not_outlive_their_supervisor(node: Server) -> None:
    registry = Registry.create(node, "first")
    workers = node.workers()
    node.signal(signal.SIGKILL)
    node.wait()
    deadline = time.monotonic() + 10
    while any(_lives(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_lives(pid) for pid in workers)
    node.close_client()
    node.start()
    assert registry.ask_token(registry.name, registry.password).status_code == 200


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_uploads_go_on_after_a_crash(node: Server) -> None:
    registry = Registry.create(node, "first")
    user, blob = registry.admin, os.urandom(2_000_000)
    upload = user.begin("a", "?digest-algorithm=sha512")
    assert user.call("PATCH", upload, content=blob[:1_200_000]).status_code == 202
    node.kill()
    node.close_client()
    node.start()
    assert user.call("GET", upload).headers["range"] == "0-1199999"
    answer = user.call("PUT", f"{upload}?digest={content.digest_of(blob, 'sha512')}", content=blob[1_200_000:])
    assert answer.status_code == 201
    assert user.follow(f"/v2/a/blobs/{content.digest_of(blob, 'sha512')}").content == blob


def test_uploads_that_rest_too_long_are_cancelled(node: Server) -> None:
    registry = Registry.create(node, "first")
    stale, fresh = registry.admin.begin("a"), registry.admin.begin("a")
    old = time.time() - 169 * 3600
    before = node.uploads
    (name,) = (name for name in before if not _is_empty_after(registry, fresh, node, name))
    os.utime(node.state / "uploads" / name, (old, old))
    node.stop()
    node.close_client()
    node.start()
    deadline = time.monotonic() + 5
    while len(node.uploads) == 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert registry.admin.call("GET", stale).status_code == 404
    assert registry.admin.call("GET", fresh).status_code == 204


def _is_empty_after(registry: Registry, upload: str, node: Server, name: str) -> bool:
    """Say whether a file is that of an upload: it grows when the upload does."""
    path = node.state / "uploads" / name
    size = path.stat().st_size
    registry.admin.call("PATCH", upload, content=b"x")
    return path.stat().st_size > size


# Health and metrics


def test_health_and_metrics(node: Server) -> None:
    registry = Registry.create(node, "first")
    for path in ("/healthz", "/readyz"):
        assert node.operations(path).text == "ok\n"
        assert node.client.get(registry.url(path)).text == "ok\n"
    assert node.operations("/other").status_code == 404
    for _ in range(17):
        node.close_client()
        registry.raw_call("GET", "/v2/unknown/manifests/x")
    digest = registry.admin.push_blob("a", b"layer")
    registry.admin.follow(f"/v2/a/blobs/{digest}")
    answer = node.operations("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    # Whichever worker is asked, it tells of all of them.
    assert 'seawall_requests_total{door="login",method="GET",status="401"} 17.0' in answer.text
    assert 'seawall_requests_total{door="login",method="POST",status="201"} 1.0' in answer.text
    assert 'seawall_requests_total{door="blob",method="GET",status="200"} 1.0' in answer.text
    assert 'seawall_request_seconds_count{door="blob"} 1.0' in answer.text
    assert "seawall_failures_total" in answer.text
    for method in ("BREW", "X" * 100):
        registry.raw_call(method, "/v2/")
    lines = [line for line in node.operations("/metrics").text.splitlines() if 'method="other"' in line]
    assert len(lines) == 1


def test_metrics_survive_a_worker(node: Server) -> None:
    registry = Registry.create(node, "first")
    for _ in range(5):
        node.close_client()
        registry.raw_call("GET", "/v2/")
    node.kill_worker()
    node.close_client()
    assert 'seawall_requests_total{door="login",method="GET",status="401"} 5.0' in node.operations("/metrics").text


def test_a_database_that_goes_away(tmp_path: Path, cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    with Server(tmp_path, metadata=url) as node:
        registry = Registry.create(node, "first")
        registry.admin.push_image("a", "v1", b"layer")
        head = registry.admin.bearer("repository:a:pull")
        cluster.drop_database(url)
        for _ in range(4):
            assert node.operations("/healthz").status_code == 200
            assert node.operations("/readyz").status_code == 503
            answer = registry.raw_call("GET", "/v2/a/manifests/v1", headers=head)
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert answer.json()["errors"][0]["message"]
        assert "postgres@" not in node.log
        assert len(node.workers()) == 2


def test_all_log_lines_are_json(node: Server) -> None:
    registry = Registry.create(node, "first")
    registry.raw_call("GET", "/v2/%0a%22%7d%1b[31m/manifests/%ff")
    registry.raw_call("GET", "/v2/", headers={"Authorization": basic("x", "y")})
    lines = [content.json_of(line) for line in node.log.splitlines() if line]
    assert {"id", "door", "client", "method", "path", "status", "milliseconds", "event", "level", "timestamp"} <= set(
        lines[-1]
    )


def test_requests_never_fail_while_workers_come_and_go(node: Server) -> None:
    registry = Registry.create(node, "first")
    user = registry.admin
    body = user.push_image("a", "v1", b"layer")
    head = user.bearer("repository:a:pull")
    upload = user.begin("a")
    blob = os.urandom(600_000)

    def ask() -> bytes:
        with node.new_client() as client:
            return client.get(registry.url("/v2/a/manifests/v1"), headers=head).content

    def anew() -> None:
        assert network.once_more(ask) == body

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(blob), 10_000):
            yield blob[start : start + 10_000]
            time.sleep(0.08)

    pushing, pushed = _in_background(lambda: user.call("PATCH", upload, content=slowly()).status_code)
    with Hammer(anew) as one, Hammer(anew) as other:
        before = node.workers()
        node.signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while node.workers() & before and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
    pushing.join()
    assert not node.workers() & before
    node.await_workers(2)
    assert one.failures + other.failures == []
    assert one.rounds + other.rounds > 30
    assert pushed == [202]
    assert user.call("PUT", f"{upload}?digest={content.digest_of(blob)}").status_code == 201


def test_renewal_waits_for_whatever_is_in_flight(tmp_path: Path) -> None:
    """A stop may lose patience, but nobody asked for one: workers that are replaced finish their transfers."""
    with Server(tmp_path, extra="[process]\nworkers = 2\nshutdown_seconds = 1\n") as node:
        registry = Registry.create(node, "first")
        user, blob, sent = registry.admin, os.urandom(LARGE), os.urandom(100_000)
        digest = user.push_blob("a", blob)
        upload = user.begin("a")
        pull = SlowPull(registry, "a", digest)

        def halves() -> Iterator[bytes]:
            yield sent[:50_000]
            pull.go_on.wait(20)
            yield sent[50_000:]

        pulling, pulled = _in_background(pull.read)
        pushing, pushed = _in_background(lambda: user.call("PATCH", upload, content=halves()).status_code)
        try:
            assert pull.begun.wait(20)
            before = node.workers()
            node.signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while len(node.workers() - before) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert len(node.workers() - before) == 2
            time.sleep(4)
        finally:
            pull.go_on.set()
            pulling.join()
            pushing.join()
        assert pulled == [digest]
        assert pushed == [202]
