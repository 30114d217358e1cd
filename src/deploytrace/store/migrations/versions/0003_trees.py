"""What a run's tree and its schedule are told from when its journal is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0003"
down_revision = "0002"

_ADDED: Mapping[str, Mapping[str, Any]] = {
    "runs": {"message": sa.Text},
    "plays": {"hosts": sa.Text},
    "tasks": {"container": sa.Integer, "told_ns": sa.BigInteger, "written": sa.Text},
    "host_results": {
        "late_ns": sa.BigInteger,
        "waited_ns": sa.BigInteger,
        "own_ns": sa.BigInteger,
        "delegate": sa.Integer,
    },
    "host_times": {"connection": sa.Text},
    "downtimes": {
        "execution": sa.Integer,
        "at_least_from_ns": sa.BigInteger,
        "play": sa.Integer,
        "span_ns": sa.BigInteger,
    },
}


def upgrade() -> None:
    """Add the columns, null in the runs that are there: of these the store cannot tell the schedule."""
    for table, columns in _ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind(), nullable=True))
    op.create_table(
        "containers",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("container", sa.Integer(), nullable=True),
        sa.Column("play", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run", "number"),
        sqlite_with_rowid=False,
    )
