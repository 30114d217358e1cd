"""Runs made into spans the way a delivery does it, and read back from what would be sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from deploytrace.events import Event, RunStarted
from deploytrace.journal import format as journal_format
from deploytrace.run.model import Node
from deploytrace.run.replay import Replay
from deploytrace.settings import Settings
from deploytrace.sinks.contract import Sink
from deploytrace.sinks.trace_destinations import open_traces
from deploytrace.sinks.traces import EncodedSpan, TraceSink
from ground.otlp import Span, spans_from_request
from run.stories import Story

JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))
"""Recorded from real runs of everything Ansible can do to a task."""

NOWHERE: Mapping[str, str] = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
"""An environment whose sink is opened, but never delivers."""


def recorded(path: Path) -> list[Event]:
    """The events of a journal, without those that this version does not know."""
    lines = path.read_bytes().splitlines()[1:]
    return [event for line in lines if (event := journal_format.decode(line)) is not None]


def nodes_of(events: list[Event]) -> list[Node]:
    """A run's nodes in the order in which they end."""
    replay = Replay()
    return [node for event in events for node in replay.feed(event)]


def opened(
    events: list[Event],
    environ: Mapping[str, str],
    settings: Settings | None = None,
    state_dir: Path = Path("/nowhere"),
) -> list[Sink[EncodedSpan]]:
    """Where the trace of a run goes."""
    started = events[0]
    assert isinstance(started, RunStarted)
    return list(open_traces(settings or Settings(), started, state_dir, environ))


def translated(sink: Sink[EncodedSpan], nodes: list[Node]) -> list[EncodedSpan]:
    """A run's items."""
    return [item for node in nodes for item in sink.translate(node)]


def request_of(sink: Sink[EncodedSpan], items: list[EncodedSpan]) -> bytes:
    """The one request that would carry all items."""
    assert isinstance(sink, TraceSink)
    return sink._transport.codec.request([item.data for item in items])


def spans_of(events: list[Event], environ: Mapping[str, str] = NOWHERE, settings: Settings | None = None) -> list[Span]:
    """The spans of a run, decoded from OTLP's binary form by OpenTelemetry's own classes."""
    (sink,) = opened(events, environ, settings)
    return spans_from_request(
        ExportTraceServiceRequest.FromString(request_of(sink, translated(sink, nodes_of(events))))
    )


def told(story: Story, environ: Mapping[str, str] = NOWHERE, settings: Settings | None = None) -> list[Span]:
    """The spans of a story."""
    return spans_of(story.events, environ, settings)


def named(spans: list[Span], name: str) -> Span:
    """The one span of a name."""
    (span,) = [span for span in spans if span.name == name]
    return span


def wire_spans(request: bytes) -> list[dict[str, object]]:
    """The spans of a binary request with every field that OTLP gives them, defaults left out."""
    document = MessageToDict(ExportTraceServiceRequest.FromString(request), use_integers_for_enums=True)
    return [
        span for each in document.get("resourceSpans", []) for scope in each["scopeSpans"] for span in scope["spans"]
    ]
