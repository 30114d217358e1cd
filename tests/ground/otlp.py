"""Spans as the tests ask for them: one typed form, whether Jaeger, the receiver or a trace file gave them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Event", "Link", "Span", "spans_from_json", "spans_from_request", "tree"]


@dataclass(frozen=True)
class Event:
    """Something that happened at one time (Unix ns) within a span."""

    name: str
    time: int
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Link:
    """A reference from a span to another one; ids in hex."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Span:
    """One span, its resource's and scope's data; ids in hex, times in Unix ns, kind and status as OTLP's numbers."""

    trace_id: str
    span_id: str
    parent_id: str
    """Empty for a root."""
    name: str
    kind: int
    start: int
    end: int
    attributes: Mapping[str, Any]
    status: int = 0
    status_message: str = ""
    trace_state: str = ""
    flags: int = 0
    events: Sequence[Event] = ()
    links: Sequence[Link] = ()
    resource: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""
    schema_url: str = ""

    @property
    def seconds(self) -> float:
        """The span's duration in seconds."""
        return (self.end - self.start) / 1e9


def spans_from_json(document: Mapping[str, Any]) -> list[Span]:
    """Read an OTLP/JSON document (``{"resourceSpans": ...}``, ids in hex), as Jaeger answers and trace files hold."""
    return list(_spans(document, str))


def spans_from_request(request: ExportTraceServiceRequest) -> list[Span]:
    """Read what an exporter sent."""
    return list(_spans(MessageToDict(request, use_integers_for_enums=True), _hex))


def tree(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """Group spans by their parent's id, each group by start; those whose parent is not among ``spans`` are under ""."""
    known = {span.span_id for span in spans}
    children: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        children.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    return children


def _hex(encoded: str) -> str:
    return base64.b64decode(encoded).hex()


def _spans(document: Mapping[str, Any], read_id: Callable[[str], str]) -> Iterator[Span]:
    for resource_spans in document.get("resourceSpans", []):
        resource = _attributes(resource_spans.get("resource", {}))
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                yield Span(
                    trace_id=read_id(span["traceId"]),
                    span_id=read_id(span["spanId"]),
                    parent_id=read_id(span.get("parentSpanId", "")),
                    name=span.get("name", ""),
                    kind=int(span.get("kind", 0)),
                    start=int(span.get("startTimeUnixNano", 0)),
                    end=int(span.get("endTimeUnixNano", 0)),
                    attributes=_attributes(span),
                    status=int(span.get("status", {}).get("code", 0)),
                    status_message=span.get("status", {}).get("message", ""),
                    trace_state=span.get("traceState", ""),
                    flags=int(span.get("flags", 0)),
                    events=[_event(event) for event in span.get("events", [])],
                    links=[
                        Link(read_id(link["traceId"]), read_id(link["spanId"]), _attributes(link))
                        for link in span.get("links", [])
                    ],
                    resource=resource,
                    scope=scope_spans.get("scope", {}).get("name", ""),
                    schema_url=scope_spans.get("schemaUrl", ""),
                )


def _event(event: Mapping[str, Any]) -> Event:
    return Event(event.get("name", ""), int(event.get("timeUnixNano", 0)), _attributes(event))


def _attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value", {})) for pair in holder.get("attributes", [])}


def _value(value: Mapping[str, Any]) -> Any:
    """Undo OTLP's AnyValue: 64-bit integers travel as text, lists and maps in wrappers, None as an empty object."""
    for kind, content in value.items():
        match kind:
            case "intValue":
                return int(content)
            case "doubleValue":
                return float(content)
            case "arrayValue":
                return [_value(each) for each in content.get("values", [])]
            case "kvlistValue":
                return {pair["key"]: _value(pair.get("value", {})) for pair in content.get("values", [])}
            case "bytesValue":
                return base64.b64decode(content)
            case _:
                return content
    return None
