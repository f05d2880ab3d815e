"""Taking a blob that a region brings because nobody can come to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall import bodies
from seawall.blobs.contract import UploadBusyError
from seawall.errors import ApiError
from seawall.metadata import wants
from seawall.replication.contract import PeerError
from seawall.replication.copying import keep

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database

__all__ = ["receive"]


async def receive(database: Database, store: BlobStore, region: str, digest: Digest, request: Request) -> None:
    """Take a blob's bytes, if they are wanted here.

    Raises:
        ApiError: 409 if they are not, or not now; 400 if they are other bytes.
    """
    wanted = await database.read(wants.waiting, [digest])
    if not wanted:
        raise ApiError(409, "UNSUPPORTED", "this blob is not wanted")
    try:
        await keep(store, bodies.chunks(request), region, digest, wanted[0].size)
    except UploadBusyError:
        raise ApiError(409, "UNSUPPORTED", "this blob is on its way already") from None
    except PeerError as error:
        raise ApiError(400, "DIGEST_INVALID", str(error)) from None
    await database.note(wants.done, [digest])
