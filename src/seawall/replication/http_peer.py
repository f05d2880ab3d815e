"""Another region's node, asked over HTTPS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx

from seawall.blobs.digest import DigestError, parse_digest
from seawall.replication.bulk import BulkTransport
from seawall.replication.contract import Changes, PeerError
from seawall.replication.wire import WireError, read_place, read_rows, write_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from seawall.blobs.digest import Digest
    from seawall.metadata.log import Head, Row
    from seawall.metadata.regions import Region
    from seawall.replication.contract import Question

__all__ = ["PREFIX", "HttpPeer", "bulk_client_for", "client_for"]

PREFIX: Final = "/replication/v1"

_CONNECT_SECONDS: Final = 3.0
_BEGINNING_SECONDS: Final = 4.0
_SILENT_SECONDS: Final = 10.0
"""How long a region may send nothing in the middle of an answer."""
_GIVING_SECONDS: Final = 60.0
"""How long a region that is given a blob may take nothing, or say nothing when it has all of it."""
_LARGEST_ANSWER: Final = 64 * 1024 * 1024
_LARGEST_REFUSAL: Final = 64 * 1024
_CHUNK: Final = 1 << 20
# The last is what a client says that was closed because the region's address changed.
_FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, RuntimeError)
# Longer than a node waits between two questions: a new connection costs two round trips.
_IDLE_SECONDS: Final = 300.0


def client_for(region: Region, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Make a client that trusts a region's node and nobody else."""
    if transport is None:
        limits = httpx.Limits(max_connections=64, keepalive_expiry=_IDLE_SECONDS)
        # No proxy from the environment: these are roads of our own, and answers are believed by their certificate.
        transport = httpx.AsyncHTTPTransport(verify=_trust(region), limits=limits, trust_env=False)
    timeout = httpx.Timeout(_SILENT_SECONDS, connect=_CONNECT_SECONDS)
    return httpx.AsyncClient(base_url=region.url, transport=transport, timeout=timeout, trust_env=False)


def bulk_client_for(region: Region) -> httpx.AsyncClient:
    """Make a client for a region's blobs."""
    return client_for(region, BulkTransport(_trust(region)))


def _trust(region: Region) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=region.authority or None)


class HttpPeer:
    """The :class:`~seawall.replication.contract.Peer` behind a URL."""

    def __init__(
        self, region: str, client: httpx.AsyncClient, token: str, bulk: httpx.AsyncClient | None = None
    ) -> None:
        """Take the region's name, a client for its node, the token it knows this node by, and a client for blobs."""
        self.region = region
        self._client = client
        self._bulk = bulk or client
        self._headers = {"Authorization": f"Bearer {token}"}

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()
        await self._bulk.aclose()

    async def changes(self, read: Head, wait_seconds: float) -> Changes:
        """Read on in its log."""
        asked = {"epoch": read.epoch, "after": str(read.sequence), "wait": f"{wait_seconds:.3f}"}
        answer = await self._ask("GET", "/changes", params=asked, patience=wait_seconds + _SILENT_SECONDS)
        return await self._changes(answer)

    async def offer(self, after: int, changes: Changes) -> None:
        """Give it a part of this node's log."""
        document = {
            "epoch": changes.read.epoch,
            "after": after,
            "upto": changes.read.sequence,
            "head": changes.head,
            "rows": await asyncio.to_thread(write_rows, changes.rows),
        }
        await self._ask("POST", "/changes", document=document)

    async def read_of_mine(self) -> Head:
        """Ask how far it has read this node's log."""
        answer = await self._ask("GET", "/position")
        return self._head(answer, "after")

    async def wants(self, last: str) -> Sequence[Digest]:
        """Ask which blobs it wants, behind a digest."""
        answer = await self._ask("GET", "/wants", params={"last": last})
        try:
            return [parse_digest(text) for text in answer["wants"]]
        except (KeyError, TypeError, AttributeError, DigestError) as error:
            raise self._false(f"what it wants cannot be read: {error}") from None

    async def lookup(self, question: Question) -> Sequence[Row]:
        """Ask for the rows that concern a question."""
        answer = await self._ask("POST", "/lookup", document=_document(question))
        return await self._rows(answer)

    async def status(self) -> dict[str, Any]:
        """Ask how it stands, see :func:`seawall.replication.status.node`."""
        return await self._ask("GET", "/status")

    async def image(self, question: Question) -> dict[str, Any]:
        """Ask what it has of an image, see :func:`seawall.replication.status.image`."""
        return await self._ask("POST", "/image", document=_document(question))

    async def leave(self) -> None:
        """Ask it to let this region take part no longer."""
        await self._ask("POST", "/leave")

    async def has(self, digest: Digest) -> bool:
        """Say whether it holds a blob's bytes."""
        try:
            await self._ask("HEAD", f"/blobs/{digest}")
        except PeerError as error:
            if error.absent:
                return False
            raise
        return True

    @asynccontextmanager
    async def blob(self, digest: Digest, start: int, stop: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a blob at an octet."""
        headers = self._headers | {"Range": f"bytes={start}-{stop - 1}"}
        try:
            request = self._bulk.build_request("GET", f"{PREFIX}/blobs/{digest}", headers=headers)
            # Whoever does not even begin is better left soon, since another region may have it.
            response = await asyncio.wait_for(self._bulk.send(request, stream=True), _BEGINNING_SECONDS)
        except TimeoutError:
            message = f"it has not begun to answer after {_BEGINNING_SECONDS:.0f} seconds"
            raise PeerError(self.region, message, silent=True) from None
        except _FAILURES as error:
            raise self._unreachable(error) from None
        try:
            if response.status_code != 206:
                with contextlib.suppress(*_FAILURES):
                    await _read_out(response)
                raise self._refused(response.status_code)
            yield self._parts(response)
        finally:
            await response.aclose()

    async def give(self, digest: Digest, size: int, parts: AsyncIterator[bytes]) -> None:
        """Give it a blob."""
        await self._ask("PUT", f"/blobs/{digest}", content=parts, length=size, patience=None)

    async def _parts(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            # As they come: what is gathered first is lost when the connection breaks, and somebody may be waiting.
            async for part in response.aiter_raw():
                yield part
        except _FAILURES as error:
            raise self._unreachable(error) from None

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        document: object = None,
        content: AsyncIterator[bytes] | None = None,
        length: int = 0,
        patience: float | None = _SILENT_SECONDS,
    ) -> dict[str, Any]:
        """Ask something that is answered with a JSON object, all of it within a time in seconds."""
        headers = dict(self._headers)
        body: bytes | AsyncIterator[bytes] | None = content
        if content is not None:
            headers["Content-Length"] = str(length)
        elif document is not None:
            body = await asyncio.to_thread(lambda: json.dumps(document).encode())
            headers["Content-Type"] = "application/json"
        try:
            # Also an answer that trickles has an end: silence is not the only way to be held up.
            async with asyncio.timeout(patience):
                request = self._client.stream(
                    method,
                    PREFIX + path,
                    params=params,
                    content=body,
                    headers=headers,
                    timeout=httpx.Timeout(patience or _GIVING_SECONDS, connect=_CONNECT_SECONDS),
                )
                async with request as response:
                    if response.status_code != 200 or method == "HEAD":
                        await _read_out(response)
                    if response.status_code != 200:
                        raise self._refused(response.status_code)
                    return {} if method == "HEAD" else await self._document(response)
        except TimeoutError:
            message = f"its answer took longer than {patience:.0f} seconds"
            raise PeerError(self.region, message, silent=True) from None
        except _FAILURES as error:
            raise self._unreachable(error) from None

    async def _document(self, response: httpx.Response) -> dict[str, Any]:
        gathered = bytearray()
        async for part in response.aiter_raw(_CHUNK):
            gathered += part
            if len(gathered) > _LARGEST_ANSWER:
                raise self._false(f"it has more than {_LARGEST_ANSWER} octets")
        try:
            value = await asyncio.to_thread(json.loads, bytes(gathered))
        except (ValueError, RecursionError):
            raise self._false("it is no JSON; is another server there?") from None
        if not isinstance(value, dict):
            raise self._false("it is no JSON object")
        return value

    async def _changes(self, answer: dict[str, Any]) -> Changes:
        read = self._head(answer, "upto")
        head = self._head(answer, "head")
        if head.sequence < read.sequence:
            raise self._false("its log ends before what it sent of it")
        return Changes(read, head.sequence, await self._rows(answer))

    def _head(self, answer: dict[str, Any], name: str) -> Head:
        try:
            return read_place(answer.get("epoch"), answer.get(name))
        except WireError as error:
            raise self._false(str(error)) from None

    async def _rows(self, answer: dict[str, Any]) -> Sequence[Row]:
        try:
            return await asyncio.to_thread(read_rows, answer.get("rows"), time.time())
        except WireError as error:
            raise self._false(str(error)) from None

    def _refused(self, status: int) -> PeerError:
        meaning = {
            401: "it does not know this region; was it removed?",
            404: "it has not what was asked for",
            421: "another server answers at its address",
        }.get(status, f"it answered with {status}")
        return PeerError(self.region, meaning, absent=status == 404)

    def _false(self, why: str) -> PeerError:
        return PeerError(self.region, f"its answer cannot be used: {why}")

    def _unreachable(self, error: Exception) -> PeerError:
        words = str(error) or type(error).__name__
        return PeerError(self.region, f"it cannot be reached at {self._client.base_url}: {words}", silent=True)


async def _read_out(response: httpx.Response) -> None:
    """Read the rest of a short answer, so that the connection can be used again: a new one takes two round trips."""
    room = _LARGEST_REFUSAL
    async for part in response.aiter_raw():
        room -= len(part)
        if room < 0:
            return


def _document(question: Question) -> dict[str, object]:
    repository = question.repository
    return {
        "registry": repository.registry,
        "repository": repository.name,
        "references": question.references,
        "blobs": question.blobs,
    }
