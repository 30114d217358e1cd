"""What must hold for a run's trace in Jaeger: every node of the run exactly once, and every child inside its parent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deploytrace import identity
from deploytrace.run.model import Node
from ground.otlp import Span
from ground.servers import Jaeger
from sidecar.place import distinct

from .journals import nodes_of, started_of

__all__ = ["check_spans", "delivered_trace"]


def delivered_trace(jaeger: Jaeger, journal: Path, *, killed: bool = False) -> tuple[list[Node], list[Span]]:
    """Wait until a run's trace is complete in Jaeger; return its nodes and its spans, checked against each other.

    ``killed``: a sidecar was killed, so what it sent last may have been sent once more, exactly the same.
    """
    nodes = nodes_of(journal)
    started = started_of(journal)
    trace_id = identity.trace_id(started.run_id, started.traceparent, started.join_trace)
    wanted = {identity.span_id(started.run_id, node.id) for node in nodes}
    spans = jaeger.wait_for_trace(trace_id, lambda found: wanted <= {span.span_id for span in found})
    if killed:
        spans = list(distinct(spans).values())
    check_spans(started.run_id, nodes, spans)
    return nodes, spans


def check_spans(run_id: str, nodes: Sequence[Node], spans: Sequence[Span]) -> None:
    """Assert that the spans are the nodes: each once, in its place, with its times."""
    assert [span for span, times in Counter(span.span_id for span in spans).items() if times > 1] == []
    by_id = {span.span_id: span for span in spans}
    assert len(spans) == len(nodes), {span.name for span in spans}
    for node in nodes:
        span = by_id[identity.span_id(run_id, node.id)]
        assert (span.start, span.end) == (node.start, node.end), (span.name, node.id)
        if node.parent is not None:
            parent = by_id[span.parent_id]
            assert parent.span_id == identity.span_id(run_id, node.parent), (span.name, parent.name)
            assert parent.start <= span.start, (parent.name, span.name)
            assert span.end <= parent.end, (parent.name, span.name)
    assert len({str(sorted(span.resource.items())) for span in spans}) == 1, "one resource"
