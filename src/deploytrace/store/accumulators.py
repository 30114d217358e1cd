"""Adds observations to the accumulators: in the caller's transaction, which is alone with the store.

Seconds are added as whole ns, so that the sums are the same in whatever order runs are committed. A family that has its
limit of label sets takes others into one overflow series; gauges beyond it are left out. Both are counted.
"""

from __future__ import annotations

import bisect
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, insert, select, tuple_, update

from ..identity import RUN_NODE, span_id
from .catalogue import METRICS, OVERFLOW, Metric, Type
from .entries import Observation
from .schema import buckets, exemplars, series

__all__ = ["Series", "TraceRef", "accumulate", "give_birth", "upsert"]

_OVERFLOWS = "ansible_telemetry_store_overflow_total"
_AT_ONCE = 400  # label sets asked for in one statement

Series = tuple[str, tuple[str, ...]]
"""A family and label values."""


@dataclass(frozen=True, slots=True)
class TraceRef:
    """The trace that a run's exemplars lead to."""

    run_id: str
    trace_id: str


@dataclass(slots=True)
class _Sum:
    count: int = 0
    total: int = 0
    latest_ns: int = 0
    buckets: Counter[int] = field(default_factory=Counter)
    exemplars: dict[int, Observation] = field(default_factory=dict)

    def add(self, other: _Sum) -> None:
        self.count += other.count
        self.total += other.total
        self.buckets.update(other.buckets)
        self.exemplars.update(other.exemplars)


@cache
def _bounds(metric: str) -> tuple[int, ...]:
    return tuple(round(bound * 1e9) for bound in METRICS[metric].buckets)


def accumulate(
    connection: Connection, observations: Iterable[Observation], trace: TraceRef | None, now_ns: int, limit: int
) -> None:
    """Add observations. ``limit``: label sets that a family may have; ``trace``: where exemplars lead, if anywhere."""
    sums = _summed(observations)
    keys, over = _keys(connection, sums, now_ns, limit)
    by_key: dict[int, tuple[Metric, _Sum]] = {}
    for one, total in sums.items():
        key = keys.get(one)
        if key is None:
            continue
        if key in by_key:
            by_key[key][1].add(total)
        else:
            by_key[key] = (METRICS[one[0]], total)
    _write(connection, by_key, trace, now_ns)
    if over:
        counts = [Observation(_OVERFLOWS, (family,), count, now_ns) for family, count in over.items()]
        accumulate(connection, counts, None, now_ns, len(METRICS))


def give_birth(connection: Connection, wanted: Iterable[Series], now_ns: int, limit: int) -> None:
    """Create series at 0, those that are not there and for which there is room."""
    _keys(connection, dict.fromkeys((one for one in wanted), _Sum()), now_ns, limit, overflow=False)


def _summed(observations: Iterable[Observation]) -> dict[Series, _Sum]:
    sums: dict[Series, _Sum] = {}
    for observation in observations:
        one = (observation.metric, observation.labels)
        total = sums.get(one)
        if total is None:
            total = sums[one] = _Sum()
        kind = METRICS[observation.metric].type
        if kind is Type.GAUGE:
            if observation.time_ns >= total.latest_ns:
                total.total, total.latest_ns = observation.value, observation.time_ns
            continue
        total.count += 1
        total.total += observation.value
        if kind is Type.HISTOGRAM:
            bucket = bisect.bisect_left(_bounds(observation.metric), observation.value)
            total.buckets[bucket] += 1
            if observation.node is not None:
                total.exemplars[bucket] = observation
    return sums


def _keys(
    connection: Connection, wanted: Mapping[Series, _Sum], now_ns: int, limit: int, *, overflow: bool = True
) -> tuple[dict[Series, int], Counter[str]]:
    """Return the keys of series, made where they were not there, and how many observations went over the limit."""
    known = _known(connection, wanted)
    missing = sorted(one for one in wanted if one not in known)
    if not missing:
        return known, Counter()
    room = _room(connection, {family for family, _ in missing}, limit)
    born: set[Series] = set()
    moved: dict[Series, Series] = {}
    over: Counter[str] = Counter()
    for one in missing:
        family, labels = one
        if room[family] > 0:
            room[family] -= 1
            born.add(one)
        elif overflow:
            over[family] += max(1, wanted[one].count)
            if METRICS[family].type is not Type.GAUGE:
                moved[one] = (family, (OVERFLOW,) * len(labels))
    homes = _known(connection, set(moved.values()))
    born |= set(moved.values()) - homes.keys()
    if born:
        rows = [_newborn(family, labels, now_ns) for family, labels in sorted(born)]
        connection.execute(insert(series), rows)
        homes |= _known(connection, born)
    return known | homes | {one: homes[home] for one, home in moved.items()}, over


def _newborn(family: str, labels: tuple[str, ...], now_ns: int) -> dict[str, Any]:
    gauge = METRICS[family].type is Type.GAUGE  # its time is that of its value
    touched = 0 if gauge else now_ns
    texts = _labels(labels)
    return {"family": family, "labels": texts, "born_ns": now_ns, "touched_ns": touched, "count": 0, "total": 0}


def _labels(labels: tuple[str, ...]) -> str:
    return json.dumps(labels, ensure_ascii=False, separators=(",", ":"))


def _known(connection: Connection, wanted: Iterable[Series]) -> dict[Series, int]:
    found: dict[Series, int] = {}
    names = {(family, _labels(labels)): (family, labels) for family, labels in wanted}
    pending = iter(sorted(names))
    query = select(series.c.family, series.c.labels, series.c.key)
    while some := list(islice(pending, _AT_ONCE)):
        for family, labels, key in connection.execute(query.where(tuple_(series.c.family, series.c.labels).in_(some))):
            found[names[family, labels]] = key
    return found


def _room(connection: Connection, families: set[str], limit: int) -> dict[str, int]:
    """Return how many more label sets each family may have; its overflow series is beside them."""
    query = select(series.c.family, func.count()).where(series.c.family.in_(sorted(families)))
    taken = {family: int(count) for family, count in connection.execute(query.group_by(series.c.family))}
    return {family: limit - taken.get(family, 0) for family in families}


def _write(
    connection: Connection, sums: Mapping[int, tuple[Metric, _Sum]], trace: TraceRef | None, now_ns: int
) -> None:
    gauges, others, counts, latest = [], [], [], []
    for key, (metric, total) in sorted(sums.items()):
        if metric.type is Type.GAUGE:
            gauges.append({"_key": key, "_total": total.total, "_time": total.latest_ns})
            continue
        count = total.count if metric.type is Type.HISTOGRAM else 0
        others.append({"_key": key, "_count": count, "_total": total.total, "_time": now_ns})
        for bucket, count in sorted(total.buckets.items()):
            counts.append({"series": key, "bucket": bucket, "count": count})
        if trace is not None:
            latest += [_exemplar(key, bucket, seen, trace) for bucket, seen in sorted(total.exemplars.items())]
    row = series.c
    if gauges:
        newer = (row.key == bindparam("_key")) & (row.touched_ns <= bindparam("_time"))
        connection.execute(
            update(series).where(newer).values(total=bindparam("_total"), touched_ns=bindparam("_time")), gauges
        )
    if others:
        added = {"count": row.count + bindparam("_count"), "total": row.total + bindparam("_total")}
        this = row.key == bindparam("_key")
        connection.execute(update(series).where(this).values(**added, touched_ns=bindparam("_time")), others)
    upsert(connection, buckets, ("series", "bucket"), counts, add=("count",))
    upsert(connection, exemplars, ("series", "bucket"), latest, newest="time_ns")


def _exemplar(key: int, bucket: int, seen: Observation, trace: TraceRef) -> dict[str, Any]:
    return {
        "series": key,
        "bucket": bucket,
        "trace_id": trace.trace_id,
        "span_id": span_id(trace.run_id, seen.node or RUN_NODE),
        "value_ns": seen.value,
        "time_ns": seen.time_ns,
    }


def upsert(
    connection: Connection,
    table: Table,
    key: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    add: Sequence[str] = (),
    newest: str | None = None,
) -> None:
    """Insert rows; of one that is there, add up the columns ``add`` and replace the others.

    With ``newest``, a row is replaced only by one that is not older by that column.
    """
    if not rows:
        return
    # Loaded already, since the engine is of it; the other database's too would make a sidecar's start a tenth longer.
    statement = import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
    values = {
        column.name: table.c[column.name] + statement.excluded[column.name]
        if column.name in add
        else statement.excluded[column.name]
        for column in table.columns
        if column.name not in key
    }
    where = None if newest is None else table.c[newest] <= statement.excluded[newest]
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values, where=where), list(rows))
