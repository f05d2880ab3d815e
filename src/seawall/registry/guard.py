"""Holding requests to the locks that are set; writes and deletes within the transaction that does them.

The service refuses what a lock is against with 405, as an operation that is disallowed (Azure/azure-sdk-for-net#22827),
and lets nothing be deleted that must not be written (Azure/acr#561): its documentation locks images by that alone. What
it answers where reading or listing is off it does not say; here reading is refused alike, and what is not to be listed
is left out of lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.blobs.digest import Digest
from seawall.errors import ApiError
from seawall.metadata import locks, manifests, tags
from seawall.metadata.locks import Right
from seawall.registry.document import read_document

if TYPE_CHECKING:
    from collections.abc import Collection

    from seawall.metadata.manifests import Manifest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = [
    "check_blob_delete",
    "check_delete",
    "check_repository_delete",
    "check_tag_delete",
    "check_write",
    "refusal",
]

_AGAINST_DELETING: Final = (Right.DELETE, Right.WRITE)


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
                raise refusal(name if name in locked else locks.REPOSITORY_ITSELF, repository, Right.WRITE)
    if locks.REPOSITORY_ITSELF in locked and manifests.by_digest(connection, repository, digest) is None:
        raise refusal(locks.REPOSITORY_ITSELF, repository, Right.WRITE)


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


def check_repository_delete(writer: Writer, repository: Repository) -> None:
    """Refuse to delete a repository that is locked, or in which anything is.

    Raises:
        ApiError: 405.
    """
    for right in _AGAINST_DELETING:
        for name in _locked_here(writer, repository, right):
            raise refusal(name, repository, right)


def check_blob_delete(writer: Writer, repository: Repository, digest: Digest) -> None:
    """Refuse to take a blob from a repository that is locked, or from a manifest that is.

    Raises:
        ApiError: 405.
    """
    for right in _AGAINST_DELETING:
        for name, manifest in _locked_here(writer, repository, right).items():
            if manifest is None or digest in read_document(manifest.body, manifest.media_type).blobs:
                raise refusal(name, repository, right)


def refusal(name: str, repository: Repository, right: Right) -> ApiError:
    """Word the refusal of what a lock is against.

    Args:
        name: What is locked: a tag, a digest, or the repository itself.
        repository: Where it is.
        right: The right that is withheld.
    """
    what = f"{repository.name}{'@' if ':' in name else ':'}{name}" if name else f"repository {repository.name}"
    return ApiError(
        405, "UNSUPPORTED", f"{what} is locked against {right.value}; see 'seawall lock'", detail={"locked": name}
    )


def _check(writer: Writer, repository: Repository, names: Collection[str]) -> None:
    for right in _AGAINST_DELETING:
        locked = locks.withheld(writer.connection, repository, names, right)
        if locked:
            raise refusal(locked[0], repository, right)


def _locked_here(writer: Writer, repository: Repository, right: Right) -> dict[str, Manifest | None]:
    """Find what of a repository is locked and there, each with its manifest; the repository itself has none."""
    found: dict[str, Manifest | None] = {}
    for name in locks.names_without(writer.connection, repository, right):
        if name == locks.REPOSITORY_ITSELF:
            found[name] = None
            continue
        by = manifests.by_digest if ":" in name else manifests.by_tag
        manifest = by(writer.connection, repository, Digest(name))
        if manifest is not None:
            found[name] = manifest
    return found
