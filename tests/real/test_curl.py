"""curl: the whole protocol by hand, and where each byte comes from."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from tests.real.images import digest_of

if TYPE_CHECKING:
    from tests.real.clients import Clients
    from tests.real.product import Product

SIZE = 1_000_000


@dataclass(frozen=True)
class Answer:
    """A response without its body."""

    status: int
    headers: dict[str, str]


def ask(clients: Clients, url: str, *options: str) -> Answer:
    """Send one request, follow nothing, and throw the body away."""
    done = clients.curl("--output", "/dev/null", "--dump-header", "-", *options, url)
    *_, last = [block for block in done.out.replace("\r", "").split("\n\n") if block.strip()]
    status, *lines = last.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(status.split()[1]), headers)


def challenge(answer: Answer) -> dict[str, str]:
    assert answer.status == 401, answer
    scheme, _, parameters = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer", answer
    return dict(re.findall(r'(\w+)="([^"]*)"', parameters))


@dataclass(frozen=True)
class Pushed:
    """A blob that curl uploaded."""

    url: str
    digest: str
    content: bytes
    bearer: tuple[str, str]


def authorize(clients: Clients, repository: str) -> tuple[str, str]:
    ready = clients.ready
    told = challenge(ask(clients, f"https://{ready.login_server}/v2/"))
    query = (f"service={told['service']}", f"scope=repository:{repository}:pull,push")
    fields = [part for value in query for part in ("--data-urlencode", value)]
    done = clients.curl("--get", "--user", f"{ready.username}:{ready.password}", *fields, told["realm"])
    return ("--header", f"Authorization: Bearer {json.loads(done.out)['access_token']}")


@pytest.fixture
def pushed(clients: Clients, repository: str) -> Pushed:
    """Token, POST, PATCH, PUT."""
    content = os.urandom(SIZE)
    digest = digest_of(content)
    (clients.home / "blob").write_bytes(content)
    bearer = authorize(clients, repository)
    base = f"https://{clients.ready.login_server}/v2/{repository}/blobs"
    octets = ("--header", "Content-Type: application/octet-stream")

    opened = ask(clients, f"{base}/uploads/", *bearer, "--request", "POST", "--data", "")
    assert opened.status == 202, opened
    location = urljoin(base, opened.headers["location"])

    data = ("--request", "PATCH", "--data-binary", "@blob")
    patched = ask(clients, location, *bearer, *octets, *data)
    assert patched.status == 202, patched
    location = urljoin(base, patched.headers["location"])

    mark = "&" if "?" in location else "?"
    put = ("--request", "PUT", "--data", "")
    finished = ask(clients, f"{location}{mark}digest={digest}", *bearer, *octets, *put)
    assert finished.status == 201, finished
    return Pushed(f"{base}/{digest}", digest, content, bearer)


def link(clients: Clients, pushed: Pushed) -> str:
    """Where the login server sends a client for the bytes."""
    answer = ask(clients, pushed.url, *pushed.bearer)
    assert answer.status == 307, answer
    return answer.headers["location"]


def endpoints(product: Product, clients: Clients) -> tuple[str, str]:
    """The host that must serve layers in this configuration, and the one that must not."""
    ready = clients.ready
    right = ready.data_endpoint if product.dedicated else ready.blob_endpoint
    return right, ({ready.data_endpoint, ready.blob_endpoint} - {right}).pop()


def test_challenge_names_realm_and_service(clients: Clients) -> None:
    told = challenge(ask(clients, f"https://{clients.ready.login_server}/v2/"))
    assert urlsplit(told["realm"]).netloc == clients.ready.login_server
    assert told["service"] == clients.ready.login_server


def test_wrong_password_gets_no_token(clients: Clients) -> None:
    told = challenge(ask(clients, f"https://{clients.ready.login_server}/v2/"))
    wrong = ("--user", f"{clients.ready.username}:wrong")
    assert ask(clients, f"{told['realm']}?service={told['service']}", *wrong).status == 401


def test_blob_is_redirected_to_the_endpoint(product: Product, clients: Clients, pushed: Pushed) -> None:
    right, _ = endpoints(product, clients)
    done = clients.curl("--verbose", "--output", "/dev/null", *pushed.bearer, pushed.url)
    assert re.search(r"^< HTTP/\S+ 307", done.err, re.MULTILINE), done
    assert re.search(rf"^< location: https://{right}/", done.err, re.MULTILINE | re.IGNORECASE), done


def test_followed_redirect_gives_the_bytes(product: Product, clients: Clients, pushed: Pushed) -> None:
    told = ("--write-out", "%{http_code} %{num_redirects} %{url_effective}", "--output", "read")
    code, redirects, url = clients.curl("--location", *told, *pushed.bearer, pushed.url).out.split()
    assert (code, redirects) == ("200", "1")
    assert urlsplit(url).netloc == endpoints(product, clients)[0]
    assert (clients.home / "read").read_bytes() == pushed.content


def test_link_is_enough(clients: Clients, pushed: Pushed) -> None:
    clients.curl("--output", "read", link(clients, pushed))
    assert (clients.home / "read").read_bytes() == pushed.content


def test_link_bears_a_token_that_came_along(clients: Clients, pushed: Pushed) -> None:
    """Go compares host names without ports, so on one machine its clients carry the token on."""
    assert ask(clients, link(clients, pushed), *pushed.bearer).status == 200


def test_broken_download_is_resumed(clients: Clients, pushed: Pushed) -> None:
    part = clients.home / "part"
    part.write_bytes(pushed.content[:123_456])
    told = ("--write-out", "%{http_code} %{size_download}", "--output", part.name)
    done = clients.curl("--location", "--continue-at", "-", *told, *pushed.bearer, pushed.url)
    assert done.out.split() == ["206", str(SIZE - 123_456)]
    assert part.read_bytes() == pushed.content


def test_link_is_refused_at_the_other_endpoint(product: Product, clients: Clients, pushed: Pushed) -> None:
    right, wrong = endpoints(product, clients)
    moved = link(clients, pushed).replace(f"https://{right}/", f"https://{wrong}/")
    assert ask(clients, moved).status == 403


def test_link_for_another_blob_is_refused(clients: Clients, pushed: Pushed) -> None:
    url = link(clients, pushed)
    encoded = pushed.digest.removeprefix("sha256:")
    assert encoded in url
    assert ask(clients, url.replace(encoded, encoded[::-1])).status == 403


def test_endpoint_without_a_link_is_refused(clients: Clients, pushed: Pushed) -> None:
    bare = urlsplit(link(clients, pushed))._replace(query="").geturl()
    assert ask(clients, bare).status in {401, 403, 404}


def test_head_tells_size_and_digest(clients: Clients, pushed: Pushed) -> None:
    done = clients.curl("--head", "--location", *pushed.bearer, pushed.url)
    last = done.out.replace("\r", "").lower()
    assert f"content-length: {SIZE}\n" in last
    assert f"docker-content-digest: {pushed.digest}\n" in last


def test_token_for_one_repository_opens_no_other(clients: Clients, pushed: Pushed, repository: str) -> None:
    elsewhere = pushed.url.replace(repository, f"{repository}/other")
    assert ask(clients, elsewhere, *pushed.bearer).status == 401
