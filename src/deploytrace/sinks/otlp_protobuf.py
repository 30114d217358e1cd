"""Spans in OTLP's binary form, through the classes that OpenTelemetry publishes for it.

Every span is encoded once, when it ends; a request is the encoded spans put one after another in an envelope, so that
a batch can be measured, split and sent again without encoding anything twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from .otlp_codec import PROTOBUF, SCHEMA_URL, SCOPE_NAME, Scope
from .span import Attributes, Span

__all__ = ["ProtobufCodec"]

# Field numbers of opentelemetry/proto/trace/v1/trace.proto and .../trace_service.proto.
_REQUEST_RESOURCE_SPANS = 1
_RESOURCE, _RESOURCE_SCOPE_SPANS, _RESOURCE_SCHEMA_URL = 1, 2, 3
_SCOPE, _SCOPE_SPANS, _SCOPE_SCHEMA_URL = 1, 2, 3


def _field(number: int, payload: bytes) -> bytes:
    """Return a length-delimited field of a protobuf message."""
    head = bytearray([number << 3 | 2])
    length = len(payload)
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    head.append(length)
    return bytes(head) + payload


def _put(container: Any, attributes: Attributes) -> None:
    """Add attributes to a message's repeated KeyValue field."""
    add = container.add
    for name, value in attributes.items():
        pair = add()
        pair.key = name
        kind = type(value)
        if kind is str:
            pair.value.string_value = value
        elif kind is bool:
            pair.value.bool_value = value
        elif kind is int:
            pair.value.int_value = value
        elif kind is float:
            pair.value.double_value = value
        else:
            values = pair.value.array_value.values
            for part in value:  # type: ignore[union-attr]
                values.add().string_value = part


class ProtobufCodec:
    """Encodes the spans of one run."""

    content_type = PROTOBUF

    def __init__(self, scope: Scope) -> None:
        resource = Resource()
        _put(resource.attributes, scope.resource)
        instrumentation = InstrumentationScope(name=SCOPE_NAME, version=scope.version)
        schema = SCHEMA_URL.encode()
        self._resource = _field(_RESOURCE, resource.SerializeToString())
        self._resource_schema = _field(_RESOURCE_SCHEMA_URL, schema)
        self._scope = _field(_SCOPE, instrumentation.SerializeToString())
        self._scope_schema = _field(_SCOPE_SCHEMA_URL, schema)

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
        _put(wire.attributes, span.attributes)
        if span.status:
            wire.status.code = span.status.value  # type: ignore[assignment]
            wire.status.message = span.status_message
        for event in span.events:
            told = wire.events.add(
                time_unix_nano=event.t, name=event.name, dropped_attributes_count=event.dropped_attributes
            )
            _put(told.attributes, event.attributes)
        for link in span.links:
            tie = wire.links.add(
                trace_id=bytes.fromhex(link.trace_id),
                span_id=bytes.fromhex(link.span_id),
                trace_state=link.trace_state,
                dropped_attributes_count=link.dropped_attributes,
            )
            _put(tie.attributes, link.attributes)
        return _field(_SCOPE_SPANS, wire.SerializeToString())

    def request(self, spans: Sequence[bytes]) -> bytes:
        """Return an ExportTraceServiceRequest of encoded spans."""
        if not spans:
            return b""
        scope_spans = b"".join((self._scope, *spans, self._scope_schema))
        resource_spans = b"".join((self._resource, _field(_RESOURCE_SCOPE_SPANS, scope_spans), self._resource_schema))
        return _field(_REQUEST_RESOURCE_SPANS, resource_spans)
