"""Where a run's trace goes: the standard variables and the settings decide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploytrace.settings import Settings
from run.stories import Story

from .spans import nodes_of, opened, translated

E = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}


def _sinks(
    tmp_path: Path, environ: Mapping[str, str], option: str | None = None, recorded: str | None = None
) -> dict[str, str]:
    story = Story()
    story.events[0] = story.events[0]._replace(endpoint=recorded)
    sinks = opened(story.events, environ, Settings(otlp_endpoint=option), tmp_path)
    return {sink.name: sink.destination.replace(str(tmp_path), "~") for sink in sinks}


FILE = {"trace_file": f"~/traces/{'0' * 31}1.jsonl"}
OTLP = {"traces": "http://c:4318/v1/traces"}


@pytest.mark.parametrize(
    ("environ", "option", "recorded", "sinks"),
    [
        ({}, None, None, FILE),
        (E, None, None, OTLP),
        ({}, "http://c:4318", None, OTLP),
        ({}, None, "http://c:4318/v1/traces", OTLP),
        (E, None, "http://other:4318", OTLP),
        ({"OTEL_SDK_DISABLED": "TRUE", **E}, None, None, {}),
        ({"OTEL_SDK_DISABLED": "1", **E}, None, None, OTLP),
        ({"OTEL_TRACES_EXPORTER": "none", **E}, None, None, {}),
        ({"OTEL_TRACES_EXPORTER": "", **E}, None, None, OTLP),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, None, None, {"traces": "http://localhost:4318/v1/traces"}),
        ({"OTEL_TRACES_EXPORTER": "otlp, console", **E}, None, None, OTLP | FILE),
        ({"OTEL_TRACES_EXPORTER": "console", **E}, None, None, FILE),
    ],
)
def test_the_sinks(
    tmp_path: Path, environ: dict[str, str], option: str | None, recorded: str | None, sinks: dict[str, str]
) -> None:
    assert _sinks(tmp_path, environ, option, recorded) == sinks


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon", **E}, "carrier-pigeon"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_CERTIFICATE": "/no/such", **E}, "/no/such"),
        ({"OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "nobody", **E}, "nobody"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_the_trace_goes_to_the_file(
    tmp_path: Path, environ: dict[str, str], named: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert _sinks(tmp_path, environ) == FILE
    (record,) = caplog.records
    assert named in record.getMessage()


@pytest.mark.parametrize("name", ["OTEL_CONFIG_FILE", "OTEL_PYTHON_ID_GENERATOR"])
def test_what_is_not_read_is_said(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert _sinks(tmp_path, {name: "x", **E}) == OTLP
    assert name in caplog.text


def test_batching(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    events = Story().events
    (sink,) = opened(events, {}, state_dir=tmp_path)
    assert (sink.schedule_delay, sink.max_items, sink.max_bytes) == (0.5, 512, 3 * 1024 * 1024)
    given = {"OTEL_BSP_SCHEDULE_DELAY": "2000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "10"}
    (sink,) = opened(events, given, state_dir=tmp_path)
    assert (sink.schedule_delay, sink.max_items) == (2.0, 10)
    (sink,) = opened(events, {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "100000"}, state_dir=tmp_path)
    assert sink.max_items == 512
    opened(events, {"OTEL_BSP_SCHEDULE_DELAY": "often"}, state_dir=tmp_path)
    assert "OTEL_BSP_SCHEDULE_DELAY" in caplog.text


def test_a_run_that_is_not_sampled_leaves_no_file(tmp_path: Path) -> None:
    story = Story()
    story.end(1)
    (sink,) = opened(story.events, {"OTEL_TRACES_SAMPLER": "always_off"}, state_dir=tmp_path)
    assert translated(sink, nodes_of(story.events)) == []
    sink.close()
    assert not list(tmp_path.iterdir())
