"""Pushes and large pulls, timed from the client: the same code for every server."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from bench.client import MANIFEST_TYPE, Client, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.fixtures import Blob, Image, Layer
    from bench.servers import Server

CLIENTS = 8
Item = TypeVar("Item")
_OCTETS = {"Content-Type": "application/octet-stream"}


def connect(server: Server, repository: str) -> Client:
    """A client that may push to and pull from `repository`."""
    return Client(server.origin, server.authority, server.token(repository))


def push_blob(client: Client, repository: str, blob: Blob) -> None:
    """A push in two requests: POST to open the upload, PUT with the whole body to close it."""
    place = client.location(client.send("POST", f"/v2/{repository}/blobs/uploads/", 202))
    client.send("PUT", _closing(place, blob.digest), 201, body=blob.body, headers=_OCTETS)


def push_layer(client: Client, repository: str, layer: Layer) -> float:
    """Push as docker does: POST, one PATCH streamed in HTTP chunks, an empty PUT. Seconds taken."""
    began = time.perf_counter()
    place = client.location(client.send("POST", f"/v2/{repository}/blobs/uploads/", 202))
    patched = client.send("PATCH", place, 202, body=layer.pieces(), headers=_OCTETS)
    client.send("PUT", _closing(client.location(patched), layer.digest), 201)
    return time.perf_counter() - began


def _closing(place: str, digest: str) -> str:
    return f"{place}{'&' if '?' in place else '?'}digest={digest}"


def has_blob(client: Client, repository: str, digest: str) -> bool:
    """Whether the digest can be pulled from `repository` already."""
    try:
        client.send("HEAD", f"/v2/{repository}/blobs/{digest}", 200)
    except UnexpectedAnswerError:
        return False
    return True


def verify(client: Client, repository: str, digest: str) -> None:
    """Read a blob back and compare its digest: a fast push that lost a byte is not a push."""
    seen = hashlib.sha256()
    for piece in client.stream(f"/v2/{repository}/blobs/{digest}"):
        seen.update(piece)
    if f"sha256:{seen.hexdigest()}" != digest:
        raise UnexpectedAnswerError(f"{client.origin} returns other bytes for {digest}")


def push_image(client: Client, repository: str, image: Image, tags: Sequence[str] = ()) -> None:
    """PUT the manifest, whose blobs are there already: by its tag, or by digest with more than one tag."""
    reference = "&tag=".join([f"{image.manifest.digest}?tag={tags[0]}", *tags[1:]]) if tags else image.tag
    client.send(
        "PUT",
        f"/v2/{repository}/manifests/{reference}",
        201,
        body=image.manifest.body,
        headers={"Content-Type": MANIFEST_TYPE},
    )


def share_out(items: Sequence[Item], clients: Sequence[Client], act: Callable[[Client, Item], object]) -> float:
    """Let every client act on the next item until none is left. Seconds from the common start to the end."""
    ahead = iter(items)
    lock = threading.Lock()

    def work(client: Client) -> None:
        while True:
            with lock:
                item = next(ahead, None)
            if item is None:
                return
            act(client, item)

    for client in clients:
        client.send("GET", "/v2/", 200)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    taken = time.perf_counter() - began
    for client in clients:
        client.close()
    return taken


def push_blobs(server: Server, repository: str, blobs: Sequence[Blob]) -> float:
    """Push distinct blobs over CLIENTS kept connections. Seconds taken, handshakes not counted."""
    token = server.token(repository)
    clients = [Client(server.origin, server.authority, token) for _ in range(CLIENTS)]
    return share_out(blobs, clients, lambda client, blob: push_blob(client, repository, blob))


@dataclass(frozen=True, slots=True)
class Pull:
    """One finished download."""

    size: int
    seconds: float


def pull(server: Server, repository: str, digest: str) -> Pull:
    """Download a blob with curl in one stream, with the handshakes and the redirect a client would have.

    HTTP/1.1 for every server: Go's HTTP/2 would be slower here and hide the ratio.
    """
    command = [
        *("curl", "--http1.1", "--silent", "--show-error", "--fail", "--location", "--output", os.devnull),
        *("--cacert", str(server.authority), "--header", f"Authorization: Bearer {server.token(repository)}"),
        *("--write-out", "%{json}", f"{server.origin}/v2/{repository}/blobs/{digest}"),
    ]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    hops = 1 if server.redirects else 0
    if report["http_code"] != 200 or report["num_redirects"] != hops:
        raise UnexpectedAnswerError(f"curl from {server.origin}: {report}")
    return Pull(report["size_download"], report["time_total"])
