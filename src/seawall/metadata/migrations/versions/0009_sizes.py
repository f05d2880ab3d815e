"""Sizes beside digests, so that how much a registry holds is told from indexes alone.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the index of layers, and make one for manifests."""
    op.drop_index("blob_link_by_digest", "blob_link")
    wide = ["registry", "digest", "repository", "size", "deleted"]
    op.create_index("blob_link_by_digest", "blob_link", wide, unique=False)
    op.create_index(
        "manifest_by_digest",
        "manifest",
        ["registry", "digest", "size", "deleted"],
        unique=False,
        sqlite_where=sa.text("deleted IS 0"),
        postgresql_where=sa.text("deleted IS false"),
    )
