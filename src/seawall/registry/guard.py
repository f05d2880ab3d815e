"""Holding writes and deletes to the locks that are set, within the transaction that does them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.errors import ApiError
from seawall.metadata import locks, manifests, tags
from seawall.metadata.locks import Right

if TYPE_CHECKING:
    from collections.abc import Collection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["check_delete", "check_tag_delete", "check_write"]


def check_write(writer: Writer, repository: Repository, digest: Digest, names: Collection[str]) -> None:
    """Refuse to push what would change something that is locked; what is there already may be pushed again.

    Raises:
        ApiError: 405.
    """
    connection = writer.connection
    locked = locks.withheld(connection, repository, names, Right.WRITE)
    if not locked:
        return
    for name in names:
        if {name, locks.REPOSITORY_ITSELF} & set(locked):
            stands_for = manifests.by_tag(connection, repository, name)
            if stands_for is None or stands_for.digest != digest:
                raise _locked(name if name in locked else locks.REPOSITORY_ITSELF, repository, Right.WRITE)
    if locks.REPOSITORY_ITSELF in locked and manifests.by_digest(connection, repository, digest) is None:
        raise _locked(locks.REPOSITORY_ITSELF, repository, Right.WRITE)


def check_delete(writer: Writer, repository: Repository, digest: Digest) -> None:
    """Refuse to delete a manifest that is locked, or a tag that goes with it.

    Raises:
        ApiError: 405.
    """
    names = tags.of(writer.connection, repository, digest)
    _check(writer, repository, [digest, *names])


def check_tag_delete(writer: Writer, repository: Repository, name: str) -> None:
    """Refuse to delete a tag that is locked.

    Raises:
        ApiError: 405.
    """
    _check(writer, repository, [name])


def _check(writer: Writer, repository: Repository, names: Collection[str]) -> None:
    locked = locks.withheld(writer.connection, repository, names, Right.DELETE)
    if locked:
        raise _locked(locked[0], repository, Right.DELETE)


def _locked(name: str, repository: Repository, right: Right) -> ApiError:
    what = f"{repository.name}{'@' if ':' in name else ':'}{name}" if name else f"repository {repository.name}"
    return ApiError(
        405, "UNSUPPORTED", f"{what} is locked against {right.value}; see 'seawall lock'", detail={"locked": name}
    )
