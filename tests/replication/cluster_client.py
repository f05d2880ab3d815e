"""A client of a cluster: it finds hosts as DNS tells it, which may change between two of its requests."""

from __future__ import annotations

import gzip
import io
import json
import random
import ssl
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpcore
import httpx

from tests.real.images import CONFIG, LAYER, MANIFEST, digest_of
from tests.real.registry import OCTETS, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.real.product import Ready
    from tests.support.nets import Net

SECONDS: Final = 20.0


class Image(NamedTuple):
    """An image: its manifest, and its blobs by their digests."""

    manifest: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        """The manifest's."""
        return digest_of(self.manifest)


def make_image(*sizes: int, **more: object) -> Image:
    """Make an image of random layers, which nobody can unpack."""
    return _image([random.randbytes(size) for size in sizes], [], more)


def make_unpackable(*sizes: int) -> Image:
    """Make an image of layers with a file in each, as clients that unpack what they pull want them."""
    tars = [_tar(f"layer-{number}", random.randbytes(size)) for number, size in enumerate(sizes)]
    return _image([gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars], [digest_of(tar) for tar in tars], {})


def _image(layers: list[bytes], unpacked: list[str], more: dict[str, object]) -> Image:
    platform = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": unpacked}}
    config = json.dumps(platform | {"author": f"{random.getrandbits(64):x}"}).encode()
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _describe(CONFIG, config),
        "layers": [_describe(LAYER, layer) for layer in layers],
        **more,
    }
    return Image(json.dumps(document).encode(), {digest_of(blob): blob for blob in (config, *layers)})


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, net: Net, find: Callable[[str], str]) -> None:
        self._backend = httpcore.SyncBackend()
        self._net = net
        self._find = find

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        with self._net.inside():
            return self._backend.connect_tcp(self._find(host), port, timeout, local_address, socket_options)


class _Transport(httpx.HTTPTransport):
    def __init__(self, trusted: Path, backend: _Backend, kept: int) -> None:
        context = ssl.create_default_context(cafile=trusted)
        super().__init__(verify=context)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, max_connections=8, max_keepalive_connections=kept, network_backend=backend
        )


class Client(Repository):
    """One repository, as somebody on a network sees it; what it pulls it holds against its digests."""

    def __init__(self, ready: Ready, name: str, net: Net, find: Callable[[str], str], *, keeps: bool = True) -> None:
        """Take who and where it is.

        Args:
            ready: The registry, and the login server's name to use.
            name: The repository.
            net: The network it is on.
            find: Tells where a host is.
            keeps: Whether it keeps connections, as one that asks DNS only once does.
        """
        super().__init__(ready, name)
        self._http.close()
        backend = _Backend(net, find)
        transport = _Transport(Path(ready.ca_file), backend, 8 if keeps else 0)
        self._http = httpx.Client(
            base_url=f"https://{ready.login_server}", transport=transport, timeout=SECONDS, trust_env=False
        )

    def push(self, image: Image, *tags: str) -> Image:
        """Push an image, and let tags stand for it."""
        for blob in image.blobs.values():
            self.push_at_once(blob)
        for reference in tags or (image.digest,):
            self.put_manifest(reference, image.manifest)
        return image

    def put_at(self, digest: str, blob: bytes) -> httpx.Response:
        """Push a blob under a digest, whatever comes of it."""
        return self.send("POST", f"blobs/uploads/?digest={digest}", blob, headers=OCTETS)

    def pull(self, reference: str) -> Image:
        """Pull an image as clients do; what is wrong with it fails."""
        answer = self.get("manifests", reference)
        assert answer.status_code == 200, f"{reference}: {answer.status_code} {answer.text[:300]}"
        if ":" in reference:
            assert digest_of(answer.content) == reference
        document: dict[str, Any] = json.loads(answer.content)
        blobs = {}
        for part in (document["config"], *document["layers"]):
            blob = self.get("blobs", part["digest"])
            assert blob.status_code == 200, f"{part['digest']}: {blob.status_code} {blob.text[:300]}"
            assert digest_of(blob.content) == part["digest"], f"{part['digest']} came as {len(blob.content)} octets"
            blobs[part["digest"]] = blob.content
        return Image(answer.content, blobs)

    def status(self, reference: str) -> int:
        """Return with which status a manifest is answered."""
        return self.get("manifests", reference).status_code


def _describe(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
