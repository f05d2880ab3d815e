"""Somebody else's registry, over HTTPS, as any client speaks with it.

Sources: OCI distribution specification, "Pull"; distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import httpx

from seawall.blobs.contract import DigestMismatchError
from seawall.blobs.digest import DEFAULT_ALGORITHM, DigestError, digest_of, parse_digest
from seawall.check.token import same_owner
from seawall.importing.contract import ImportFailure
from seawall.metadata.manifests import Manifest
from seawall.network import address_of
from seawall.registry.document import IMAGE_TYPES, INDEX_TYPES
from seawall.registry.push import LARGEST_MANIFEST
from seawall.registry.uploads import LARGEST_BLOB

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from seawall.blobs.contract import BlobStore, Upload
    from seawall.blobs.digest import Digest
    from seawall.importing.contract import Source

__all__ = ["Remote", "connected"]

_SECONDS: Final = 30.0
_PARAMETER: Final = re.compile(r'([a-zA-Z]+)="([^"]*)"')
_LARGEST_TOKEN: Final = 64 * 1024
_BATCH: Final = 2 << 20
"""Octets gathered before a thread is asked to write and hash them."""


@asynccontextmanager
async def connected(source: Source) -> AsyncGenerator[Remote]:
    """Connect to the registry that an image is in."""
    # A proxy and further authorities are the environment's to name, as for any client.
    async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=True, max_redirects=5) as client:
        yield Remote(client, source)


class Remote:
    """A repository of somebody else's."""

    def __init__(self, client: httpx.AsyncClient, source: Source) -> None:
        self._client = client
        self._source = source
        self._base = f"https://{source.host}/v2/{source.repository}"
        self._authorization = ""

    async def manifest(self, reference: str) -> Manifest:
        """Return a manifest by tag or digest.

        Raises:
            ImportFailure: It cannot be had, or is something else.
        """
        headers = {"Accept": ", ".join(sorted(INDEX_TYPES | IMAGE_TYPES))}
        async with self._opened(f"{self._base}/manifests/{reference}", headers) as answer:
            body = await _whole(answer, LARGEST_MANIFEST)
            media_type = answer.headers.get("content-type", "").partition(";")[0].strip()
        try:
            wanted = parse_digest(reference) if ":" in reference else None
        except DigestError as error:
            raise ImportFailure(400, "InvalidRequest", str(error)) from None
        digest = digest_of(body, wanted.partition(":")[0] if wanted else DEFAULT_ALGORITHM)
        if wanted is not None and digest != wanted:
            raise self._failure(f"it gives {digest} for {wanted}")
        return Manifest(digest, media_type, body)

    async def fetch(self, store: BlobStore, digest: Digest) -> int:
        """Download a blob, unless it is here; wherever the download is led to, the password does not go along.

        Raises:
            ImportFailure: It cannot be had, or is something else.
        """
        here = store.size(digest)
        if here is not None:
            return here
        owner = f"import\n{self._source}"
        identifier = await asyncio.to_thread(store.begin, owner, digest.partition(":")[0])
        with store.upload(identifier, owner) as upload:
            try:
                async with self._opened(f"{self._base}/blobs/{digest}", {}) as answer:
                    await self._receive(answer, upload)
                return await asyncio.to_thread(upload.finish, digest)
            except DigestMismatchError:
                raise self._failure(f"it gives other octets for blob {digest}") from None
            except httpx.HTTPError as error:
                upload.cancel()
                raise self._failure(f"blob {digest} broke off ({type(error).__name__})") from None
            except BaseException:
                upload.cancel()
                raise

    async def _receive(self, answer: httpx.Response, upload: Upload) -> None:
        batch: list[bytes] = []
        gathered = total = 0
        async for part in answer.aiter_raw():
            batch.append(part)
            gathered += len(part)
            total += len(part)
            if total > LARGEST_BLOB:
                raise self._failure(f"a blob is larger than {LARGEST_BLOB} octets")
            if gathered >= _BATCH:
                await asyncio.to_thread(upload.append, batch)
                batch, gathered = [], 0
        await asyncio.to_thread(upload.append, batch)

    @asynccontextmanager
    async def _opened(self, url: str, headers: dict[str, str]) -> AsyncGenerator[httpx.Response]:
        # Not compressed: digests are of the octets themselves.
        headers = {**headers, "Accept-Encoding": "identity"}
        for attempt in (1, 2):
            more = {"Authorization": self._authorization} if self._authorization else {}
            request = self._client.build_request("GET", url, headers=headers | more)
            try:
                answer = await self._client.send(request, stream=True)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise self._failure(f"it does not answer ({str(error) or type(error).__name__})") from None
            try:
                if answer.status_code == 401 and attempt == 1:
                    self._authorization = await self._sign_in(answer.headers.get("www-authenticate", ""))
                    continue
                if answer.status_code != 200:
                    raise self._refusal(answer.status_code)
                yield answer
                return
            finally:
                await answer.aclose()

    async def _sign_in(self, challenge: str) -> str:
        source = self._source
        scheme, _, rest = challenge.partition(" ")
        known = (source.username, source.password) if source.username else None
        if scheme.lower() == "basic" and known:
            return httpx.BasicAuth(*known)._auth_header  # noqa: SLF001 - what it would send
        told = dict(_PARAMETER.findall(rest))
        realm = httpx.URL(told.get("realm", ""))
        if scheme.lower() != "bearer" or realm.scheme != "https":
            raise self._failure("it asks to sign in in a way that is not known here")
        if known and not _same_owner(realm.host, source.host.partition(":")[0]):
            raise self._failure(f"it would have the password sent to {realm.host}, which belongs to somebody else")
        scope = told.get("scope") or f"repository:{source.repository}:pull"
        query = {"scope": scope} | ({"service": told["service"]} if "service" in told else {})
        try:
            answer = await self._client.get(realm, params=query, auth=known)
            token = answer.json() if len(answer.content) <= _LARGEST_TOKEN else {}
        except (httpx.HTTPError, ValueError):
            raise self._failure("its token service gives none") from None
        value = (token.get("token") or token.get("access_token")) if isinstance(token, dict) else None
        if answer.status_code != 200 or not isinstance(value, str):
            raise self._refusal(401)
        return f"Bearer {value}"

    def _refusal(self, status: int) -> ImportFailure:
        if status == 404:
            return ImportFailure(404, "SourceNotFound", f"there is no {self._source}")
        if status in {401, 403}:
            return ImportFailure(
                400,
                "SourceAccessDenied",
                f"{self._source} may not be read: say --username and --password of its registry",
            )
        if status == 429:
            return ImportFailure(429, "SourceThrottled", f"{self._source.host} has had too many requests; try later")
        return self._failure(f"it answers {status}")

    def _failure(self, why: str) -> ImportFailure:
        return ImportFailure(502, "SourceFailed", f"{self._source} cannot be read: {why}")


def _same_owner(host: str, other: str) -> bool:
    """Say whether two hosts belong to one owner; this machine has several names."""
    return same_owner(host, other) or (_is_here(host) and _is_here(other))


def _is_here(host: str) -> bool:
    address = address_of(host)
    return host == "localhost" or (address is not None and address.is_loopback)


async def _whole(answer: httpx.Response, most: int) -> bytes:
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > most:
            raise ImportFailure(400, "InvalidSource", f"the manifest is larger than {most} octets")
    return body
