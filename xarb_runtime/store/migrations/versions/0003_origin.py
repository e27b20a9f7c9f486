"""
What a store was made for: the mode of the runtime that first worked on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table; its row comes with the next runtime that says its mode."""
    op.create_table(
        "origin",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("mode", _TEXT, nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_origin"),
        sa.CheckConstraint("id = 1", name=op.f("ck_origin_single_row")),
    )
