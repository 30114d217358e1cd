"""Spans in OTLP's binary form, through the classes that OpenTelemetry publishes for it."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from .otlp_codec import Scope
from .otlp_envelope import ProtobufEnvelope, put_attributes
from .otlp_signal import TRACES
from .span import Span

__all__ = ["ProtobufCodec"]


class ProtobufCodec(ProtobufEnvelope):
    """Encodes the spans of one run."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, TRACES)

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        wire = WireSpan(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_id),
            trace_state=span.trace_state,
            flags=span.flags,
            name=span.name,
            kind=span.kind.value,  # type: ignore[arg-type]
            start_time_unix_nano=span.start,
            end_time_unix_nano=span.end,
            dropped_attributes_count=span.dropped_attributes,
            dropped_events_count=span.dropped_events,
            dropped_links_count=span.dropped_links,
        )
        put_attributes(wire.attributes, span.attributes)
        if span.status:
            wire.status.code = span.status.value  # type: ignore[assignment]
            wire.status.message = span.status_message
        for event in span.events:
            told = wire.events.add(
                time_unix_nano=event.t, name=event.name, dropped_attributes_count=event.dropped_attributes
            )
            put_attributes(told.attributes, event.attributes)
        for link in span.links:
            tie = wire.links.add(
                trace_id=bytes.fromhex(link.trace_id),
                span_id=bytes.fromhex(link.span_id),
                trace_state=link.trace_state,
                dropped_attributes_count=link.dropped_attributes,
            )
            put_attributes(tie.attributes, link.attributes)
        return self.item(wire.SerializeToString())
