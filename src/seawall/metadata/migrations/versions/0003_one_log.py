"""One log for other regions to read: every row's place in it, and a row for each setting.

Revision: 0003
"""

import json
import secrets
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAME: Final = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
_MANIFEST_KEY: Final = ("registry", "repository", "digest")


def upgrade() -> None:
    """Create what is new, number what is there, and take documents apart."""
    _local()
    # What is referred to comes before what refers to it.
    last = _documents("setting", ("registry", "name"), list(_settings()), 0)
    op.drop_table("registry")
    last = _made_anew("scope_map", ("registry", "name"), {"document": sa.Text()}, last)
    principals = list(_principals())
    op.drop_table("principal")
    last = _documents("principal", ("registry", "name", "field"), principals, last)
    last = _made_anew("signing_key", ("purpose", "name"), {"secret": sa.LargeBinary()}, last)
    last = _made_anew("repository", ("registry", "repository"), {}, last)
    last = _blob_links(last)
    last = _manifests(last)
    op.drop_index("tag_by_digest", "tag")
    last = _made_anew("tag", ("registry", "repository", "name"), {"digest": _NAME}, last)
    op.create_index("tag_by_digest", "tag", ["registry", "repository", "digest"], unique=False)
    reported = {"address": _NAME, "document": sa.Text()}
    last = _made_anew("readiness", ("registry", "principal", "client"), reported, last)
    _documents("region", ("region", "field"), [], last)
    _create("lock", ("registry", "repository", "name", "field"), {"allowed": sa.Boolean()})
    _log(last)


def _local() -> None:
    op.create_table(
        "peer",
        sa.Column("region", _NAME, nullable=False),
        sa.Column("epoch", _NAME, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("cursor", "head", "applied", "heard")),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("followed_epoch", _NAME, nullable=False),
        sa.Column("followed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("region"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "want",
        sa.Column("digest", _NAME, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("tagged", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("attempts", "due", "since")),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "node_key",
        sa.Column("region", _NAME, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("region"),
    )
    op.create_table(
        "invitation",
        sa.Column("sha256", _NAME, nullable=False),
        sa.Column("region", _NAME, nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )


def _create(table: str, key: tuple[str, ...], first: dict[str, Any], then: dict[str, Any] | None = None) -> sa.Table:
    made = op.create_table(
        table,
        *(sa.Column(name, _NAME, nullable=False) for name in key),
        *(sa.Column(name, kind, nullable=False) for name, kind in first.items()),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("origin", _NAME, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in (then or {}).items()),
        sa.PrimaryKeyConstraint(*key),
        # A manifest's body is too long to stand within the tree of keys.
        **({} if then else {"sqlite_with_rowid": False}),
    )
    op.create_index(f"{table}_by_sequence", table, ["sequence"], unique=False)
    return made


def _made_anew(
    table: str,
    key: tuple[str, ...],
    first: dict[str, Any],
    last: int,
    then: dict[str, Any] | None = None,
    *,
    source: str = "former",
    found: dict[str, str] | None = None,
) -> int:
    """Make a table with its new columns and carry its rows over; return the last row's place in the log.

    SQLite could add columns, but only with a default that stays for ever.
    """
    op.rename_table(table, "former")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(f"{table}_pkey", "former")
    _create(table, key, first, then)
    # Each row a place of its own, or the first region to join would have to take them all at once.
    place = f"{last} + row_number() OVER (ORDER BY {', '.join(f'former.{name}' for name in key)})"
    values = {name: f"former.{name}" for name in (*key, *first, "clock", "origin", "deleted", *(then or {}))}
    values |= {"sequence": place} | (found or {})
    op.execute(f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {source}")  # noqa: S608 - constants
    op.drop_table("former")
    return _last(table, last)


def _blob_links(last: int) -> int:
    op.drop_index("blob_link_by_digest", "blob_link")
    # A link to bytes that are not here was of no use, and its size is not known.
    source = "former JOIN blob ON blob.digest = former.digest"
    last = _made_anew(
        "blob_link", _MANIFEST_KEY, {"size": sa.BigInteger()}, last, source=source, found={"size": "blob.size"}
    )
    op.drop_table("blob")
    op.create_index("blob_link_by_digest", "blob_link", ["registry", "digest", "repository"], unique=False)
    return last


def _manifests(last: int) -> int:
    op.drop_index("manifest_by_subject", "manifest")
    then: dict[str, Any] = {
        "buried": sa.BigInteger(),
        "media_type": _NAME,
        "artifact_type": _NAME,
        "subject": _NAME,
        "size": sa.BigInteger(),
        "annotations": sa.Text(),
        "body": sa.LargeBinary(),
    }
    buried = "CASE WHEN former.deleted THEN former.clock ELSE 0 END"
    last = _made_anew("manifest", _MANIFEST_KEY, {}, last, then, found={"buried": buried})
    op.create_index("manifest_by_subject", "manifest", ["registry", "repository", "subject", "digest"], unique=False)
    return last


def _documents(table: str, key: tuple[str, ...], rows: list[tuple[Any, ...]], last: int) -> int:
    made = _create(table, key, {"document": sa.Text()})
    names = (*key, "document", "clock", "origin", "deleted")
    for place, row in enumerate(rows, start=last + 1):
        op.execute(sa.insert(made).values(dict(zip(names, row, strict=True)) | {"sequence": place}))
    return last + len(rows)


def _settings() -> Iterator[tuple[Any, ...]]:
    for name, document, clock, origin, deleted in _rows("registry", "registry, document, clock, origin, deleted"):
        values = json.loads(document)
        network = values.pop("network", {"default_action": "allow", "ranges": []})
        values |= {f"replica/{region}": account for region, account in values.pop("replicas").items()}
        values |= {f"range/{one}": True for one in network["ranges"]} | {"default_action": network["default_action"]}
        for field, value in values.items():
            yield name, field, json.dumps(value), clock, origin, deleted


def _principals() -> Iterator[tuple[Any, ...]]:
    columns = "registry, name, document, clock, origin, deleted"
    for registry, name, document, clock, origin, deleted in _rows("principal", columns):
        values = json.loads(document)
        values |= {f"credential/{slot}": one for slot, one in values.pop("credentials").items()}
        for field, value in values.items():
            yield registry, name, field, json.dumps(value, sort_keys=True), clock, origin, deleted


def _rows(table: str, columns: str) -> list[Any]:
    rows = op.get_bind().exec_driver_sql(f"SELECT {columns} FROM {table}")  # noqa: S608 - constants
    return [(*row[:-1], bool(row[-1])) for row in rows]


def _last(table: str, before: int) -> int:
    found: int | None = op.get_bind().exec_driver_sql(f"SELECT max(sequence) FROM {table}").scalar()  # noqa: S608
    return found or before


def _log(last: int) -> None:
    log = op.create_table(
        "log",
        sa.Column("epoch", _NAME, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("epoch"),
    )
    stamped = ("setting", "scope_map", "principal", "signing_key", "repository", "blob_link", "manifest", "tag")
    bind = op.get_bind()
    clocks = [
        bind.exec_driver_sql(f"SELECT max(clock) FROM {table}").scalar() or 0  # noqa: S608 - constants
        for table in (*stamped, "readiness")
    ]
    op.execute(sa.insert(log).values(epoch=secrets.token_hex(8), sequence=last, clock=max(clocks)))
