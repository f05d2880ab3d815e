"""What operators asked for that takes its time.

Revision: 0008
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NAME: Final = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")


def upgrade() -> None:
    """Create its table."""
    op.create_table(
        "operation",
        *(sa.Column(name, _NAME, nullable=False) for name in ("identifier", "registry", "status")),
        sa.Column("answer", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("code", "message")),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identifier"),
        sqlite_with_rowid=False,
    )
