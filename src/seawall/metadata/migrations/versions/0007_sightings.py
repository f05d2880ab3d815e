"""What the doors have seen of clients.

Revision: 0007
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NAME: Final = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
_KEY: Final = ("registry", "kind", "door", "address", "subject")


def upgrade() -> None:
    """Create its table."""
    op.create_table(
        "sighting",
        *(sa.Column(name, _NAME, nullable=False) for name in _KEY),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("times", "first", "last")),
        sa.PrimaryKeyConstraint(*_KEY),
        sqlite_with_rowid=False,
    )
    op.create_index("sighting_by_time", "sighting", ["registry", "kind", "last"], unique=False)
