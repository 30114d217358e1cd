"""What tasks, roles and hosts took in a run, by which runs are compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["upgrade"]

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of sums, and what tells which runs and tasks are comparable. Runs that are there have none."""
    op.add_column("runs", sa.Column("kind", sa.String(length=16), nullable=True))
    op.add_column("runs", sa.Column("expected_end_ns", sa.BigInteger(), nullable=True))
    op.add_column("runs", sa.Column("latest_end_ns", sa.BigInteger(), nullable=True))
    op.create_index("runs_by_kind", "runs", ["kind", "started_ns"])
    op.add_column("definitions", sa.Column("place", sa.Text(), nullable=True))
    _task_times()
    _role_times()
    _host_times()


def _run() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run"], ["runs.key"], ondelete="CASCADE")


def _task_times() -> None:
    op.create_table(
        "task_times",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Integer(), nullable=False),
        sa.Column("nth", sa.SmallInteger(), nullable=False),
        sa.Column("wall_ns", sa.BigInteger(), nullable=False),
        sa.Column("hosts_ns", sa.BigInteger(), nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        _run(),
        sa.ForeignKeyConstraint(["definition"], ["definitions.key"]),
        sa.PrimaryKeyConstraint("run", "definition"),
        sqlite_with_rowid=False,
    )
    columns = ["definition", "run", "nth", "wall_ns", "hosts_ns"]
    op.create_index("task_times_by_definition", "task_times", columns)


def _role_times() -> None:
    op.create_table(
        "role_times",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("own_ns", sa.BigInteger(), nullable=False),
        sa.Column("inclusive_ns", sa.BigInteger(), nullable=False),
        _run(),
        sa.PrimaryKeyConstraint("run", "role"),
        sqlite_with_rowid=False,
    )


def _host_times() -> None:
    op.create_table(
        "host_times",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("host", sa.Integer(), nullable=False),
        sa.Column("busy_ns", sa.BigInteger(), nullable=False),
        sa.Column("results", sa.Integer(), nullable=False),
        _run(),
        sa.ForeignKeyConstraint(["host"], ["hosts.key"]),
        sa.PrimaryKeyConstraint("run", "host"),
        sqlite_with_rowid=False,
    )
