"""Manifests: from a repository and a tag to layers that can be downloaded.

Source: OCI image specification, "Image Manifest" and "Image Index".
"""

from __future__ import annotations

import hashlib
import platform
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.check.cause import Cause
from seawall.check.limits import MOST_MANIFEST
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.check.chase import Chase

__all__ = ["Layer", "manifest"]

_ACCEPT: Final = {
    "Accept": ", ".join(
        (
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        )
    )
}
_DIGEST: Final = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_LARGEST: Final = 1 << 62
"""Octets of a layer that anybody could mean."""


class Layer(NamedTuple):
    """A blob to download.

    Attributes:
        digest: What it must hash to.
        size: How long it must be, in octets.
    """

    digest: str
    size: int


async def manifest(chase: Chase, signed: Mapping[str, str], repository: str, reference: str) -> tuple[Layer, Found]:
    """Read an image's manifest, and choose a layer: the smallest that is not empty, since any shows the way.

    Raises:
        Fault: There is none, or none that names a layer.
    """
    document, digest = await _get(chase, signed, repository, reference)
    if isinstance(document.get("manifests"), list):
        document, digest = await _get(chase, signed, repository, _child(document["manifests"]))
    rows = document.get("layers")
    layers = [layer for one in (rows if isinstance(rows, list) else ()) if (layer := _layer(one)) is not None]
    config = _layer(document.get("config"))
    chosen = min((one for one in layers if one.size), key=lambda one: one.size, default=config)
    if chosen is None:
        raise Fault(Cause.NO_IMAGE, "its manifest names no layer that could be downloaded", ("digest", digest))
    total = sum(one.size for one in layers)
    evidence = (("digest", digest), ("layers", f"{len(layers)}, {total:,} bytes"), ("checked", chosen.digest))
    return chosen, Found(f"an image of {len(layers)} layers", evidence)


async def _get(chase: Chase, signed: Mapping[str, str], repository: str, reference: str) -> tuple[dict[str, Any], str]:
    end = await chase.ask(Kind.MANIFEST, f"/v2/{repository}/manifests/{reference}", _ACCEPT, signed)
    try:
        answer = await end.door.rest(end.talk, end.head, MOST_MANIFEST)
    finally:
        await end.door.leave(end.talk)
    if answer.status != 200:
        raise refusal(answer, "the manifest", signed_in="Authorization" in signed, known=True)
    if not answer.whole:
        raise Fault(Cause.NO_IMAGE, f"its manifest is longer than the {MOST_MANIFEST:,} bytes that any may have")
    named = reference if ":" in reference else answer.headers.get("docker-content-digest", "")
    algorithm = "sha512" if named.startswith("sha512:") else "sha256"
    digest = f"{algorithm}:{hashlib.new(algorithm, answer.body).hexdigest()}"
    if _DIGEST.fullmatch(named) and named != digest:
        raise Fault(
            Cause.DIGEST, "the manifest's bytes are not what its digest promises", ("promised", named), ("got", digest)
        )
    document = answer.document()
    if not document:
        raise Fault(Cause.NOT_A_REGISTRY, "the manifest is none", ("answer", answer.words()))
    return document, digest


def _child(children: list[Any]) -> str:
    """Choose the image for this machine, or else the first."""
    mine = _MACHINES.get(platform.machine(), platform.machine())
    known = [one for one in children if isinstance(one, dict) and _DIGEST.fullmatch(str(one.get("digest"))[:200])]
    if not known:
        raise Fault(Cause.NO_IMAGE, "its index names no image")

    def is_other(one: dict[str, Any]) -> bool:
        place = one.get("platform")
        return not (isinstance(place, dict) and place.get("architecture") == mine and place.get("os") == "linux")

    return str(min(known, key=is_other)["digest"])


def _layer(one: object) -> Layer | None:
    if not isinstance(one, dict):
        return None
    digest, size = one.get("digest"), one.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return None
    # True and False are numbers to Python, and none to anybody else.
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _LARGEST:
        return None
    return Layer(digest, size)
