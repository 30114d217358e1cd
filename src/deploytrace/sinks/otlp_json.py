"""Spans in OTLP's JSON form: ids in hex, enumerations as numbers, 64-bit integers as text.

Written by hand, because protobuf's own JSON form is another one (ids in base64, enumerations as names).
Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from typing import Any

from .otlp_codec import Scope
from .otlp_envelope import JsonEnvelope, json_attributes, to_json
from .otlp_signal import TRACES
from .span import Span

__all__ = ["JsonCodec"]


def _filled(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not empty, as protobuf leaves default values out."""
    return {name: value for name, value in fields.items() if value}


class JsonCodec(JsonEnvelope):
    """Encodes the spans of one run."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, TRACES)

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        events = [
            _filled(
                timeUnixNano=str(event.t),
                name=event.name,
                attributes=json_attributes(event.attributes),
                droppedAttributesCount=event.dropped_attributes,
            )
            for event in span.events
        ]
        links = [
            _filled(
                traceId=link.trace_id,
                spanId=link.span_id,
                traceState=link.trace_state,
                attributes=json_attributes(link.attributes),
                droppedAttributesCount=link.dropped_attributes,
            )
            for link in span.links
        ]
        return to_json(
            _filled(
                traceId=span.trace_id,
                spanId=span.span_id,
                parentSpanId=span.parent_id,
                traceState=span.trace_state,
                flags=span.flags,
                name=span.name,
                kind=span.kind.value,
                startTimeUnixNano=str(span.start),
                endTimeUnixNano=str(span.end),
                attributes=json_attributes(span.attributes),
                droppedAttributesCount=span.dropped_attributes,
                events=events,
                droppedEventsCount=span.dropped_events,
                links=links,
                droppedLinksCount=span.dropped_links,
                status=_filled(code=span.status.value, message=span.status_message),
            )
        ).encode()
