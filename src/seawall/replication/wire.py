"""How rows travel between regions: JSON, checked row by row before anything is believed. Pure but for the clock given.

A region that sends something false, by a fault of its own or on purpose, is refused as a whole: its log is not read
past the place, nothing of the answer is recorded, and its operator is told what it was.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Boolean, LargeBinary

from seawall.blobs.digest import digest_of, parse_digest
from seawall.metadata import principals, tags
from seawall.metadata.clock import seconds_of
from seawall.metadata.log import Head, Row
from seawall.metadata.schema import BLOB_LINK, MANIFEST, PRINCIPAL, REGION, REPLICATED, SIGNING_KEY, TAG
from seawall.naming import check_region, check_registry, check_repository
from seawall.registry.document import read_document
from seawall.replication.shapes import check_document, check_signing_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Column, Table

__all__ = ["MOST_AHEAD_SECONDS", "WireError", "read_place", "read_rows", "write_rows"]

MOST_AHEAD_SECONDS: Final = 24 * 3600.0
"""How far another region's clock may be ahead: what it writes would outdo everybody else's writes for as long."""

_TABLES: Final = {table.name: table for table in REPLICATED}
_LARGEST: Final = 2**63
_LONGEST_ERROR: Final = 500
_LONGEST_EPOCH: Final = 64
_LOCAL: Final = "sequence"
_ADDED: Final = "created"


class WireError(ValueError):
    """Rows cannot be believed. The message says which and why."""


def write_rows(rows: Iterable[Row]) -> list[Any]:
    """Write rows for JSON."""
    return [[row.table.name, {name: _plain(value) for name, value in row.values.items()}] for row in rows]


def read_rows(value: object, now: float) -> list[Row]:
    """Read and check rows.

    Args:
        value: What JSON held.
        now: Seconds since 1970.

    Raises:
        WireError: Something about them is false.
    """
    if not isinstance(value, list):
        raise WireError("rows must be a list")
    try:
        return [_row(entry, now) for entry in value]
    except WireError as error:
        # What it says is partly the other side's words.
        raise WireError(ascii(str(error))[1:-1][:_LONGEST_ERROR]) from None


def read_place(epoch: object, sequence: object) -> Head:
    """Read a place in a log.

    Raises:
        WireError: It is none.
    """
    named = isinstance(epoch, str) and len(epoch) <= _LONGEST_EPOCH and epoch.isascii()
    if not named or type(sequence) is not int or not 0 <= sequence < _LARGEST:
        raise WireError("that is no place in a log")
    return Head(str(epoch), sequence)


def _row(entry: object, now: float) -> Row:
    match entry:
        case [str(name), dict(values)] if name in _TABLES:
            table = _TABLES[name]
        case _:
            raise WireError(f"no row: {str(entry)[:80]}")
    columns = {column.name: column for column in table.columns if column.name != _LOCAL}
    if _ADDED in columns:
        # An older Seawall does not say when it was made, and keeps nothing earlier than the last write.
        values = {_ADDED: values.get("clock"), **values}
    if columns.keys() != values.keys():
        raise WireError(f"a row of {name} has other columns: {', '.join(map(str, columns.keys() ^ values.keys()))}")
    read = {column: _value(table, columns[column], values[column]) for column in columns}
    ahead = seconds_of(read["clock"]) - now
    if ahead > MOST_AHEAD_SECONDS:
        raise WireError(f"the clock of {read['origin']} is {ahead / 3600:.0f} hours ahead of this region's")
    try:
        _check(table, read)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WireError(f"a row of {name} is false: {error}") from None
    return Row(table, read)


def _value(table: Table, column: Column[Any], value: object) -> Any:  # noqa: ANN401 - columns have many types
    match column.type:
        case Boolean() if isinstance(value, bool):
            return value
        case BigInteger() if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
            return value
        case LargeBinary() if isinstance(value, str):
            try:
                return base64.b64decode(value, validate=True)
            except ValueError:
                pass
        case Boolean() | BigInteger() | LargeBinary():
            pass
        case _ if isinstance(value, str) and "\0" not in value and _is_text(value):
            return value
    raise WireError(f"{table.name}.{column.name} is {str(value)[:80]!r}")


def _is_text(value: str) -> bool:
    # JSON can hold halves of surrogate pairs, which no database takes.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(table: Table, row: dict[str, Any]) -> None:
    check_region(row["origin"])
    if "registry" in row and not (table is PRINCIPAL and row["registry"] == principals.CLOUD):
        check_registry(row["registry"])
    if "repository" in row:
        check_repository(row["repository"])
    if "document" in row:
        check_document(table, row, json.loads(row["document"]))
    if table is REGION:
        check_region(row["region"])
    if table is SIGNING_KEY and not row["deleted"]:
        check_signing_key(row)
    if table is TAG and not tags.GRAMMAR.fullmatch(row["name"]):
        raise WireError(f"tag {row['name'][:80]!r}")
    if row.get(_ADDED, 0) > row["clock"]:
        raise WireError("it was made later than it was written last")
    if table in {TAG, BLOB_LINK, MANIFEST}:
        parse_digest(row["digest"])
    if table is MANIFEST:
        if row["buried"] > row["clock"]:
            raise WireError(f"manifest {row['digest']} was deleted later than it was written last")
        if not row["deleted"]:
            _check_manifest(row)


def _check_manifest(row: dict[str, Any]) -> None:
    """Hold a manifest's bytes against its digest, and what is said of it against the bytes."""
    body: bytes = row["body"]
    algorithm = row["digest"].partition(":")[0]
    if digest_of(body, algorithm) != row["digest"]:
        raise WireError(f"the bytes sent for manifest {row['digest']} have another digest")
    document = read_document(body, row["media_type"])
    said = (row["media_type"], row["size"], row["artifact_type"], row["subject"], json.loads(row["annotations"]))
    subject = document.subject or ""
    if said != (document.media_type, len(body), document.artifact_type, subject, document.annotations):
        raise WireError(f"what is said of manifest {row['digest']} is not what it says itself")


def _plain(value: object) -> object:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
