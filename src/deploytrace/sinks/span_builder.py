"""A node becomes a span: ids, name, kind, status, attributes, events and links, within the limits.

Spans are built from the tables and never pass through the SDK's ``Tracer``: measured side by side, starting, ending and
encoding a span that way takes five times as long, and a sidecar must keep up with 5,000 host results a second. What the
SDK's way would have held is held here: its samplers decide (`span_context`), the limits are the specification's
(`span_limits`), and ``OTEL_SDK_DISABLED`` is read where sinks are chosen (`trace_destinations`).
"""

from __future__ import annotations

import functools
from typing import Any

from .. import identity
from ..run.model import Kind, Node, Outcome, RunDetail
from ..settings import Settings
from .span import Span, SpanLink, StatusCode, Value
from .span_catalogue import OUTCOME, SHAPES
from .span_containers import context_attributes
from .span_context import TraceContext
from .span_events import events_of
from .span_limits import Limiter, clean, cut
from .span_shape import Collector, Shape

__all__ = ["SpanBuilder"]

_ERROR = frozenset({Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED})
_BROKEN = frozenset({"failure", "error", "timeout", "cancellation"})
_RESULT_KINDS = frozenset({Kind.HOST, Kind.ITEM, Kind.ATTEMPT})  # they tell their outcome as a host's
_MESSAGE_BYTES = 512


class SpanBuilder:
    """Builds the spans of one run."""

    def __init__(self, context: TraceContext, settings: Settings, limiter: Limiter) -> None:
        self._context = context
        self._limiter = limiter
        self._shapes: dict[Kind, tuple[Shape[Any], Collector[Any]]] = {
            kind: (shape, Collector(shape.attributes, settings)) for kind, shape in SHAPES.items()
        }
        self._flags = context.flags(root=False)
        span_id = functools.partial(identity.span_id, context.run_id)
        self._parent_id = functools.lru_cache(maxsize=64)(span_id)  # siblings follow each other

    def build(self, node: Node, extra: dict[str, Value]) -> Span:
        """Return the span of an ended node; ``extra`` are attributes that the node itself does not know."""
        shape, collector = self._shapes[node.kind]
        context = self._context
        subject = shape.subject(node.detail)
        found = collector.collect(node, subject)
        if node.kind not in _RESULT_KINDS:
            found[OUTCOME.name] = node.outcome.value
        links: tuple[SpanLink, ...] = tuple(context.link(link.node, link.kind) for link in node.links)
        parent_id, flags = "", self._flags
        if node.parent is not None:
            parent_id = self._parent_id(node.parent)
        else:
            parent_id, flags = context.parent_id, context.flags(root=True)
            links = (*context.root_links, *links)
        if isinstance(node.detail, RunDetail):
            found.update(context_attributes(node.detail))
        status, message = self._status(node)
        if status is StatusCode.ERROR:
            found["error.type"] = node.failure.type if node.failure else "_OTHER"
        found.update(extra)
        attributes, dropped_attributes = self._limiter.attributes(found)
        events, dropped_events = self._limiter.events(events_of(node))
        links, dropped_links = self._limiter.links(links)
        return Span(
            trace_id=context.trace_id,
            span_id=identity.span_id(context.run_id, node.id),
            parent_id=parent_id,
            name=clean(shape.name(node, subject)),
            kind=shape.span_kind(node, subject),
            start=node.start,
            end=node.end,
            attributes=attributes,
            status=status,
            status_message=message,
            events=events,
            links=links,
            trace_state=context.trace_state,
            flags=flags,
            dropped_attributes=dropped_attributes,
            dropped_events=dropped_events,
            dropped_links=dropped_links,
        )

    def _status(self, node: Node) -> tuple[StatusCode, str]:
        """Return the span's status: ERROR for what nobody handled, else UNSET (OK is for people to set)."""
        broken = isinstance(node.detail, RunDetail) and node.detail.result in _BROKEN
        if node.outcome not in _ERROR and not broken:
            return StatusCode.UNSET, ""
        return StatusCode.ERROR, clean(cut(node.failure.message, _MESSAGE_BYTES)) if node.failure else ""
