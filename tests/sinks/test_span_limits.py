"""Nothing grows without bound: lengths, counts, and the size of one span."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from deploytrace import events as ev
from deploytrace.settings import Settings
from deploytrace.sinks.span_limits import cut
from deploytrace.sinks.traces import MAX_BYTES
from run.stories import SECOND, Story

from .spans import NOWHERE, named, nodes_of, opened, request_of, told, translated, wire_spans


def _failed(environ: dict[str, str] | None = None, settings: Settings | None = None, **detail: Any) -> Any:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Task")
    story.finish(1, story.start(0.2, "Task", "h1"), "failed", detail=detail)
    story.end(2)
    return named(told(story, {**NOWHERE, **(environ or {})}, settings), "Task")


@pytest.mark.parametrize("text", ["x" * 10_000, "é" * 5_000, "🚀" * 2_500, "a" + "é" * 5_000])
@pytest.mark.parametrize("limit", [100, 160, 161, 2048, 4095])
def test_a_long_text_keeps_both_ends_and_never_exceeds_the_limit(text: str, limit: int) -> None:
    kept = cut(text, limit)
    assert len(kept.encode()) <= limit
    assert len(kept.encode()) > limit - 8, "no more than needed is cut"
    assert kept[0] == text[0]
    if limit >= 160:
        assert kept[-1] == text[-1]
        assert "bytes or more left out" in kept


@pytest.mark.parametrize("text", ["", "x" * 2048, "é" * 1024])
def test_a_text_that_fits_stays(text: str) -> None:
    assert cut(text, 2048) == text


def test_attribute_texts_are_cut_in_bytes_by_the_setting() -> None:
    span = _failed(settings=Settings(attribute_length=500), stderr="é" * 1000, msg="m")
    assert 490 < len(span.attributes["ansible.task.stderr"].encode()) <= 500


@pytest.mark.parametrize("name", ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"])
def test_opentelemetrys_own_length_limit_counts_characters(name: str) -> None:
    span = _failed({name: "10"}, stderr="é" * 1000, msg="m")
    assert span.attributes["ansible.task.stderr"] == "é" * 10


def test_the_spans_own_length_limit_wins_over_the_general_one() -> None:
    both = {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "5", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "7"}
    assert _failed(both, stderr="x" * 99, msg="m").attributes["ansible.task.stderr"] == "x" * 7


def test_the_number_of_attributes_is_limited_and_what_is_dropped_is_counted() -> None:
    story = Story()
    story.end(1)
    (sink,) = opened(story.events, {**NOWHERE, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3"})
    for span in wire_spans(request_of(sink, translated(sink, nodes_of(story.events)))):
        assert len(span["attributes"]) == 3  # type: ignore[arg-type]
        assert span["droppedAttributesCount"]


def test_an_empty_or_senseless_limit_is_none(caplog: pytest.LogCaptureFixture) -> None:
    span = _failed({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "", "OTEL_SPAN_EVENT_COUNT_LIMIT": "many"}, msg="m")
    assert len(span.attributes) > 10
    assert "OTEL_SPAN_EVENT_COUNT_LIMIT" in caplog.text


def test_no_limit_keeps_the_sink_from_being_imported() -> None:
    environ = {**os.environ, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}
    program = "import deploytrace.sinks.traces, deploytrace.sinks.trace_destinations"
    subprocess.run([sys.executable, "-c", program], env=environ, check=True)


def test_events_and_links_are_limited_and_counted() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Job", notify=("Reload",), async_seconds=9)
    one = story.start(0.2, "Job", "h1")
    for second in range(1, 10):
        story.add(ev.AsyncPolled(second * SECOND, "h1", "j", "running"))
    story.finish(11, one, "changed")
    story.announce(12, "Reload", handler=True)
    story.finish(13, story.start(12.1, "Reload", "h1"))
    story.end(14)
    limits = {"OTEL_SPAN_EVENT_COUNT_LIMIT": "4", "OTEL_SPAN_LINK_COUNT_LIMIT": "0"}
    (sink,) = opened(story.events, {**NOWHERE, **limits})
    spans = {span["name"]: span for span in wire_spans(request_of(sink, translated(sink, nodes_of(story.events))))}
    events: Any = spans["Job"]["events"]
    assert len(events) == 4
    assert spans["Job"]["droppedEventsCount"] == 5
    assert events[-1]["timeUnixNano"] > events[0]["timeUnixNano"], "the first and the last stay"
    assert "links" not in spans["handler Reload"]
    assert spans["handler Reload"]["droppedLinksCount"] == 1


def test_a_span_that_no_receiver_would_take_has_its_texts_cut() -> None:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Task", args={f"key{number}": "x" * 600_000 for number in range(10)})
    story.finish(1, story.start(0.2, "Task", "h1"))
    story.end(2)
    (sink,) = opened(story.events, NOWHERE, Settings(attribute_length=10_000_000))
    items = translated(sink, nodes_of(story.events))
    assert len(items) == 4
    assert max(item.size for item in items) < MAX_BYTES
    assert sink.max_bytes == MAX_BYTES
