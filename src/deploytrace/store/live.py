"""Which runs go on now, and which were the latest: read from the history."""

from __future__ import annotations

import platform
from collections import defaultdict

from sqlalchemy import Connection, func, select

from ..journal.owner import boot_id
from .entries import HEARTBEAT_SECONDS
from .schema import runs

__all__ = ["expected_ends", "goes_on", "latest_runs", "runs_in_progress"]

_SILENT_SECONDS = 3 * HEARTBEAT_SECONDS


def goes_on(heartbeat_ns: int, controller: str, boot: str, now: float) -> bool:
    """Say whether a run without an end goes on: while its sidecar says so, and not over a boot of its controller.

    ``heartbeat_ns`` is when it was last known to, ``now`` is Unix time in s.
    """
    return heartbeat_ns > _silent_since(now) and (controller != platform.node() or boot == boot_id())


def runs_in_progress(connection: Connection, now: float) -> dict[str, list[float]]:
    """Return the starts (Unix time, s) of the runs that go on, by playbook; all known playbooks are named.

    ``now`` is Unix time in s.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for playbook in connection.scalars(select(runs.c.playbook).distinct()):
        found[playbook] = []
    query = select(runs.c.playbook, runs.c.started_ns, runs.c.heartbeat_ns, runs.c.controller, runs.c.boot_id)
    for row in connection.execute(query.where(runs.c.result.is_(None))):
        if goes_on(row.heartbeat_ns, row.controller, row.boot_id, now):
            found[row.playbook].append(row.started_ns / 1e9)
    return found


def expected_ends(connection: Connection, now: float) -> dict[str, tuple[float, float]]:
    """Return when a playbook's run in progress should be over (Unix time, s), by half and nine of ten of its like."""
    alive = runs.c.heartbeat_ns > _silent_since(now)
    known = runs.c.result.is_(None) & alive & runs.c.expected_end_ns.is_not(None)
    query = select(runs.c.playbook, func.max(runs.c.expected_end_ns), func.max(runs.c.latest_end_ns))
    rows = connection.execute(query.where(known).group_by(runs.c.playbook))
    return {playbook: (half / 1e9, most / 1e9) for playbook, half, most in rows}


def latest_runs(connection: Connection) -> list[tuple[str, str, str, str]]:
    """Return playbook, trace id, run id and revision of each playbook's run that ended last, check mode left out."""
    end = runs.c.started_ns + runs.c.duration_ns
    counted = runs.c.result.is_not(None) & runs.c.check_mode.is_(False)
    last = select(runs.c.playbook, func.max(end).label("end")).where(counted).group_by(runs.c.playbook).subquery()
    query = select(runs.c.playbook, runs.c.trace_id, runs.c.run_id, runs.c.revision)
    joined = query.join(last, (runs.c.playbook == last.c.playbook) & (end == last.c.end)).where(counted)
    found = {row.playbook: (row.playbook, row.trace_id, row.run_id, row.revision or "") for row in connection.execute(
        joined.order_by(runs.c.key))}  # fmt: skip
    return list(found.values())


def _silent_since(now: float) -> int:
    """Return since when (Unix ns) a run must have been heard of to count as going on."""
    return int((now - _SILENT_SECONDS) * 1e9)
