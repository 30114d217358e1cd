"""The metrics as Prometheus reads them: the families of a snapshot, for prometheus_client to write.

Histograms are classic ones, and there are no ``_created`` series: in the text format these would be gauges of their
own. Exemplars are written where the reader asks for OpenMetrics.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from ..store import snapshot as shot
from ..store.catalogue import Type

__all__ = ["Exposition", "text"]


class Exposition(Collector):
    """A snapshot for each scrape: neither are figures kept from one to the next, nor is one read to register it.

    ``read`` returns the snapshot; what it raises, `collect` raises. ``only`` are names of series, as in ``?name[]=``.
    """

    def __init__(self, read: Callable[[], shot.Snapshot], only: Sequence[str] | None = None) -> None:
        self._read = read
        self._only = None if only is None else frozenset(only)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is, is known when it is read."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        for family in self._read().families:
            rendered = _rendered(family)
            if self._only is not None:
                rendered.samples = [sample for sample in rendered.samples if sample.name in self._only]
            if rendered.samples:
                yield rendered

    def restricted_registry(self, names: Sequence[str]) -> Exposition:
        """Return the same with the series of these names only."""
        return Exposition(self._read, names)


def text(snapshot: shot.Snapshot) -> bytes:
    """Return a snapshot in Prometheus's text format 0.0.4."""
    return generate_latest(Exposition(lambda: snapshot))


_FAMILIES: Mapping[Type, type[Metric]] = {
    Type.COUNTER: CounterMetricFamily,
    Type.GAUGE: GaugeMetricFamily,
    Type.INFO: InfoMetricFamily,
}


def _rendered(family: shot.Family) -> Metric:
    metric = family.metric
    if metric.type is Type.HISTOGRAM:
        return _histogram(family)
    kind = _FAMILIES[metric.type]
    suffix = {Type.COUNTER: "_total", Type.INFO: "_info"}.get(metric.type, "")
    rendered = kind(metric.name.removesuffix(suffix), metric.help)  # type: ignore[call-arg]
    for point in family.points:
        labels = dict(zip(metric.labels, point.labels, strict=True))
        rendered.add_sample(metric.name, labels, point.value)
    return rendered


def _histogram(family: shot.Family) -> Metric:
    metric = family.metric
    rendered = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    bounds = [floatToGoString(bound) for bound in (*metric.buckets, float("inf"))]  # type: ignore[no-untyped-call]
    for series in family.distributions:
        counts = itertools.accumulate(series.buckets)
        buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = [
            (bound, count) if seen is None else (bound, count, _exemplar(seen))
            for bound, count, seen in zip(bounds, counts, series.exemplars, strict=True)
        ]
        rendered.add_metric(series.labels, buckets, series.sum)
    return rendered


def _exemplar(seen: shot.Exemplar) -> Exemplar:
    return Exemplar({"trace_id": seen.trace_id, "span_id": seen.span_id}, seen.value, seen.timestamp)
