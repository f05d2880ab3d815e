"""The bytes: a whole layer, from wherever the registry sends for it, and whether they are the right ones."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found

if TYPE_CHECKING:
    from seawall.check.chase import End
    from seawall.check.limits import Limits
    from seawall.check.manifest import Layer

__all__ = ["download"]


async def download(end: End, layer: Layer, limits: Limits, *, elsewhere: bool) -> tuple[None, Found]:
    """Read a layer to its end, or as much as is read of large ones.

    Args:
        end: Where the redirects ended.
        layer: What is expected.
        limits: How much is read, and how long is waited.
        elsewhere: Whether a link was followed, not the registry itself asked.

    Raises:
        Fault: It does not come, not to its end, or not as promised.
    """
    talk, head = end.talk, end.head
    if head.status != 200:
        raise await _refused(end, elsewhere=elsewhere)
    sort = printable(head.headers.get("content-type", ""))
    digest = hashlib.new(layer.digest.partition(":")[0])
    began = time.monotonic()
    count, first = 0, 0.0
    try:
        async for piece in talk.pieces():
            first = first or time.monotonic() - began
            digest.update(piece)
            count += len(piece)
            if count > min(layer.size, limits.layer):
                break
    except Fault as fault:
        raise Fault(fault.cause, f"{fault.said}: {count:,} of {layer.size:,} bytes came", *fault.evidence) from None
    took = max(time.monotonic() - began, 1e-6)
    rate = f"{count / took / 1e6:.1f} MB/s"
    evidence = (("bytes", f"{count:,} of {layer.size:,}"), ("first byte", f"{(head.seconds + first) * 1000:.0f} ms"))
    if count > layer.size:
        raise Fault(Cause.DIGEST, f"more comes than the {layer.size:,} bytes that were promised", *evidence)
    if count > limits.layer:
        return None, Found(f"the first {count:,} bytes of {layer.size:,}, at {rate}; not read to the end", evidence)
    if count < layer.size:
        raise Fault(Cause.BROKEN_OFF, f"ends after {count:,} of {layer.size:,} bytes", *evidence)
    got = f"{layer.digest.partition(':')[0]}:{digest.hexdigest()}"
    if got != layer.digest:
        told = (("promised", layer.digest), ("got", got), ("content type", sort))
        raise Fault(Cause.DIGEST, "the bytes are not what the digest promises", *told, *evidence)
    return None, Found(f"a whole layer of {count:,} bytes, as its digest promises, at {rate}", evidence)


async def _refused(end: End, *, elsewhere: bool) -> Fault:
    answer = await end.door.rest(end.talk, end.head)
    fault = refusal(answer, "the layer", known=True)
    # What a data endpoint says of a link is about the link: nobody signs in there.
    if elsewhere and fault.cause in {Cause.SIGN_IN, Cause.FORBIDDEN, Cause.NO_IMAGE, Cause.NOT_A_REGISTRY}:
        return Fault(Cause.LINK_REFUSED, f"answers the link with {answer.status}", *fault.evidence)
    return fault
