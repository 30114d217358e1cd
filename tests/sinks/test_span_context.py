"""Which trace a run's spans belong to, and whether there are any."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploytrace.identity import RUN_NODE, span_id
from ground.otlp import Span
from run.stories import Story

from .spans import NOWHERE, named, told

TRACE, PARENT = "a" * 32, "b" * 16
SAMPLED = f"00-{TRACE}-{PARENT}-01"
UNSAMPLED = f"00-{TRACE}-{PARENT}-00"


def _run(environ: Mapping[str, str] | None = None, **started: Any) -> list[Span]:
    story = Story(hosts=("h1",))
    story.events[0] = story.events[0]._replace(**started)
    story.announce(0.1, "Task")
    story.finish(1, story.start(0.2, "Task", "h1"))
    story.end(2)
    return told(story, {**NOWHERE, **(environ or {})})


def _root(spans: list[Span]) -> Span:
    return named(spans, "RUN site.yml")


def test_without_a_parent_the_run_id_is_the_trace_id() -> None:
    spans = _run()
    assert {span.trace_id for span in spans} == {"0" * 31 + "1"}
    assert (_root(spans).parent_id, _root(spans).span_id) == ("", span_id("0" * 31 + "1", RUN_NODE))
    assert {span.flags for span in spans} == {0x101}


def test_a_parent_is_joined_with_its_state() -> None:
    spans = _run(traceparent=SAMPLED, tracestate="vendor=1,other=2")
    assert {span.trace_id for span in spans} == {TRACE}
    assert _root(spans).parent_id == PARENT
    assert {span.trace_state for span in spans} == {"vendor=1,other=2"}
    assert _root(spans).flags == 0x301, "the root's parent is in another process"
    assert named(spans, "play web").flags == 0x101


def test_a_parent_may_be_linked_instead() -> None:
    spans = _run(traceparent=SAMPLED, tracestate="vendor=1", join_trace="link")
    assert {span.trace_id for span in spans} == {"0" * 31 + "1"}
    (link,) = _root(spans).links
    assert (link.trace_id, link.span_id) == (TRACE, PARENT)
    assert link.attributes == {"ansible.link.kind": "incoming_context"}
    assert _root(spans).trace_state == ""


@pytest.mark.parametrize("given", [{"join_trace": "ignore", "traceparent": SAMPLED}, {"traceparent": "00-nonsense-01"}])
def test_a_parent_that_is_ignored_or_invalid_leaves_no_trace(given: dict[str, str]) -> None:
    root = _root(_run(**given))
    assert (root.trace_id, root.parent_id, list(root.links)) == ("0" * 31 + "1", "", [])


def test_the_playbook_before_in_the_same_command_is_linked() -> None:
    (link,) = _root(_run(previous=f"{TRACE}-{PARENT}")).links
    assert (link.trace_id, link.span_id, link.attributes) == (TRACE, PARENT, {"ansible.link.kind": "previous_playbook"})


@pytest.mark.parametrize(
    ("environ", "parent", "recorded"),
    [
        ({}, UNSAMPLED, False),
        ({"OTEL_TRACES_SAMPLER": "always_on"}, UNSAMPLED, True),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, None, False),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, SAMPLED, True),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, None, False),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, None, False),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, None, True),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, SAMPLED, True),
        ({"OTEL_TRACES_SAMPLER": ""}, None, True),
        ({"OTEL_TRACES_SAMPLER": "no_such_thing"}, None, True),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "much"}, None, True),
    ],
)
def test_samplers(environ: dict[str, str], parent: str | None, recorded: bool) -> None:
    assert bool(_run(environ, traceparent=parent)) == recorded


def test_a_sampler_that_cannot_be_used_is_named(caplog: pytest.LogCaptureFixture) -> None:
    _run({"OTEL_TRACES_SAMPLER": "no_such_thing"})
    assert "no_such_thing" in caplog.text


def test_an_installed_sampler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "fussy.py").write_text(
        "from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ALWAYS_OFF\n"
        "def make(argument): return {'on': ALWAYS_ON, 'off': ALWAYS_OFF}[argument]\n"
    )
    (tmp_path / "fussy-1.dist-info").mkdir()
    entry = "[opentelemetry_traces_sampler]\nfussy = fussy:make\n"
    (tmp_path / "fussy-1.dist-info" / "entry_points.txt").write_text(entry)
    monkeypatch.syspath_prepend(tmp_path)
    assert _run({"OTEL_TRACES_SAMPLER": "fussy", "OTEL_TRACES_SAMPLER_ARG": "on"})
    assert not _run({"OTEL_TRACES_SAMPLER": "fussy", "OTEL_TRACES_SAMPLER_ARG": "off"})
    assert _run({"OTEL_TRACES_SAMPLER": "fussy"}), "one that fails leaves the default"
    assert "The sampler fussy cannot be used" in caplog.text
