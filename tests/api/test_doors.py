"""Two doors: what the login server sends on, where to, and what the other door makes of it."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from seawall.dataplane import links
from seawall.metadata import keys
from seawall.naming import Role
from seawall.topology import endpoints
from tests.support import content
from tests.support.registry import Registry, basic
from tests.support.server import CLOUD, DOMAIN, STORAGE

if TYPE_CHECKING:
    import httpx

    from tests.support.server import Server

BLOB = bytes(range(256)) * 16
DIGEST = content.digest_of(BLOB)


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    """A registry whose data endpoints are switched on and off."""
    made = Registry.create(server, "doors")
    made.admin.push_blob("lib/app", BLOB)
    return made


@pytest.fixture(scope="module", params=["shared", "dedicated"])
def door(request: pytest.FixtureRequest, registry: Registry) -> str:
    """The host that layers come from, with dedicated data endpoints off and on."""
    registry.update("--data-endpoints" if request.param == "dedicated" else "--no-data-endpoints")
    return registry.data_host if request.param == "dedicated" else registry.account_host


def _denied(answer: httpx.Response) -> bool:
    return answer.status_code == 403 and answer.json()["errors"][0]["code"] == "DENIED"


def test_a_layer_is_fetched_where_topology_says(registry: Registry, door: str) -> None:
    answer = registry.admin.call("GET", f"/v2/lib/app/blobs/{DIGEST}")
    assert answer.status_code == 307
    assert answer.content == b""
    assert answer.headers["docker-content-digest"] == DIGEST
    assert answer.headers["cache-control"] == "no-store"
    location = urlsplit(answer.headers["location"])
    assert (location.scheme, location.netloc) == ("https", registry.server.authority(door))
    listed = endpoints(CLOUD, registry.server.topology(registry.name))
    assert [endpoint.host for endpoint in listed if endpoint.role is not Role.LOGIN] == [door]
    assert registry.raw_call("GET", answer.headers["location"]).content == BLOB


def test_the_regional_login_server_sends_to_the_same_door(registry: Registry, door: str) -> None:
    authority = registry.server.authority(registry.regional_host)
    headers = {"Authorization": basic(registry.name, registry.password)}
    challenge = registry.raw_call("GET", f"https://{authority}/v2/").headers["www-authenticate"]
    assert challenge == f'Bearer realm="https://{authority}/oauth2/token",service="{authority}"'
    answer = registry.raw_call("GET", f"https://{authority}/v2/lib/app/blobs/{DIGEST}", headers=headers)
    assert urlsplit(answer.headers["location"]).netloc == registry.server.authority(door)
    assert registry.raw_call("GET", answer.headers["location"]).content == BLOB


def test_a_link_holds_at_no_other_host(registry: Registry, second: Registry, door: str) -> None:
    link = registry.admin.link("lib/app", BLOB)
    assert registry.raw_call("GET", link).status_code == 200
    others = {registry.data_host, registry.account_host, second.data_host, second.account_host} - {door}
    assert len(others) == 3
    for other in others:
        moved = link.replace(door, other)
        assert _denied(registry.raw_call("GET", moved)), other
        assert registry.raw_call("HEAD", moved).status_code == 403, other
    for login in (registry.host, registry.regional_host):
        assert registry.raw_call("GET", link.replace(door, login)).status_code == 404


def test_links_outlive_the_switch(registry: Registry) -> None:
    registry.update("--no-data-endpoints")
    shared = registry.admin.link("lib/app", BLOB)
    registry.update("--data-endpoints")
    dedicated = registry.admin.link("lib/app", BLOB)
    assert urlsplit(shared).netloc != urlsplit(dedicated).netloc
    assert registry.raw_call("GET", shared).content == BLOB
    assert registry.raw_call("GET", dedicated).content == BLOB


def _said(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_a_changed_link_is_no_link(registry: Registry, door: str) -> None:
    other = b"another blob"
    registry.admin.push_blob("lib/other", other)
    parts = urlsplit(registry.admin.link("lib/app", BLOB))
    key, said, signature = parts.query.split(".")
    repository, subject, credential, expires = json.loads(base64.urlsafe_b64decode(said + "=="))
    base = f"https://{registry.server.authority(door)}"

    def get(path: str, query: str) -> httpx.Response:
        return registry.raw_call("GET", f"{base}{path}?{query}")

    assert get(parts.path, parts.query).status_code == 200
    sayings = [
        ["lib/other", subject, credential, expires],
        [repository, "second", credential, expires],
        [repository, "acr_anon_pull", "", expires],
        [repository, subject, credential, expires + 1],
        [repository, subject, credential, 10**400],
        [],
    ]
    queries = [
        *(f"{key}.{_said(json.dumps(saying))}.{signature}" for saying in sayings),
        *(f"{key}.{_said(odd)}.{signature}" for odd in ("", "null", "[[", "[" * 3000, "\0", "\u00fc")),
        f"{key}.{said}=.{signature}",
        f"{key}.{said}.{signature}=",
        f"{key}.{said}.{signature[:-1]}",
        f"{key}.{said}.{signature.swapcase()}",
        f"{key}.{said}.%C3%BC{signature[1:]}",
        f"{key}.{said}.",
        f"{key}.{said}",
        f".{said}.{signature}",
        f"../../etc/passwd.{said}.{signature}",
        f"{'0' * 8}.{said}.{signature}",
        f"{parts.query}.",
        f"{parts.query}&x=1",
        f"{parts.query}{'x' * 8000}",
        *(
            parts.query[:at] + ("A" if parts.query[at] != "A" else "B") + parts.query[at + 1 :]
            for at in range(0, 100, 7)
        ),
        "sig=&se=&sp=r",
        "%",
        "&" * 100,
        "..",
        "",
    ]
    for query in queries:
        assert _denied(get(parts.path, query)), query
    blobs = [content.digest_of(other), content.digest_of(b"unknown"), DIGEST.upper(), f"{DIGEST}0", "", "..", "%2e%2e"]
    refusals = [get(f"/blobs/{digest}", parts.query) for digest in blobs]
    assert all(_denied(answer) for answer in refusals)
    # A blob that is here is refused in the same words as one that is not.
    assert refusals[0].content == refusals[1].content
    for path in ("/", "/blobs", "/v2/", f"/v2/lib/app/blobs/{DIGEST}", "/oauth2/token", "//"):
        assert _denied(get(path, parts.query)), path
        assert _denied(get(path, "")), path


def test_a_link_lives_for_twenty_to_thirty_minutes(registry: Registry, door: str) -> None:
    parts = urlsplit(registry.admin.link("lib/app", BLOB))
    key, *_ = registry.server.keys(keys.LINK)
    host = CLOUD.parse(door)
    made = links.read_link(host, registry.name, parts.path, parts.query.encode(), [key], time.time())
    assert 20 * 60 - 5 <= made.expires - time.time() <= 30 * 60

    def get(expires: float) -> httpx.Response:
        path = links.write_link(replace(made, expires=int(expires)), key)
        return registry.raw_call("GET", f"https://{registry.server.authority(door)}{path}")

    assert get(links.expiry(time.time())).content == BLOB
    assert get(time.time() + 5).content == BLOB
    assert _denied(get(time.time() - 1))
    assert _denied(get(links.expiry(time.time() - 31 * 60)))
    assert _denied(get(time.time() + 24 * 3600))


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE", "OPTIONS"])
def test_a_link_is_for_reading(registry: Registry, method: str) -> None:
    answer = registry.raw_call(method, registry.admin.link("lib/app", BLOB), content=b"x")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("headers", "status", "start", "stop"),
    [
        ({}, 200, 0, 4096),
        ({"Range": "bytes=0-0"}, 206, 0, 1),
        ({"Range": "bytes=4095-"}, 206, 4095, 4096),
        ({"Range": "bytes=-1"}, 206, 4095, 4096),
        ({"Range": "bytes=100-99999"}, 206, 100, 4096),
        ({"Range": "bytes=4096-"}, 416, 0, 0),
        ({"Range": "bytes=2-1"}, 416, 0, 0),
        ({"Range": "bytes=0-1", "If-Range": f'"{DIGEST}"'}, 206, 0, 2),
        ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200, 0, 4096),
        ({"Range": "bytes=0-1", "If-Range": f'W/"{DIGEST}"'}, 200, 0, 4096),
        ({"Range": "bytes=0-1", "If-Range": "Mon, 01 Jan 2024 00:00:00 GMT"}, 200, 0, 4096),
        ({"Range": "bytes=9999-", "If-Range": '"other"'}, 200, 0, 4096),
        ({"If-None-Match": f'"{DIGEST}"'}, 304, 0, 0),
        ({"If-None-Match": f'W/"{DIGEST}"'}, 304, 0, 0),
        ({"If-None-Match": f'"other", "{DIGEST}"'}, 304, 0, 0),
        ({"If-None-Match": "*"}, 304, 0, 0),
        ({"If-None-Match": '"other"'}, 200, 0, 4096),
        ({"If-None-Match": f'"{DIGEST}"', "Range": "bytes=0-1"}, 304, 0, 0),
    ],
    ids=str,
)
def test_ranges_and_conditions(first: Registry, headers: dict[str, str], status: int, start: int, stop: int) -> None:
    first.admin.push_blob("lib/ranges", BLOB)
    answer = first.raw_call("GET", first.admin.link("lib/ranges", BLOB), headers=headers)
    assert answer.status_code == status
    assert answer.headers["accept-ranges"] == "bytes"
    if status in {200, 206}:
        assert answer.content == BLOB[start:stop]
        assert answer.headers["content-length"] == str(stop - start)
    wanted = {206: f"bytes {start}-{stop - 1}/4096", 416: "bytes */4096"}.get(status)
    assert answer.headers.get("content-range") == wanted


@pytest.mark.parametrize("size", [0, 1, 65_537, 5_000_001])
def test_every_byte_arrives(first: Registry, size: int) -> None:
    blob = os.urandom(size)
    link = (first.admin.push_blob("lib/sizes", blob), first.admin.link("lib/sizes", blob))[1]
    whole = first.raw_call("GET", link)
    assert whole.content == blob
    assert whole.headers["content-length"] == str(size)
    head = first.raw_call("HEAD", link)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))
    if size > 1:
        middle = first.raw_call("GET", link, headers={"Range": f"bytes={size // 3}-{size - 2}"})
        assert middle.content == blob[size // 3 : size - 1]


@pytest.mark.parametrize("size", [1, 65_536, 131_072, 131_073])
def test_every_byte_arrives_from_a_cold_disk(first: Registry, server: Server, size: int) -> None:
    """Small blobs are sent in one way from memory and in another from the disk."""
    blob = os.urandom(size)
    link = (first.admin.push_blob("lib/cold", blob), first.admin.link("lib/cold", blob))[1]
    (file,) = (server.state / "blobs").rglob(content.digest_of(blob).partition(":")[2])
    with file.open("rb") as held:
        os.fsync(held)
        os.posix_fadvise(held.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    for _ in range(2):
        assert first.raw_call("GET", link).content == blob


def test_head_stays_at_the_login_server(registry: Registry) -> None:
    answer = registry.admin.call("HEAD", f"/v2/lib/app/blobs/{DIGEST}")
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert answer.headers["content-length"] == "4096"
    assert answer.headers["docker-content-digest"] == DIGEST


def test_credentials_mean_nothing_at_the_data_door(registry: Registry, door: str) -> None:
    link = registry.admin.link("lib/app", BLOB)
    bearer = registry.admin.bearer("repository:lib/app:pull")["Authorization"]
    for value in (bearer, "Bearer junk", "Basic junk", basic(registry.name, registry.password), "Digest x", "\u00ff"):
        answer = registry.server.client.get(link, headers=[(b"Authorization", value.encode("latin-1"))])
        assert answer.content == BLOB, value
    bare = f"https://{registry.server.authority(door)}/blobs/{DIGEST}"
    refused = registry.raw_call("GET", bare, headers={"Authorization": bearer})
    assert _denied(refused)
    assert "www-authenticate" not in refused.headers


def test_the_data_door_says_no_more_than_it_must(registry: Registry) -> None:
    answer = registry.raw_call("GET", registry.admin.link("lib/app", BLOB))
    assert set(answer.headers) == {
        "accept-ranges",
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "docker-content-digest",
        "etag",
        "server",
        "x-content-type-options",
        "x-ms-correlation-request-id",
    }
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["etag"] == f'"{DIGEST}"'
    assert {"private", "immutable"} <= set(re.split(", *", answer.headers["cache-control"]))
    refused = registry.raw_call("GET", registry.admin.link("lib/app", BLOB) + "A")
    assert not {"www-authenticate", "docker-distribution-api-version", "set-cookie"} & set(refused.headers)
    assert registry.name not in refused.text
    assert "lib/app" not in refused.text


def test_uploads_never_leave_the_login_server(registry: Registry, door: str) -> None:
    assert door
    user, blob = registry.admin, os.urandom(100)
    digest = content.digest_of(blob)
    begun = user.call("POST", "/v2/lib/up/blobs/uploads/")
    patched = user.call("PATCH", begun.headers["location"], content=blob)
    asked = user.call("GET", patched.headers["location"])
    finished = user.call("PUT", f"{asked.headers['location']}?digest={digest}")
    again = user.call("POST", f"/v2/lib/up/blobs/uploads/?digest={digest}", content=blob)
    mounted = user.call("POST", f"/v2/lib/up2/blobs/uploads/?mount={digest}&from=lib/up")
    user.push_blob("lib/up", b"{}")
    body = content.image(b"{}", blob)
    pushed = user.call("PUT", "/v2/lib/up/manifests/v1", content=body, headers={"Content-Type": content.OCI_IMAGE})
    answers = [begun, patched, asked, finished, again, mounted, pushed]
    assert [answer.status_code for answer in answers] == [202, 202, 204, 201, 201, 201, 201]
    assert all(re.match("/v2/lib/up2?/", answer.headers["location"]) for answer in answers)


def test_hosts_that_are_none_of_ours(registry: Registry, server: Server) -> None:
    hosts = [
        "unknown.azurecr.test",
        DOMAIN,
        f"{registry.name}.westus.data.{DOMAIN}",
        f"{registry.name}.westus.geo.{DOMAIN}",
        f"swaaaaaaaaaaaaaaaaaaaaaa.blob.{STORAGE}",
        f"x.{registry.host}",
        "localhost",
        "127.0.0.1",
        "evil.example",
        "",
    ]
    for host in hosts:
        for path in ("/v2/", "/oauth2/token", f"/blobs/{DIGEST}"):
            headers = {"Host": server.authority(host)}
            answer = server.client.get(registry.url(path), headers=headers)
            assert answer.status_code == 421, (host, path)
            assert "www-authenticate" not in answer.headers
            assert not host or host not in answer.text


TRICKS = [
    "evil.example",
    "{authority}/evil.example",
    "{authority}?evil.example",
    "{authority}#evil.example",
    "evil.example@{authority}",
    "{authority}@evil.example",
    "{authority}:evil.example",
    "{authority}\\evil.example",
    "{host}:1",
    "{host}:0{port}",
    "{host}:",
    "[{host}]:{port}",
    "{host},evil.example",
    "{authority} evil.example",
    "{authority}\tevil.example",
    "*.azurecr.test:{port}",
    "%66irst.azurecr.test:{port}",
    "\u017f" + "econd.azurecr.test",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_odd_hosts_are_refused(first: Registry, trick: str) -> None:
    host = trick.format(authority=first.authority, host=first.host, port=first.server.port)
    with first.server.raw(first.host) as connection:
        connection.send(f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        status, head = connection.head()
    assert status in {400, 421}
    assert "evil" not in head
    assert "www-authenticate" not in head


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/v2/", ["Host: {authority}", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: http"]),
        ("/v2/", ["Host: {authority}", "Forwarded: host=evil.example;proto=http", "X-Original-URL: /healthz"]),
        ("/v2/", ["Host: {authority}", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil.example"]),
        ("https://evil.example/v2/", ["Host: {authority}"]),
        ("https://{authority}/v2/", ["Host: evil.example"]),
        ("//evil.example/v2/", ["Host: {authority}"]),
        ("/v2/?next=https://evil.example/&ns=evil.example", ["Host: {authority}"]),
        ("/v2/", ["Host: {authority}", "Host: evil.example"]),
        ("/v2/", ["Host: evil.example", "Host: {authority}"]),
        ("/v2/", ["Host: {upper}"]),
        ("/healthz/../v2/", ["Host: {authority}"]),
        ("/healthz%2f..%2fv2/", ["Host: {authority}"]),
    ],
)
def test_nothing_a_client_writes_moves_the_realm_or_opens_a_door(
    first: Registry, target: str, headers: list[str]
) -> None:
    names = {"authority": first.authority, "upper": first.authority.upper()}
    lines = [f"GET {target} HTTP/1.1", *headers, "", ""]
    with first.server.raw(first.host) as connection:
        connection.send("\r\n".join(lines).format(**names))
        status, head = connection.head()
    assert status in {400, 401, 404, 421}
    assert "evil" not in head
    if status == 401:
        assert f'realm="https://{first.authority}/oauth2/token",service="{first.authority}"' in head


def test_two_host_headers_are_one_too_many(first: Registry, second: Registry) -> None:
    with first.server.raw(first.host) as connection:
        connection.send(f"GET /v2/ HTTP/1.1\r\nHost: {first.authority}\r\nHost: {second.authority}\r\n\r\n")
        assert connection.head()[0] in {400, 421}


def test_redirects_do_not_follow_the_clients_words(first: Registry) -> None:
    first.admin.push_blob("lib/app", BLOB)
    path = f"/v2/lib/app/blobs/{DIGEST}"
    usual = urlsplit(first.admin.link("lib/app", BLOB)).netloc
    bearer = first.admin.bearer("repository:lib/app:pull")["Authorization"]
    for extra in ("X-Forwarded-Host: evil.example", "Forwarded: host=evil.example", "X-Forwarded-Proto: http"):
        with first.server.raw(first.host) as connection:
            connection.send(
                f"GET {path} HTTP/1.1\r\nHost: {first.authority}\r\nAuthorization: {bearer}\r\n{extra}\r\n\r\n"
            )
            status, head = connection.head()
        assert status == 307
        assert f"location: https://{usual}/blobs/" in head


def test_two_registries_know_nothing_of_each_other(first: Registry, second: Registry, repository: str) -> None:
    blob = os.urandom(64)
    body = first.admin.push_image(repository, "v1", blob)
    digest, manifest = content.digest_of(blob), content.digest_of(body)
    for path in (f"blobs/{digest}", f"manifests/{manifest}", "manifests/v1", "tags/list"):
        assert second.admin.call("GET", f"/v2/{repository}/{path}").status_code == 404, path
        # A token of one is worth nothing at the other.
        foreign = second.raw_call("GET", f"/v2/{repository}/{path}", headers=first.admin.bearer("registry:catalog:*"))
        assert foreign.status_code == 401, path
        assert 'error="invalid_token"' in foreign.headers["www-authenticate"]
    mounted = second.admin.call("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={repository}")
    assert mounted.status_code == 202
    assert second.admin.call("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}").status_code == 202
    assert repository not in second.admin.call("GET", "/v2/_catalog").json()["repositories"]
    assert second.ask_token(first.name, first.password).status_code == 401
    upload = first.admin.begin(repository)
    assert second.admin.call("GET", upload).status_code == 404
    assert second.admin.call("PUT", f"{upload}?digest={digest}", content=blob).status_code == 404
    assert first.admin.call("DELETE", upload).status_code == 204
    # The same bytes pushed to both are kept once, and deleted from one stay in the other.
    second.admin.push_image(repository, "v1", blob)
    assert first.admin.call("DELETE", f"/v2/{repository}/blobs/{digest}").status_code == 202
    assert first.admin.call("GET", f"/v2/{repository}/blobs/{digest}").status_code == 404
    assert second.admin.follow(f"/v2/{repository}/blobs/{digest}").content == blob
