"""What is in one repository stays there, whatever its bytes share with others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support import content
from tests.support.registry import Registry

if TYPE_CHECKING:
    from tests.support.registry import User
    from tests.support.server import Server


def _reaches(user: User, repository: str, blob: bytes) -> list[bool]:
    """Try every way to a blob: GET, HEAD, a range, the link, the link's HEAD."""
    path = f"/v2/{repository}/blobs/{content.digest_of(blob)}"
    found = user.call("GET", path)
    ways = [found.status_code == 307, user.call("HEAD", path).status_code == 200]
    ways.append(user.call("GET", path, headers={"Range": "bytes=0-1"}).status_code == 307)
    if found.status_code == 307:
        location = found.headers["location"]
        ways.append(user.registry.raw_call("GET", location).content == blob)
        ways.append(user.registry.raw_call("GET", location, headers={"Range": "bytes=1-2"}).content == blob[1:3])
        ways.append(user.registry.raw_call("HEAD", location).status_code == 200)
    return ways


def reachable(user: User, repository: str, blob: bytes) -> bool:
    ways = _reaches(user, repository, blob)
    assert len(set(ways)) == 1, ways
    return ways[0]


def test_the_same_bytes_in_two_repositories(first: Registry, repository: str) -> None:
    user, blob = first.admin, os.urandom(1000)
    here, there, nowhere = f"{repository}/a", f"{repository}/b", f"{repository}/c"
    path = f"/v2/{here}/blobs/{content.digest_of(blob)}"
    user.push_blob(here, blob)
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [True, False, False]
    user.push_blob(there, blob)
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [True, True, False]
    link = user.link(here, blob)
    assert user.call("DELETE", path).status_code == 202
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [False, True, False]
    assert first.raw_call("GET", link).status_code == 404
    assert first.raw_call("HEAD", link).status_code == 404
    assert user.call("POST", f"/v2/{here}/blobs/uploads/?mount={content.digest_of(blob)}&from={there}").is_success
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [True, True, False]
    assert first.raw_call("GET", link).content == blob
    for place in (here, there):
        assert user.call("DELETE", f"/v2/{place}/blobs/{content.digest_of(blob)}").status_code == 202
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [False, False, False]
    # Once nobody has it, it cannot be mounted by its digest alone, though its bytes may still be on the disk.
    mounted = user.call("POST", f"/v2/{here}/blobs/uploads/?mount={content.digest_of(blob)}")
    assert mounted.status_code == 202
    user.push_blob(nowhere, blob)
    assert [reachable(user, place, blob) for place in (here, there, nowhere)] == [False, False, True]


def test_no_worker_remembers_what_another_changed(first: Registry, repository: str) -> None:
    user, blob = first.admin, os.urandom(100)
    bodies = [user.push_image(repository, f"base{count}", *[blob] * count) for count in (1, 2)]
    path, layer = f"/v2/{repository}/manifests", f"/v2/{repository}/blobs/{content.digest_of(blob)}"
    head = user.bearer(f"repository:{repository}:*")

    def seen(path: str) -> set[int | str]:
        """Ask over several new connections, which the workers share among them."""
        found: set[int | str] = set()
        for _ in range(3):
            with first.server.new_client() as client:
                answer = client.get(first.url(path), headers=head)
            found.add(answer.headers["docker-content-digest"] if answer.is_success else answer.status_code)
        return found

    for number in range(6):
        body = bodies[number % 2]
        user.push_manifest(repository, "moving", body)
        assert seen(f"{path}/moving") == {content.digest_of(body)}
        user.call("DELETE", f"{path}/moving")
        assert seen(f"{path}/moving") == {404}
        user.call("DELETE", layer)
        assert seen(layer) == {404}
        user.push_blob(repository, blob)
        assert seen(layer) == {307}
    user.call("DELETE", f"{path}/{content.digest_of(bodies[0])}")
    assert seen(f"{path}/{content.digest_of(bodies[0])}") == {404}
    assert seen(f"{path}/base1") == {404}


def test_a_manifest_lends_no_right_to_its_blobs_elsewhere(first: Registry, repository: str) -> None:
    user, blob = first.admin, os.urandom(100)
    secret = f"{repository}/secret"
    body = user.push_image(secret, "v1", blob)
    first.server.run(
        "scope-map", "create", "isolated", "-r", first.name,
        "--action", f"repositories/{repository}/own/content/read",
        "--action", f"repositories/{repository}/own/content/write",
    )  # fmt: skip
    thief = first.token_user(f"thief-{os.urandom(4).hex()}", "--scope-map", "isolated")
    own = f"{repository}/own"
    digest = content.digest_of(blob)
    thief.push_blob(own, b"{}")
    # Knowing the digest and the manifest is not enough: by manifest, by mount, by subject.
    answer = thief.call("PUT", f"/v2/{own}/manifests/v1", content=body, headers={"Content-Type": content.OCI_IMAGE})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_BLOB_UNKNOWN")
    for source in (f"&from={secret}", ""):
        assert thief.call("POST", f"/v2/{own}/blobs/uploads/?mount={digest}{source}").status_code == 202
    assert not reachable(thief, own, blob)
    note = content.artifact("application/vnd.example.note", subject=body)
    thief.push_manifest(own, "note", note)
    assert user.call("GET", f"/v2/{secret}/referrers/{content.digest_of(body)}").json()["manifests"] == []
    assert len(thief.call("GET", f"/v2/{own}/referrers/{content.digest_of(body)}").json()["manifests"]) == 1
    assert thief.call("GET", f"/v2/{secret}/manifests/v1").status_code == 401
    # An upload whose digest is already known elsewhere is still an upload: the bytes must be shown.
    answer = thief.call("POST", f"/v2/{own}/blobs/uploads/?digest={digest}", content=b"not the bytes")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    assert not reachable(thief, own, blob)


def test_uploads_are_their_owners(first: Registry, second: Registry, repository: str) -> None:
    user, blob = first.admin, b"0123456789"
    stranger = first.token_user(f"stranger-{os.urandom(4).hex()}", "--scope-map", "_repositories_admin")
    upload = user.begin(repository)
    user.call("PATCH", upload, content=blob)
    identifier = upload.rpartition("/")[2]
    digest = content.digest_of(blob)
    elsewhere = f"/v2/{repository}/other/blobs/uploads/{identifier}"
    tries = [(stranger, upload), (user, elsewhere), (second.admin, upload), (stranger, elsewhere)]
    for who, where in tries:
        for method, query, body in (
            ("GET", "", None),
            ("PATCH", "", b"x"),
            ("PUT", f"?digest={digest}", b""),
            ("DELETE", "", None),
        ):
            answer = who.call(method, where + query, content=body)
            assert answer.status_code == 404, (who.username, where, method)
            assert answer.json()["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    assert first.raw_call("GET", upload).status_code == 401
    # A second sign-in of the same user goes on with it, with whatever token.
    again = type(user)(first, user.username, user.password)
    assert again.call("GET", upload).headers["range"] == "0-9"
    assert again.call("PUT", f"{upload}?digest={digest}").status_code == 201


@pytest.mark.parametrize(
    "identifier",
    [
        "..",
        "../..",
        "..%2f..%2fseawall.db",
        "%2e%2e",
        "%2fetc%2fpasswd",
        "%00",
        "%ff",
        ".",
        "x" * 5000,
        "*",
        "%0a",
        "\\..\\",
    ],
)
def test_upload_identifiers_are_no_paths(first: Registry, repository: str, identifier: str) -> None:
    bearer = first.admin.bearer(f"repository:{repository}:*")["Authorization"]
    with first.server.unchanged():
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            with first.server.raw(first.host) as connection:
                connection.send(
                    f"{method} /v2/{repository}/blobs/uploads/{identifier}?digest={content.digest_of(b'')} HTTP/1.1\r\n"
                    f"Host: {first.authority}\r\nAuthorization: {bearer}\r\nContent-Length: 0\r\n\r\n"
                )
                status, _ = connection.head()
            assert status in {400, 401, 404, 405}, method


@pytest.mark.parametrize(
    "path",
    [
        "/v2/a/../b/manifests/v1",
        "/v2/../../etc/passwd",
        "/v2/a/%2e%2e/b/manifests/v1",
        "/v2/..%2f..%2fetc/manifests/passwd",
        "/v2/a//b/manifests/v1",
        "//v2/a/manifests/v1",
        "/v2/./manifests/v1",
        "/v2/a/manifests/../../b/manifests/v1",
        "/v2/a/manifests/..%2f..",
        "/v2/a/blobs/sha256:..%2f..%2f..%2fseawall.db",
        "/v2/a/blobs/..%2f..%2fseawall.db",
        "/v2/a%00b/manifests/v1",
        "/v2/a%ff/manifests/v1",
        "/v2/a%252fb/manifests/v1",
        "/v2/\\..\\manifests/v1",
        "/v2/a/manifests/v1/",
        "/V2/a/manifests/v1",
        "/v2/a/manifests/",
        "/v2/a/tags/list/",
        "/v2/_catalog/",
        "/blobs/sha256:..%2f..%2fseawall.db",
        "/ca/ca.key",
        "/metrics",
    ],
)
def test_paths_that_lead_nowhere(first: Registry, path: str) -> None:
    bearer = first.admin.bearer("repository:a:*")["Authorization"]
    with first.server.raw(first.host) as connection:
        connection.send(
            f"GET {path} HTTP/1.1\r\nHost: {first.authority}\r\nAuthorization: {bearer}\r\nConnection: close\r\n\r\n"
        )
        status, _ = connection.head()
        body = connection.rest()
    assert status in {400, 401, 404}
    assert b"root:" not in body
    assert b"PRIVATE" not in body


def test_a_slash_may_be_encoded(first: Registry, repository: str) -> None:
    body = first.admin.push_image(repository, "v1", b"layer")
    encoded = repository.replace("/", "%2F")
    head = first.admin.bearer(f"repository:{repository}:*")
    digest = content.digest_of(body).replace(":", "%3A")
    assert first.raw_call("GET", f"/v2/{encoded}/manifests/v1", headers=head).content == body
    assert first.raw_call("GET", f"/v2/{encoded}/manifests/{digest}", headers=head).content == body


def test_repositories_named_like_the_interface(first: Registry) -> None:
    names = ["blobs/uploads", "a/blobs/uploads/b", "manifests", "a/tags/list", "tags/list/x", "referrers/a", "v2/a"]
    for number, name in enumerate(names):
        body = first.admin.push_image(name, "v1", f"layer {number}".encode())
        assert first.admin.call("GET", f"/v2/{name}/manifests/v1").content == body, name
        assert first.admin.call("GET", f"/v2/{name}/tags/list").json() == {"name": name, "tags": ["v1"]}, name
        assert reachable(first.admin, name, f"layer {number}".encode()), name


def test_deletes_switched_off(server: Server) -> None:
    registry = Registry.create(server, "undeletable", "--no-deletes")
    user, blob = registry.admin, b"a layer"
    body = user.push_image("a", "v1", blob)
    for path in (
        "manifests/v1",
        f"manifests/{content.digest_of(body)}",
        f"blobs/{content.digest_of(blob)}",
        "manifests/unknown",
        f"manifests/{content.digest_of(b'unknown')}",
        f"blobs/{content.digest_of(b'unknown')}",
    ):
        answer = user.call("DELETE", f"/v2/a/{path}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "UNSUPPORTED"), path
    assert user.call("GET", "/v2/a/manifests/v1").content == body
    assert reachable(user, "a", blob)
    # An upload that never became a blob may be cancelled all the same.
    assert user.call("DELETE", user.begin("a")).status_code == 204
    registry.update("--deletes")
    assert user.call("DELETE", "/v2/a/manifests/v1").status_code == 202


def test_links_to_every_repository_differ(first: Registry, repository: str) -> None:
    blob = os.urandom(10)
    for place in ("a", "b"):
        first.admin.push_blob(f"{repository}/{place}", blob)
    here, there = (urlsplit(first.admin.link(f"{repository}/{place}", blob)) for place in ("a", "b"))
    assert here.path == there.path
    assert here.query != there.query
