"""Webhooks, and what they are still to be told.

Revision: 0004
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NAME: Final = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    """Create their tables."""
    op.create_table(
        "webhook",
        *(sa.Column(name, _NAME, nullable=False) for name in ("registry", "name", "field")),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("origin", _NAME, nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("registry", "name", "field"),
        sqlite_with_rowid=False,
    )
    op.create_index("webhook_by_sequence", "webhook", ["sequence"], unique=False)
    op.create_table(
        "event",
        *(sa.Column(name, _NAME, nullable=False) for name in ("registry", "webhook", "identifier")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("sequence", "number", "created", "attempts", "due")
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("document", "error")),
        sa.Column("aside", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("registry", "webhook", "identifier"),
        sqlite_with_rowid=False,
    )
    turn = ["registry", "webhook", "aside", "sequence", "number"]
    op.create_index("event_by_turn", "event", turn, unique=False)
