"""A real Jaeger: it takes every form that is sent, and gives back the same trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import requests

from deploytrace.events import Event, RunStarted
from deploytrace.identity import new_run_id
from ground.otlp import Span
from ground.servers import Jaeger

from .spans import JOURNALS, nodes_of, opened, recorded, request_of, spans_of, translated

pytestmark = pytest.mark.timeout(600)  # the first test builds Jaeger where there is none


def _fresh(path: Path) -> tuple[str, list[Event]]:
    """A recorded run under an id of its own."""
    events = recorded(path)
    started = events[0]
    assert isinstance(started, RunStarted)
    run_id = new_run_id()
    return run_id, [started._replace(run_id=run_id), *events[1:]]


def _plain(span: Span) -> Span:
    """A span without what Jaeger does not keep: the schema's address."""
    return replace(span, schema_url="")


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_jaeger_gives_back_what_it_was_sent(jaeger: Jaeger, protocol: str) -> None:
    run_id, events = _fresh(next(path for path in JOURNALS if path.stem.startswith("roles")))
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_grpc if protocol == "grpc" else jaeger.otlp_http,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }
    (sink,) = opened(events, environ)
    assert sink.deliver(translated(sink, nodes_of(events))) == 0
    sink.close()
    sent = spans_of(events)
    stored = jaeger.wait_for_trace(run_id, lambda spans: len(spans) >= len(sent))
    by_id = {span.span_id: _plain(span) for span in stored}
    assert by_id == {span.span_id: _plain(span) for span in sent}
    assert len(stored) == len(sent)


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_jaeger_takes_every_recorded_run(jaeger: Jaeger, journal: Path) -> None:
    run_id, events = _fresh(journal)
    (sink,) = opened(events, {"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http})
    items = translated(sink, nodes_of(events))
    assert sink.deliver(items) == 0
    sink.close()
    stored = jaeger.wait_for_trace(run_id, lambda spans: len(spans) >= len(items))
    assert len({span.span_id for span in stored}) == len(items)


def test_a_second_delivery_of_a_trace_is_shown_once(jaeger: Jaeger) -> None:
    run_id, events = _fresh(JOURNALS[0])
    for _ in range(2):
        (sink,) = opened(events, {"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http})
        items = translated(sink, nodes_of(events))
        sink.deliver(items)
        sink.close()
    jaeger.wait_for_trace(run_id, lambda spans: len(spans) >= 2 * len(items))
    (trace,) = requests.get(f"{jaeger.query}/api/traces/{run_id}", timeout=10).json()["data"]
    assert len(trace["spans"]) == len(items)
    assert not [span["warnings"] for span in trace["spans"] if span.get("warnings")]


def test_jaegers_ui_can_open_the_trace_file(jaeger: Jaeger, tmp_path: Path) -> None:
    """The UI hands an uploaded file, its lines merged into one document, to /api/transform."""
    run_id, events = _fresh(JOURNALS[0])
    (sink,) = opened(events, {}, state_dir=tmp_path)
    items = translated(sink, nodes_of(events))
    document = request_of(sink, items)
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{jaeger.query}/api/transform", data=document, headers=headers, timeout=10)
    (trace,) = answer.json()["data"]
    assert trace["traceID"] == run_id
    assert len(trace["spans"]) == len(items)
