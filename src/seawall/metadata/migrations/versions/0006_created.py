"""When repositories, manifests and tags were made, and what listing them by time needs.

Revision: 0006
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME: Final = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
_THERE: Final[dict[str, Any]] = {
    "sqlite_where": sa.text("deleted IS 0"),
    "postgresql_where": sa.text("deleted IS false"),
}
_BURIED: Final[dict[str, Any]] = {"sqlite_where": sa.text("buried > 0"), "postgresql_where": sa.text("buried > 0")}


def upgrade() -> None:
    """Give the three tables their new column; nobody noted it, so it is the last write that is known."""
    _made_anew("repository", ("registry", "repository"), {}, {})
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
    _made_anew("manifest", ("registry", "repository", "digest"), {}, then)
    where = ["registry", "repository"]
    op.create_index("manifest_by_subject", "manifest", [*where, "subject", "digest"], unique=False)
    op.create_index("manifest_by_time", "manifest", [*where, "clock", "digest", "deleted"], unique=False, **_THERE)
    buried = [*where, "digest", "buried", "deleted"]
    op.create_index("manifest_by_burial", "manifest", buried, unique=False, **_BURIED)
    op.drop_index("tag_by_digest", "tag")
    _made_anew("tag", ("registry", "repository", "name"), {"digest": _NAME}, {})
    op.create_index("tag_by_digest", "tag", [*where, "digest", "clock", "deleted"], unique=False)
    op.create_index("tag_by_time", "tag", [*where, "clock", "name", "deleted"], unique=False, **_THERE)


def _made_anew(table: str, key: tuple[str, ...], first: dict[str, Any], then: dict[str, Any]) -> None:
    """Make a table with its new column and carry its rows over, as they are.

    SQLite could add a column, but only with a default that stays for ever.
    """
    op.drop_index(f"{table}_by_sequence", table)
    op.rename_table(table, "former")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(f"{table}_pkey", "former")
    op.create_table(
        table,
        *(sa.Column(name, _NAME, nullable=False) for name in key),
        *(sa.Column(name, kind, nullable=False) for name, kind in first.items()),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("origin", _NAME, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in then.items()),
        sa.PrimaryKeyConstraint(*key),
        # A manifest's body is too long to stand within the tree of keys.
        **({} if then else {"sqlite_with_rowid": False}),
    )
    same = ", ".join((*key, *first, "clock", "origin", "deleted", "sequence", *then))
    op.execute(f"INSERT INTO {table} ({same}, created) SELECT {same}, clock FROM former")  # noqa: S608 - constants
    op.drop_table("former")
    op.create_index(f"{table}_by_sequence", table, ["sequence"], unique=False)
