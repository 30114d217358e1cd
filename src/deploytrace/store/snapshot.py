"""What a reader of the metrics gets: all families at one instant, ready to be rendered by any delivery path.

The birth hold is applied: until ``born_at`` plus the hold a counter or histogram reads 0, so that whoever looks
regularly has seen it at 0 before it counts (`docs/metrics.md` says why). Values are in the unit of their metric's
name: seconds, bytes, counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .catalogue import Metric

__all__ = ["Distribution", "Exemplar", "Family", "Point", "Snapshot"]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation of a bucket, and the span where it was made. ``timestamp`` is Unix time in s."""

    trace_id: str
    span_id: str
    value: float
    timestamp: float


@dataclass(frozen=True, slots=True)
class Point:
    """One series of a counter, gauge or info: label values in the order of ``Metric.labels``, and the value.

    ``born_at`` is the Unix time (s) when the series began at 0.
    """

    labels: tuple[str, ...]
    value: float
    born_at: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """One series of a histogram.

    ``buckets`` counts the observations of each bucket alone (not cumulated), the last is +Inf: one more than
    ``Metric.buckets``. ``sum`` is in s. ``exemplars`` has one place for each bucket.
    """

    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    sum: float
    count: int
    exemplars: tuple[Exemplar | None, ...]
    born_at: float


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its series, sorted by their labels; points or distributions, as its type has it."""

    metric: Metric
    points: tuple[Point, ...] = ()
    distributions: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All families that have series.

    ``generation`` rises with each commit: of two snapshots of one store the one with the higher is newer.
    ``settled_at`` is the Unix time (s) when the last series that is still held reads its true value, None where none is
    held: a path that writes only now and then writes once more after that.
    """

    store_id: str
    generation: int
    time: float
    families: tuple[Family, ...] = field(default=())
    settled_at: float | None = None
