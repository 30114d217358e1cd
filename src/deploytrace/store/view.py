"""Reads the metrics: everything in one transaction, so that all figures are of one instant."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from .. import __version__
from ..journal.directory import Directory
from ..settings import Settings
from .catalogue import METRICS, Metric, Type, metrics_of
from .database import Store
from .live import expected_ends, latest_runs, runs_in_progress
from .schema import buckets, exemplars, series
from .schema import store as store_table
from .snapshot import Distribution, Exemplar, Family, Point, Snapshot
from .spool import waiting

__all__ = ["View", "read_snapshot"]

_NS = 1e9


@dataclass(frozen=True)
class View:
    """What of the store is shown, and how.

    ``birth_hold`` is in s. ``max_success_age`` is in s by playbook. ``directory`` is the state directory whose waiting
    runs are counted; None: nobody's.
    """

    level: str = "task"
    birth_hold: float = 60.0
    last_run_info: bool = False
    max_success_age: Mapping[str, float] = field(default_factory=dict)
    directory: Directory | None = None

    @classmethod
    def of(cls, settings: Settings, directory: Directory | None) -> View:
        """Return what the settings say; a playbook's age that is no number is left out."""
        ages = (entry.rpartition("=") for entry in settings.metrics_max_success_age)
        return cls(
            level=settings.metrics_level,
            birth_hold=settings.metrics_birth_hold,
            last_run_info=settings.metrics_last_run_info,
            max_success_age={name: float(age) for name, _, age in ages if name and _is_number(age)},
            directory=directory,
        )


def read_snapshot(store: Store, view: View, now: float) -> Snapshot:
    """Return the metrics as they are at ``now`` (Unix time, s). Raises `StoreUnavailable`, `StoreError`."""
    with store.reading() as connection:
        row = connection.execute(select(store_table.c.store_id, store_table.c.generation)).one()
        reader = _Reader(connection, view, now)
        found = reader.accumulated()
        for family, points in reader.live(store).items():
            found[family] = Family(METRICS[family], points=tuple(sorted(points, key=lambda point: point.labels)))
    families = tuple(found[name] for name in METRICS if name in found)
    return Snapshot(row.store_id, row.generation, now, families, reader.settled_at)


class _Reader:
    """One reading of the store."""

    def __init__(self, connection: Connection, view: View, now: float) -> None:
        self.settled_at: float | None = None
        self._connection = connection
        self._view = view
        self._now = now
        self._sizes: dict[str, int] = {}  # label sets by family

    def accumulated(self) -> dict[str, Family]:
        """Return the families of the accumulators that the view's level shows."""
        counts, seen, shown = self._buckets(), self._exemplars(), metrics_of(self._view.level)
        points: dict[str, list[Point]] = defaultdict(list)
        distributions: dict[str, list[Distribution]] = defaultdict(list)
        query = select(series.c.key, series.c.family, series.c.labels, series.c.born_ns, series.c.count, series.c.total)
        for key, name, texts, born_ns, count, total in self._connection.execute(query.order_by(series.c.key)):
            self._sizes[name] = self._sizes.get(name, 0) + 1
            metric = METRICS.get(name)
            if metric is None or name not in shown:
                continue
            labels, born = tuple(json.loads(texts)), born_ns / _NS
            held = metric.type is not Type.GAUGE and self._held(born)
            if metric.type is Type.HISTOGRAM:
                distributions[name].append(
                    _distribution(
                        metric,
                        labels,
                        born,
                        (0, 0) if held else (count, total),
                        {} if held else counts.get(key, {}),
                        {} if held else seen.get(key, {}),
                    )
                )
            else:
                value = 0 if held else total
                points[name].append(Point(labels, value / _NS if metric.seconds else float(value), born))
        return {
            name: Family(
                METRICS[name],
                tuple(sorted(points.get(name, ()), key=lambda point: point.labels)),
                tuple(sorted(distributions.get(name, ()), key=lambda one: one.labels)),
            )
            for name in [*points, *distributions]
        }

    def _held(self, born: float) -> bool:
        """Say whether a series is too young to be shown as anything but 0."""
        free = born + self._view.birth_hold
        if self._now >= free or born > self._now + self._view.birth_hold:  # the latter: its clock was wrong
            return False
        self.settled_at = max(self.settled_at or free, free)
        return True

    def _buckets(self) -> dict[int, dict[int, int]]:
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for key, bucket, count in self._connection.execute(select(buckets.c.series, buckets.c.bucket, buckets.c.count)):
            found[key][bucket] = count
        return found

    def _exemplars(self) -> dict[int, dict[int, Exemplar]]:
        found: dict[int, dict[int, Exemplar]] = defaultdict(dict)
        for row in self._connection.execute(select(exemplars)):
            exemplar = Exemplar(row.trace_id, row.span_id, row.value_ns / _NS, row.time_ns / _NS)
            found[row.series][row.bucket] = exemplar
        return found

    def live(self, store: Store) -> dict[str, list[Point]]:
        """Return what is told by the moment."""
        found: dict[str, list[Point]] = defaultdict(list)

        def point(name: str, labels: Sequence[str], value: float) -> None:
            found[name].append(Point(tuple(labels), value, self._now))

        for playbook, starts in runs_in_progress(self._connection, self._now).items():
            point("ansible_playbook_runs_in_progress", (playbook,), len(starts))
            if starts:
                point("ansible_playbook_running_start_timestamp_seconds", (playbook,), min(starts))
        for playbook, ends in expected_ends(self._connection, self._now).items():
            for share, end in zip(("0.5", "0.9"), ends, strict=True):
                point("ansible_playbook_expected_end_timestamp_seconds", (playbook, share), end)
        for playbook, age in self._view.max_success_age.items():
            point("ansible_playbook_max_success_age_seconds", (playbook,), age)
        for labels in latest_runs(self._connection) if self._view.last_run_info else ():
            point("ansible_playbook_last_run_info", labels, 1)
        point("ansible_telemetry_build_info", (__version__,), 1)
        for family, size in self._sizes.items():
            point("ansible_telemetry_store_series", (family,), size)
        point("ansible_telemetry_store_size_bytes", (), store.size(self._connection))
        if self._view.directory is not None:
            for signal, waits in waiting(self._view.directory).items():
                point("ansible_telemetry_spool_items", (signal,), waits.runs)
                point("ansible_telemetry_spool_bytes", (signal,), waits.size)
        return found


def _distribution(
    metric: Metric,
    labels: tuple[str, ...],
    born: float,
    sums: tuple[int, int],
    counts: Mapping[int, int],
    seen: Mapping[int, Exemplar],
) -> Distribution:
    places = range(len(metric.buckets) + 1)
    return Distribution(
        labels,
        tuple(counts.get(place, 0) for place in places),
        sums[1] / _NS,
        sums[0],
        tuple(seen.get(place) for place in places),
        born,
    )


def _is_number(text: str) -> bool:
    try:
        return float(text) >= 0
    except ValueError:
        return False
