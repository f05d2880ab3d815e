"""What is still to be copied, in the order in which it is.

Revision: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("want_by_turn", "want", ["tagged", "size", "digest"], unique=False)
