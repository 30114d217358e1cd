"""Spans in OTLP's JSON form: ids in hex, enumerations as numbers, 64-bit integers as text.

Written by hand, because protobuf's own JSON form is another one (ids in base64, enumerations as names).
Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterable

from .otlp_codec import Scope
from .otlp_envelope import JsonEnvelope, json_attributes, quoted
from .otlp_signal import TRACES
from .span import Attributes, Span, SpanEvent, SpanLink

__all__ = ["JsonCodec"]


class JsonCodec(JsonEnvelope):
    """Encodes the spans of one run."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope, TRACES)

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        return _filled(
            traceId=_text(span.trace_id),
            spanId=_text(span.span_id),
            parentSpanId=_text(span.parent_id),
            traceState=_text(span.trace_state),
            flags=span.flags,
            name=_text(span.name),
            kind=int(span.kind),
            startTimeUnixNano=f'"{span.start}"',
            endTimeUnixNano=f'"{span.end}"',
            attributes=_attributes(span.attributes),
            droppedAttributesCount=span.dropped_attributes,
            events=_list(map(_event, span.events)) if span.events else "",
            droppedEventsCount=span.dropped_events,
            links=_list(map(_link, span.links)) if span.links else "",
            droppedLinksCount=span.dropped_links,
            status=_filled(code=int(span.status), message=_text(span.status_message)) if span.status else "",
        ).encode()


def _event(event: SpanEvent) -> str:
    return _filled(
        timeUnixNano=f'"{event.t}"',
        name=_text(event.name),
        attributes=_attributes(event.attributes),
        droppedAttributesCount=event.dropped_attributes,
    )


def _link(link: SpanLink) -> str:
    return _filled(
        traceId=_text(link.trace_id),
        spanId=_text(link.span_id),
        traceState=_text(link.trace_state),
        attributes=_attributes(link.attributes),
        droppedAttributesCount=link.dropped_attributes,
    )


def _filled(**fields: str | int) -> str:
    """Return an object of the fields, encoded themselves, that are not empty: protobuf leaves default values out."""
    return "{" + ",".join([f'"{name}":{value}' for name, value in fields.items() if value]) + "}"


def _list(values: Iterable[str]) -> str:
    return f"[{','.join(values)}]"


def _text(text: str) -> str:
    return quoted(text) if text else ""


def _attributes(attributes: Attributes) -> str:
    return json_attributes(attributes) if attributes else ""
