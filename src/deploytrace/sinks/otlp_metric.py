"""The metrics in OTLP: always cumulative, each series from when it was born.

Source: https://opentelemetry.io/docs/specs/otel/metrics/data-model/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    Exemplar,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from ..store import snapshot as shot
from ..store.catalogue import Type
from .otlp_codec import Scope
from .otlp_envelope import JsonEnvelope, ProtobufEnvelope, to_json
from .otlp_signal import METRICS

__all__ = ["JsonMetricCodec", "ProtobufMetricCodec", "metrics_of"]

_MOST_POINTS = 500  # of one message, so that a large family can be sent in several requests
_CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_BASE64_IDS = ("traceId", "spanId")


class ProtobufMetricCodec(ProtobufEnvelope):
    """Encodes metrics in the binary form."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, METRICS)

    def encode(self, metric: Metric) -> bytes:
        """Return a metric as it stands in a request."""
        return self.item(metric.SerializeToString())


class JsonMetricCodec(JsonEnvelope):
    """Encodes metrics in JSON: protobuf's own form of it, but for the ids, which OTLP writes in hex."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, METRICS)

    def encode(self, metric: Metric) -> bytes:
        """Return a metric as it stands in a request."""
        text = json_format.MessageToJson(metric, use_integers_for_enums=True)
        return to_json(json.loads(text, object_hook=_hex_ids)).encode()


def _hex_ids(fields: dict[str, Any]) -> dict[str, Any]:
    for name in _BASE64_IDS:
        if name in fields:
            fields[name] = base64.b64decode(fields[name]).hex()
    return fields


def metrics_of(snapshot: shot.Snapshot, *, exemplars: bool = True) -> Iterator[Metric]:
    """Yield a snapshot's families, those with many series in several parts."""
    for family in snapshot.families:
        for start in range(0, max(len(family.points), len(family.distributions)), _MOST_POINTS):
            part = slice(start, start + _MOST_POINTS)
            metric = Metric(name=family.metric.otlp, unit=family.metric.unit, description=family.metric.help)
            if family.metric.type is Type.HISTOGRAM:
                metric.histogram.aggregation_temporality = _CUMULATIVE
                metric.histogram.data_points.extend(
                    _histogram(family, series, snapshot.time, exemplars) for series in family.distributions[part]
                )
            elif family.metric.type is Type.COUNTER:
                metric.sum.aggregation_temporality = _CUMULATIVE
                metric.sum.is_monotonic = True
                metric.sum.data_points.extend(_number(family, point, snapshot.time) for point in family.points[part])
            else:
                metric.gauge.data_points.extend(_number(family, point, snapshot.time) for point in family.points[part])
            yield metric


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _attributes(names: Sequence[str], values: Sequence[str]) -> list[KeyValue]:
    pairs: Mapping[str, str] = dict(zip(names, values, strict=True))
    return [KeyValue(key=name, value=AnyValue(string_value=value)) for name, value in pairs.items()]


def _number(family: shot.Family, point: shot.Point, time: float) -> NumberDataPoint:
    accumulated = family.metric.type is Type.COUNTER
    return NumberDataPoint(
        attributes=_attributes(family.metric.labels, point.labels),
        start_time_unix_nano=_ns(min(point.born_at, time)) if accumulated else 0,
        time_unix_nano=_ns(time),
        as_double=point.value,
    )


def _histogram(family: shot.Family, series: shot.Distribution, time: float, exemplars: bool) -> HistogramDataPoint:
    return HistogramDataPoint(
        attributes=_attributes(family.metric.labels, series.labels),
        start_time_unix_nano=_ns(min(series.born_at, time)),
        time_unix_nano=_ns(time),
        count=series.count,
        sum=series.sum,
        bucket_counts=series.buckets,
        explicit_bounds=family.metric.buckets,
        exemplars=[_exemplar(seen) for seen in series.exemplars if seen is not None] if exemplars else (),
    )


def _exemplar(seen: shot.Exemplar) -> Exemplar:
    return Exemplar(
        time_unix_nano=_ns(seen.timestamp),
        as_double=seen.value,
        trace_id=bytes.fromhex(seen.trace_id),
        span_id=bytes.fromhex(seen.span_id),
    )
