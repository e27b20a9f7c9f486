"""
The outbox: messages that wait until the bus has confirmed them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the outbox, and the row that keeps its newest position."""
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("execution", _TEXT, nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
    )
    op.create_table(
        "outbox_end",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_end"),
        sa.CheckConstraint("id = 1", name=op.f("ck_outbox_end_single_row")),
    )
