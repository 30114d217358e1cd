"""Spans in OTLP's JSON form: ids in hex, enumerations as numbers, 64-bit integers as text.

Written by hand, because protobuf's own JSON form is another one (ids in base64, enumerations as names).
Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .otlp_codec import JSON, SCHEMA_URL, SCOPE_NAME, Scope
from .span import Attributes, Span, Value

__all__ = ["JsonCodec"]

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _value(value: Value) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"arrayValue": {"values": [{"stringValue": part} for part in value]}}


def _attributes(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _filled(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not empty, as protobuf leaves default values out."""
    return {name: value for name, value in fields.items() if value}


class JsonCodec:
    """Encodes the spans of one run."""

    content_type = JSON

    def __init__(self, scope: Scope) -> None:
        head = {
            "resource": {"attributes": _attributes(scope.resource)},
            "schemaUrl": SCHEMA_URL,
            "scopeSpans": [
                {"scope": {"name": SCOPE_NAME, "version": scope.version}, "schemaUrl": SCHEMA_URL, "spans": []}
            ],
        }
        # The spans stand in the last list of the envelope.
        before, _, after = _to_json({"resourceSpans": [head]}).rpartition('"spans":[]')
        self._before, self._after = f'{before}"spans":['.encode(), f"]{after}".encode()

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        events = [
            _filled(
                timeUnixNano=str(event.t),
                name=event.name,
                attributes=_attributes(event.attributes),
                droppedAttributesCount=event.dropped_attributes,
            )
            for event in span.events
        ]
        links = [
            _filled(
                traceId=link.trace_id,
                spanId=link.span_id,
                traceState=link.trace_state,
                attributes=_attributes(link.attributes),
                droppedAttributesCount=link.dropped_attributes,
            )
            for link in span.links
        ]
        return _to_json(
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
                attributes=_attributes(span.attributes),
                droppedAttributesCount=span.dropped_attributes,
                events=events,
                droppedEventsCount=span.dropped_events,
                links=links,
                droppedLinksCount=span.dropped_links,
                status=_filled(code=span.status.value, message=span.status_message),
            )
        ).encode()

    def request(self, spans: Sequence[bytes]) -> bytes:
        """Return an ExportTraceServiceRequest of encoded spans."""
        return self._before + b",".join(spans) + self._after if spans else b"{}"
