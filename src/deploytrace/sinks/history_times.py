"""A run's sums as rows of the store: what its tasks, roles and hosts took, by which it is compared with others."""

from __future__ import annotations

from collections.abc import Iterator

from ..run.summary import Summary
from ..store.entries import OUTCOME_CODES, HostTimeRow, RoleTimeRow, Row, TaskTimeRow

__all__ = ["times_of"]

_CODES = {outcome: code for code, outcome in enumerate(OUTCOME_CODES)}


def times_of(summary: Summary) -> Iterator[Row]:
    """Yield the rows of a run that is over."""
    for task in summary.tasks:
        yield TaskTimeRow(
            stable_id=task.stable_id,
            nth=task.key.nth,
            wall_ns=task.wall_ns,
            hosts_ns=task.hosts_ns,
            passes=task.count,
            results=task.results,
            outcome=_CODES[task.outcome],
        )
    for role in {role.role: role for role in summary.roles}.values():
        yield RoleTimeRow(role.role, role.own_ns, role.inclusive_ns)
    for host in {host.host: host for host in summary.hosts}.values():
        yield HostTimeRow(host.host, host.busy_ns, host.results, host.connection)
