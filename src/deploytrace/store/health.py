"""Takes our own health into the accumulators: what was delivered, what was lost, what failed.

These counts are kept elsewhere, in cursors and in ``dropped.json``, as numbers that only rise. The table ``levels``
says how much of each is in the accumulators already; a look adds the rest. So it does no harm to look often, or late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, select, tuple_

from ..journal.cursor import Position
from .accumulators import accumulate, upsert
from .database import Store
from .entries import Observation
from .schema import levels

__all__ = ["Count", "delivery_counts", "loss_counts", "take_counts"]

_AT_ONCE = 400  # counts asked for in one statement
_LATEST = "ansible_telemetry_last_export_success_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Count:
    """A number kept elsewhere: ``source`` is the run or the state directory, ``value`` how high it stands there."""

    source: str
    metric: str
    labels: tuple[str, ...]
    value: int


def delivery_counts(run_id: str, positions: Mapping[str, Position]) -> list[Count]:
    """Return what a run's cursor tells of its deliveries."""
    found = []
    for signal, position in sorted(positions.items()):
        taken = position.items - position.rejected - position.refused
        found.append(Count(run_id, "ansible_telemetry_exported_total", (signal,), taken))
        for error_type, failures in (("unavailable", position.failures), ("refused", position.refusals)):
            failed = Count(run_id, "ansible_telemetry_export_failures_total", (signal, error_type), failures)
            found += [failed] if failures else []
        if position.taken_ns:
            found.append(Count(run_id, _LATEST, (signal,), position.taken_ns))
        if signal == "history" and position.failures:
            found.append(Count(run_id, "ansible_telemetry_store_errors_total", (), position.failures))
    return found


def loss_counts(source: str, losses: Mapping[str, Mapping[str, int]]) -> list[Count]:
    """Return what `journal.losses` tells of a state directory."""
    return [
        Count(source, "ansible_telemetry_dropped_total", (signal, reason), count)
        for signal, reasons in sorted(losses.items())
        for reason, count in sorted(reasons.items())
    ]


def take_counts(store: Store, counts: Sequence[Count], now_ns: int, limit: int) -> None:
    """Add what is new. ``now_ns`` is Unix time. Raises `StoreUnavailable`, `StoreError`."""
    if not counts:
        return
    with store.writing() as connection:
        before = _before(connection, counts)
        observations, rows = [], []
        for one in counts:
            level = before.get((one.source, _name(one)), 0)
            if one.value > level:
                observations.append(_observation(one, level, now_ns))
                rows.append({"source": one.source, "name": _name(one), "value": one.value, "changed_ns": now_ns})
        accumulate(connection, observations, None, now_ns, limit)
        upsert(connection, levels, ("source", "name"), rows)


def _name(count: Count) -> str:
    return "/".join((count.metric, *count.labels))


def _before(connection: Connection, counts: Iterable[Count]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    pending = iter(sorted({(one.source, _name(one)) for one in counts}))
    while some := list(islice(pending, _AT_ONCE)):
        query = select(levels).where(tuple_(levels.c.source, levels.c.name).in_(some))
        found |= {(row.source, row.name): row.value for row in connection.execute(query)}
    return found


def _observation(count: Count, before: int, now_ns: int) -> Observation:
    if count.metric == _LATEST:
        return Observation(count.metric, count.labels, count.value, count.value)
    return Observation(count.metric, count.labels, count.value - before, now_ns)
