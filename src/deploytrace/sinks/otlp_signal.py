"""What tells OTLP's signals apart on the wire: names, gRPC method, and the answer that says what was left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

__all__ = ["METRICS", "TRACES", "Signal"]


@dataclass(frozen=True)
class Signal:
    """One of OTLP's signals.

    ``name`` is as in ``/v1/traces``; ``items`` is what there is many of, in words and in JSON; ``answer`` makes the
    message that answers a request, where ``rejected`` is the field with the number of what will never be taken.
    """

    name: str
    items: str
    method: str
    answer: Callable[[], Message]
    rejected: str


TRACES = Signal(
    name="traces",
    items="spans",
    method="/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    answer=ExportTraceServiceResponse,
    rejected="rejected_spans",
)
METRICS = Signal(
    name="metrics",
    items="metrics",
    method="/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    answer=ExportMetricsServiceResponse,
    rejected="rejected_data_points",
)
