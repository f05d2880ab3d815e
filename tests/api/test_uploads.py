"""Uploads that break off, crowd, or lie: what was acknowledged is kept, and nothing else."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support import content
from tests.support.content import OCI_IMAGE
from tests.support.server import TABLES

if TYPE_CHECKING:
    from tests.support.network import RawConnection
    from tests.support.registry import Registry, User
    from tests.support.server import Server


def _head(user: User, method: str, path: str, repository: str, *lines: str) -> str:
    registry = user.registry
    bearer = user.bearer(f"repository:{repository}:*")["Authorization"]
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", f"Host: {registry.authority}", f"Authorization: {bearer}", *lines, "", ""]
    )


def _wait_until_settled(server: Server, uploads: set[str]) -> None:
    deadline = time.monotonic() + 10
    while server.uploads != uploads and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.uploads == uploads


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_push_that_breaks_off_leaves_nothing(first: Registry, repository: str, framing: str) -> None:
    uploads, rows = first.server.uploads, first.server.rows()
    part = "7d0\r\n" + "x" * 2000 if "chunked" in framing else "x" * 2000
    digest = content.digest_of(b"x" * 100_000)
    for method, path in (
        ("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}"),
        ("PUT", f"/v2/{repository}/manifests/v1"),
    ):
        with first.server.raw(first.host) as connection:
            connection.send(_head(first.admin, method, path, repository, framing, f"Content-Type: {OCI_IMAGE}") + part)
            time.sleep(0.1)
        _wait_until_settled(first.server, uploads)
    assert first.server.rows() == rows
    assert set(rows) == set(TABLES)


def test_a_chunk_that_breaks_off_is_kept_as_far_as_it_came(first: Registry, repository: str) -> None:
    user, blob = first.admin, os.urandom(300_000)
    upload = user.begin(repository)
    with first.server.raw(first.host) as connection:
        connection.send(_head(user, "PATCH", upload, repository, "Content-Length: 300000").encode() + blob[:200_000])
        time.sleep(0.2)
    deadline = time.monotonic() + 10
    # Until the server has seen that the client left, the upload is busy.
    while (answer := user.call("GET", upload)).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.02)
    offset = int(answer.headers["range"].removeprefix("0-")) + 1
    assert 0 < offset <= 200_000
    rest = {"Content-Range": f"{offset}-{len(blob) - 1}"}
    assert user.call("PATCH", upload, content=blob[offset:], headers=rest).status_code == 202
    assert user.call("PUT", f"{upload}?digest={content.digest_of(blob)}").status_code == 201
    assert user.follow(f"/v2/{repository}/blobs/{content.digest_of(blob)}").content == blob


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_uneven_chunks_across_workers(first: Registry, repository: str, algorithm: str) -> None:
    """Each chunk comes over a connection of its own, so that workers go on where others stopped."""
    sizes = [1, 4_095, 4_096, 4_097, 0, 65_535, 1_048_576, 1_048_577, 3, 2_000_000, 511, 1_500_001]
    user, blob = first.admin, os.urandom(sum(sizes))
    head = user.bearer(f"repository:{repository}:*")
    digest = content.digest_of(blob, algorithm)
    upload, at = user.begin(repository), 0
    for size in sizes:
        with first.server.new_client() as client:
            answer = client.patch(first.url(upload), headers=head, content=blob[at : at + size])
        at += size
        assert (answer.status_code, answer.headers["range"]) == (202, f"0-{at - 1}")
    assert user.call("PUT", f"{upload}?digest={digest}").status_code == 201
    assert user.follow(f"/v2/{repository}/blobs/{digest}").content == blob


@pytest.mark.parametrize("damage", ["gone", "cut", "emptied", "longer"])
def test_a_damaged_blob_is_not_sent_and_heals(first: Registry, repository: str, damage: str) -> None:
    user, blob = first.admin, os.urandom(5000)
    digest = user.push_blob(repository, blob)
    user.push_blob(repository, b"{}")
    file = first.server.state / "blobs" / "sha256" / digest[7:9] / digest[7:]
    assert file.read_bytes() == blob
    file.unlink()
    if damage != "gone":
        file.write_bytes({"cut": blob[:4000], "emptied": b"", "longer": blob + b"x"}[damage])
    answer = user.call("GET", f"/v2/{repository}/blobs/{digest}")
    if answer.status_code == 307:
        answer = first.raw_call("GET", answer.headers["location"])
    assert answer.status_code == 404
    assert (
        user.call("POST", f"/v2/{repository}/other/blobs/uploads/?mount={digest}&from={repository}").status_code == 202
    )
    assert user.push_blob(repository, blob) == digest
    assert user.follow(f"/v2/{repository}/blobs/{digest}").content == blob


def test_byte_by_byte(first: Registry, repository: str) -> None:
    user, blob = first.admin, os.urandom(60)
    upload = user.begin(repository)
    for at in range(len(blob)):
        answer = user.call("PATCH", upload, content=blob[at : at + 1], headers={"Content-Range": f"{at}-{at}"})
        assert answer.headers["range"] == f"0-{at}"
        assert user.call("PATCH", upload, content=b"").status_code == 202
    assert user.call("PUT", f"{upload}?digest={content.digest_of(blob)}").status_code == 201
    assert user.follow(f"/v2/{repository}/blobs/{content.digest_of(blob)}").content == blob


def test_many_idle_uploads_are_in_nobodys_way(first: Registry, repository: str) -> None:
    uploads = [first.admin.begin(repository) for _ in range(120)]
    began = time.monotonic()
    first.admin.push_image(repository, "v1", os.urandom(1000))
    assert time.monotonic() - began < 2
    for upload in uploads:
        assert first.admin.call("DELETE", upload).status_code == 204


def test_two_writers_of_one_upload(first: Registry, repository: str) -> None:
    user = first.admin
    upload = user.begin(repository)
    halves = [b"a" * 500_000, b"b" * 500_000]

    def send(half: bytes) -> int:
        def slowly() -> object:
            for start in range(0, len(half), 100_000):
                yield half[start : start + 100_000]
                time.sleep(0.05)

        return user.call("PATCH", upload, content=slowly()).status_code

    user.bearer("registry:catalog:*", f"repository:{repository}:*")
    with ThreadPoolExecutor(2) as threads:
        statuses = sorted(threads.map(send, halves))
    # One of them is refused, or they came one after the other; never do their bytes mix.
    assert statuses in ([202, 409], [202, 202])
    written = [half for half in halves if statuses == [202, 202]] or halves
    candidates = [written[0] + written[1], written[1] + written[0]] if statuses == [202, 202] else halves
    finished = [user.call("PUT", f"{upload}?digest={content.digest_of(blob)}").status_code for blob in candidates[:1]]
    assert finished in ([201], [400])


def test_the_same_blob_from_eight_sides_at_once(first: Registry, repository: str) -> None:
    blob = os.urandom(400_000)
    user = first.admin
    user.bearer("registry:catalog:*", f"repository:{repository}:*")
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(lambda _: user.push_blob(repository, blob), range(24)))
    assert digests == {content.digest_of(blob)}
    assert user.follow(f"/v2/{repository}/blobs/{content.digest_of(blob)}").content == blob


def test_tags_moved_from_many_sides(first: Registry, repository: str) -> None:
    """Each request sets the same tags in another order: they must neither lock one another out nor get lost."""
    user = first.admin
    bodies = [content.image(b"{}", *[b"layer"] * count) for count in range(1, 9)]
    user.push_image(repository, "v0", b"layer")
    tags = [f"t{number}" for number in range(8)]
    user.bearer("registry:catalog:*", f"repository:{repository}:*")

    def push(number: int) -> int:
        body = bodies[number % 8]
        order = tags[number % 8 :] + tags[: number % 8]
        query = "&".join(f"tag={tag}" for tag in (order if number % 2 else reversed(order)))
        path = f"/v2/{repository}/manifests/{content.digest_of(body)}?{query}"
        return user.call("PUT", path, content=body, headers={"Content-Type": OCI_IMAGE}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(push, range(64))) == {201}
    found = {user.call("GET", f"/v2/{repository}/manifests/{tag}").content for tag in tags}
    # One request came last, and what it set is what all of them say.
    assert len(found) == 1


def test_a_push_and_a_delete_at_once_leave_no_dangling_tag(first: Registry, repository: str) -> None:
    user = first.admin
    body = user.push_image(repository, "v0", b"layer")
    path = f"/v2/{repository}/manifests"
    digest = content.digest_of(body)

    def work(number: int) -> int:
        if number % 2:
            return user.call("DELETE", f"{path}/{digest}").status_code
        return user.call("PUT", f"{path}/v1", content=body, headers={"Content-Type": OCI_IMAGE}).status_code

    for _ in range(12):
        with ThreadPoolExecutor(8) as threads:
            statuses = set(threads.map(work, range(16)))
        assert statuses <= {201, 202, 404}
        listed = user.call("GET", f"/v2/{repository}/tags/list").json()["tags"]
        there = user.call("GET", f"{path}/v1").status_code == 200
        assert ("v1" in listed) == there
        assert there <= (user.call("GET", f"{path}/{digest}").status_code == 200)


# Bodies that nobody reads


@pytest.mark.parametrize("size", [1_000, 100_000, 1_000_000, 20_000_000])
@pytest.mark.parametrize("kind", ["unsigned", "bad digest", "unknown upload", "out of order", "unknown path"])
def test_a_refusal_reaches_a_client_that_is_still_sending(
    first: Registry, repository: str, size: int, kind: str
) -> None:
    user = first.admin
    upload = user.begin(repository)
    head = user.bearer(f"repository:{repository}:*")
    digest = content.digest_of(b"")
    method, path, headers, status = {
        "unsigned": ("PUT", f"/v2/{repository}/manifests/v1", {}, 401),
        "bad digest": ("POST", f"/v2/{repository}/blobs/uploads/?digest=sha256:bad", head, 400),
        "unknown upload": ("PATCH", f"/v2/{repository}/blobs/uploads/{'0' * 32}", head, 404),
        "out of order": ("PUT", f"{upload}?digest={digest}", {**head, "Content-Range": f"9-{size + 8}"}, 416),
        "unknown path": ("PUT", "/v2/nothing", head, 404),
    }[kind]
    body = b"x" * size
    for _ in range(3):
        answer = first.raw_call(method, path, headers=headers, content=body)
        assert answer.status_code == status
        # What comes next on the same connection, if the server lets it stand, must be answered as well.
        assert first.raw_call("GET", "/v2/", headers=head).status_code == 200


def test_a_body_where_none_is_expected(first: Registry) -> None:
    head = first.admin.bearer()
    for _ in range(30):
        assert first.raw_call("GET", "/v2/", headers=head, content=b"x" * 100_000).status_code == 200
        assert first.raw_call("GET", "/v2/", headers=head).status_code == 200


def test_expecting_to_continue(first: Registry, repository: str) -> None:
    blob = b"x" * 1000
    path = f"/v2/{repository}/blobs/uploads/?digest={content.digest_of(blob)}"
    lines = ("Content-Length: 1000", "Expect: 100-continue")
    with first.server.raw(first.host) as connection:
        connection.send(_head(first.admin, "POST", path, repository, *lines))
        assert connection.head()[0] == 100
        connection.send(blob)
        assert connection.head()[0] == 201
    with first.server.raw(first.host) as connection:
        connection.send(f"POST {path} HTTP/1.1\r\nHost: {first.authority}\r\n{lines[0]}\r\n{lines[1]}\r\n\r\n")
        began = time.monotonic()
        assert connection.head()[0] == 401
        assert time.monotonic() - began < 2


def _status(connection: RawConnection) -> int:
    try:
        return connection.head()[0]
    except ConnectionError:
        return 0


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], "0\r\n\r\n"),
        (["Content-Length: 5", "Content-Length: 6"], "hello!"),
        (["Content-Length: 5, 6"], "hello!"),
        (["Content-Length: -1"], ""),
        (["Content-Length: +5"], "hello"),
        (["Content-Length: 0x5"], "hello"),
        (["Content-Length: 99999999999999999999999"], ""),
        (["Transfer-Encoding: chunked, identity"], "0\r\n\r\n"),
        (["Transfer-Encoding: xchunked"], "0\r\n\r\n"),
        (["Transfer-Encoding: chunked"], "-1\r\n\r\n"),
        (["Transfer-Encoding: chunked"], "zz\r\n\r\n"),
        (["Transfer-Encoding: chunked"], "ffffffffffffffffff\r\nx"),
        (["Transfer-Encoding: chunked"], "5\r\nhelloX0\r\n\r\n"),
        ([" Content-Length: 5"], "hello"),
        (["Content-Length : 5"], "hello"),
    ],
)
def test_bodies_of_two_lengths(first: Registry, repository: str, lines: list[str], body: str) -> None:
    """What one reader takes for the end of a body and another does not would smuggle a request in."""
    uploads = first.server.uploads
    digest = content.digest_of(b"")
    smuggled = f"GET /smuggled HTTP/1.1\r\nHost: {first.authority}\r\n\r\n"
    path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
    with first.server.raw(first.host, 5) as connection:
        connection.send(_head(first.admin, "POST", path, repository, *lines) + body + smuggled)
        status = _status(connection)
        rest = connection.rest()
    # A length beside chunks may be passed over (RFC 9112 section 6.3), if the connection ends with the answer.
    assert status in ({201} if len(lines) == 2 and "chunked" in "".join(lines) else {0, 400, 413, 499, 501})
    assert b"HTTP/1.1" not in rest
    _wait_until_settled(first.server, uploads)


def test_a_blob_beyond_the_limit_is_refused_before_it_comes(first: Registry, repository: str) -> None:
    upload = first.admin.begin(repository)
    uploads = first.server.uploads
    digest = content.digest_of(b"")
    length = f"Content-Length: {200 * 1024**3 + 1}"
    for method, path in (
        ("PATCH", upload),
        ("PUT", f"{upload}?digest={digest}"),
        ("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}"),
    ):
        with first.server.raw(first.host, 5) as connection:
            connection.send(_head(first.admin, method, path, repository, length))
            status, head = connection.head()
        assert status == 413, method
        assert "connection: close" in head
    _wait_until_settled(first.server, uploads)
    assert first.admin.call("GET", upload).headers["range"] == "0-0"


def test_a_refused_push_leaves_nothing(first: Registry, repository: str) -> None:
    wrong = content.digest_of(b"something else")
    with first.server.unchanged():
        for query in (f"?digest={wrong}", "?digest=sha256:bad", "?digest-algorithm=md5", "?digest="):
            answer = first.admin.call("POST", f"/v2/{repository}/blobs/uploads/{query}", content=b"x" * 100_000)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID"), query
        upload = first.admin.begin(repository)
        answer = first.admin.call("PUT", f"{upload}?digest={wrong}", content=b"x")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
