"""Keeps the store small: old runs, old series, and the file within its limit. Accumulators never shrink.

By age a run goes as a whole. By size, the host results of the oldest runs go first, since they are nearly all of it,
and what they add up to stays in tasks and runs; only when none are left do whole runs go. A run in progress stays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, text, update

from ..settings import Settings
from .catalogue import METRICS, Type
from .database import Store
from .entries import HEARTBEAT_SECONDS
from .schema import applied, buckets, exemplars, failures, host_results, levels, runs, series

__all__ = ["Pruned", "prune_store", "shrink", "used"]

_DAY_NS = 86_400 * 10**9
_APPLIED_DAYS = 800  # what keeps a replayed journal from counting twice outlives every journal
_RUNS_AT_ONCE = 20
_RESULT_BYTES = 117  # of a host result in PostgreSQL, its index included
_RUN_BYTES = 4_000  # of a run without host results, about


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was removed: runs, runs that lost their host results, series."""

    runs: int = 0
    emptied: int = 0
    series: int = 0


def prune_store(store: Store, settings: Settings, now_ns: int) -> Pruned:
    """Remove what is too old or too much; ``now_ns`` is Unix time. Raises `StoreUnavailable`, `StoreError`."""
    with store.writing() as connection:
        gone = _prune_by_age(connection, now_ns - settings.history_days * _DAY_NS, now_ns)
        series_gone = _prune_series(connection, now_ns - settings.metrics_series_days * _DAY_NS)
        connection.execute(delete(applied).where(applied.c.changed_ns < now_ns - _APPLIED_DAYS * _DAY_NS))
        connection.execute(delete(levels).where(levels.c.changed_ns < now_ns - _APPLIED_DAYS * _DAY_NS))
    shrunk = shrink(store, settings.history_megabytes * 1_000_000, now_ns)
    if store.sqlite and (gone or shrunk.runs or shrunk.emptied):
        store.execute_alone("PRAGMA incremental_vacuum")
        store.execute_alone("PRAGMA wal_checkpoint(TRUNCATE)")
    return Pruned(gone + shrunk.runs, shrunk.emptied, series_gone)


def shrink(store: Store, limit: int, now_ns: int) -> Pruned:
    """Remove the oldest until no more than ``limit`` bytes are in use. Raises `StoreUnavailable`, `StoreError`."""
    gone = emptied = 0
    while True:
        with store.writing() as connection:
            if used(store, connection) <= limit:
                break
            some = _empty_oldest(connection, now_ns)
            emptied += some
            if not some:
                some = _remove_oldest(connection, now_ns)
                gone += some
        if not some:
            break
    return Pruned(gone, emptied)


def _over(now_ns: int) -> ColumnElement[bool]:
    """The runs that do not go on."""
    silent = runs.c.heartbeat_ns < now_ns - int(3 * HEARTBEAT_SECONDS * 1e9)
    return or_(runs.c.result.is_not(None), silent)


def _prune_by_age(connection: Connection, before_ns: int, now_ns: int) -> int:
    old = runs.c.started_ns < before_ns
    return connection.execute(delete(runs).where(old, _over(now_ns))).rowcount


def _empty_oldest(connection: Connection, now_ns: int) -> int:
    query = select(runs.c.key).where(runs.c.pruned.is_(False), _over(now_ns))
    keys = list(connection.scalars(query.order_by(runs.c.started_ns).limit(_RUNS_AT_ONCE)))
    if keys:
        connection.execute(delete(host_results).where(host_results.c.run.in_(keys)))
        connection.execute(delete(failures).where(failures.c.run.in_(keys)))
        connection.execute(update(runs).where(runs.c.key.in_(keys)).values(pruned=True))
    return len(keys)


def _remove_oldest(connection: Connection, now_ns: int) -> int:
    query = select(runs.c.key).where(_over(now_ns))
    keys = list(connection.scalars(query.order_by(runs.c.started_ns).limit(_RUNS_AT_ONCE)))
    if keys:
        connection.execute(delete(runs).where(runs.c.key.in_(keys)))
    return len(keys)


def used(store: Store, connection: Connection) -> int:
    """Return about how many bytes are in use. PostgreSQL keeps the room of removed rows, so rows are counted there."""
    if store.sqlite:
        free = connection.scalar(text("PRAGMA freelist_count")) or 0
        return store.size(connection) - int(free) * int(connection.scalar(text("PRAGMA page_size")) or 0)
    results = connection.scalar(select(func.sum(runs.c.results_total)).where(runs.c.pruned.is_(False))) or 0
    kept = connection.scalar(select(func.count()).select_from(runs)) or 0
    return int(results) * _RESULT_BYTES + int(kept) * _RUN_BYTES


def _prune_series(connection: Connection, before_ns: int) -> int:
    """Remove series that nothing has touched for long; what tells of a playbook as a whole, when it is run no more."""
    alive = _playbooks_since(connection, before_ns)
    gone = []
    old = select(series.c.key, series.c.family, series.c.labels).where(series.c.touched_ns < before_ns)
    for key, family, labels in connection.execute(old):
        stays = _of_playbook(family) and json.loads(labels)[0] in alive
        if not stays and not family.startswith("ansible_telemetry_"):
            gone.append(key)
    for table in (buckets, exemplars):
        connection.execute(delete(table).where(table.c.series.in_(gone)))
    return connection.execute(delete(series).where(series.c.key.in_(gone))).rowcount if gone else 0


def _of_playbook(family: str) -> bool:
    """Say whether a family tells of playbooks as a whole (not of the tasks in them, which come and go)."""
    metric = METRICS.get(family)
    if metric is None or metric.labels[:1] != ("playbook",):
        return False
    return metric.level == "run" or metric.type is Type.GAUGE


def _playbooks_since(connection: Connection, since_ns: int) -> set[str]:
    started = (series.c.family == "ansible_playbook_runs_total") & (series.c.touched_ns >= since_ns)
    found = {json.loads(labels)[0] for labels in connection.scalars(select(series.c.labels).where(started))}
    return found | set(connection.scalars(select(runs.c.playbook).where(runs.c.started_ns >= since_ns).distinct()))
