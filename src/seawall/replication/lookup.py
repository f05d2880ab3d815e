"""The rows that concern a manifest: what another region needs to serve it, or to take a manifest that refers to it.

Locks are among them: what one region must not give out, no other one may either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from seawall.metadata import tags
from seawall.metadata.batches import AT_ONCE, batches
from seawall.metadata.locks import REPOSITORY_ITSELF
from seawall.metadata.log import Row
from seawall.metadata.schema import BLOB_LINK, LOCK, MANIFEST, REPOSITORY, TAG
from seawall.registry.document import read_document

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection, Table

    from seawall.metadata.repositories import Repository
    from seawall.replication.contract import Question

__all__ = ["rows_about"]

_MOST_MANIFESTS: Final = 200
"""Manifests in one answer; what an index has beyond them is asked for when it is needed."""
_MOST_OCTETS: Final = 4 * 1024 * 1024
"""Octets of manifests in one answer, for which a client is waiting; one more may go beyond."""


def rows_about(connection: Connection, question: Question) -> list[Row]:
    """Find the rows about manifests (their tags, children, referrers and links to blobs) and about blobs."""
    here = question.repository
    found: list[Row] = []
    digests: list[str] = [reference for reference in question.references if ":" in reference]
    names = [reference for reference in question.references if tags.GRAMMAR.fullmatch(reference)]
    for row in _rows(connection, TAG, here, "name", names):
        found.append(row)
        digests.append(row.values["digest"])
    manifests, blobs = _manifests(connection, here, digests)
    found += manifests
    found += _rows(connection, BLOB_LINK, here, "digest", {*blobs, *question.blobs})
    if found:
        found += _rows(connection, REPOSITORY, here, "repository", [here.name])
        # A lock must not come later than what it is on.
        locked = {row.values["name"] for row in found if row.table is TAG} | {row.values["digest"] for row in manifests}
        found += _rows(connection, LOCK, here, "name", {REPOSITORY_ITSELF, *locked})
    return found


def _manifests(connection: Connection, here: Repository, digests: Collection[str]) -> tuple[list[Row], set[str]]:
    """Walk from manifests down to their children, and back to what refers to any of them, as far as there is room."""
    found: dict[str, Row] = {}
    blobs: set[str] = set()
    room = _MOST_OCTETS
    asked: set[str] = set()
    wanted = set(digests)
    while wanted and len(found) < _MOST_MANIFESTS and room > 0:
        sizes = _sizes(connection, here, wanted, _MOST_MANIFESTS - len(found))
        asked |= wanted
        wanted = set()
        chosen = []
        for digest, size in sizes.items():
            # One is sent however large it is: each was smaller than a manifest may be when it came.
            if digest not in found and (room > 0 or not found):
                chosen.append(digest)
                room -= size
        for row in _rows(connection, MANIFEST, here, "digest", chosen):
            found[row.values["digest"]] = row
            if not row.values["deleted"]:
                document = read_document(row.values["body"], row.values["media_type"])
                blobs.update(document.blobs)
                wanted |= {row.values["digest"], *document.manifests}
        wanted -= asked
    return list(found.values()), blobs


def _sizes(connection: Connection, here: Repository, digests: Collection[str], limit: int) -> dict[str, int]:
    """Find how large manifests are, and those that refer to them; the ones asked for come first."""
    found: dict[str, int] = {}
    ordered = sorted(digests)[:AT_ONCE]
    for column in (MANIFEST.c.digest, MANIFEST.c.subject):
        query = (
            select(MANIFEST.c.digest, func.length(MANIFEST.c.body).label("octets"))
            .where(MANIFEST.c.registry == here.registry, MANIFEST.c.repository == here.name, column.in_(ordered))
            .order_by(MANIFEST.c.digest)
            .limit(max(0, limit - len(found)))
        )
        found |= {row.digest: row.octets for row in connection.execute(query)}
    return found


def _rows(connection: Connection, table: Table, here: Repository, column: str, values: Collection[str]) -> list[Row]:
    found: list[Row] = []
    for some in batches(sorted(values)):
        query = select(*(one for one in table.c if one.name != "sequence")).where(
            table.c.registry == here.registry,
            table.c.repository == here.name,
            table.c[column].in_(some),
        )
        found += [Row(table, _plain(row)) for row in connection.execute(query)]
    return found


def _plain(row: Any) -> dict[str, Any]:  # noqa: ANN401 - a row of any table
    return dict(row._mapping)  # noqa: SLF001 - public, in spite of its name
