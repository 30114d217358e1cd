"""The figures of deploy/README.md, of two digits, are what encoder, catalogue and shipped files come to."""

from __future__ import annotations

import re
from functools import cache
from math import floor, log10, prod
from typing import Any

import yaml

from deploytrace.settings import Settings
from deploytrace.store.catalogue import METRICS, Metric, Type, metrics_of
from ground.cache import ROOT
from sinks.spans import JOURNALS, NOWHERE, nodes_of, opened, recorded, request_of, translated

DEPLOY = ROOT / "deploy"
_TEXT = re.sub(r"\s+", " ", (DEPLOY / "README.md").read_text())

_CONTROLLERS, _RUNS_AN_HOUR, _SPANS_A_RUN = 200, 10, 2000
_DAY = 86_400
_SIZES = {"playbook": 10, "play": 3, "role": 10, "task": 50, "host": 30, "downtime_service": 1}
"""The controller of the text; of plays, roles and tasks there are so many in each playbook."""
_FEW = {"action": 20, "outcome": 3, "result": 2, "error_type": 2, "share": 2, "signal": 5, "reason": 1, "version": 1}
"""How many values other labels take."""


def _told(value: float, unit: str) -> None:
    """The text has the value, to two digits, and the unit behind it."""
    digits = round(value, 1 - floor(log10(value)))
    assert f"{digits:,.0f} {unit}" in _TEXT or f"{digits:g} {unit}" in _TEXT, f"{digits:,g} {unit} is not told"


@cache
def _span_bytes() -> float:
    """What a span takes in OTLP, on average over the recorded runs."""
    size = spans = 0
    for journal in JOURNALS:
        events = recorded(journal)
        (sink,) = opened(events, NOWHERE)
        items = translated(sink, nodes_of(events))
        spans += len(items)
        size += len(request_of(sink, items))
    return size / spans


def _series(metric: Metric) -> int:
    """How many series of a metric the controller of the text has."""
    labels = [label for label in metric.labels if label != "role" or "task" not in metric.labels]  # a task has one
    values = _SIZES | _FEW | {"family": len(METRICS)}
    sets = min(prod(values[label] for label in labels), Settings().metrics_series_limit + 1)
    return sets * (len(metric.buckets) + len(("+Inf", "sum", "count")) if metric.type is Type.HISTOGRAM else 1)


def _series_at(level: str) -> int:
    shown = metrics_of(level) - {"ansible_playbook_last_run_info"}  # off by default
    return sum(_series(METRICS[name]) for name in shown)


def test_spans() -> None:
    assert f"{_CONTROLLERS} controllers with {_RUNS_AN_HOUR} runs an hour of {_SPANS_A_RUN:,} spans each" in _TEXT
    rate = _CONTROLLERS * _RUNS_AN_HOUR * _SPANS_A_RUN / 3600
    _told(_span_bytes(), "bytes")
    _told(rate, "spans a second")
    _told(rate * _span_bytes() * _DAY / 1e9, "GB a day")
    _told(rate * _span_bytes() * _DAY / _CONTROLLERS / 1e6, "MB a day")


def _gateway() -> dict[str, Any]:
    exporters = yaml.safe_load((DEPLOY / "collector/gateway.yml").read_text())["exporters"]
    assert len(exporters) == 2
    queue: dict[str, Any] = exporters["otlp_grpc/jaeger"]["sending_queue"]
    return queue


def test_the_gateway_s_queue() -> None:
    """A quarter of an hour at that rate, and it fits its volume twice: it is copied when it is compacted."""
    assert _gateway()["sizer"] == "items"
    spans = _gateway()["queue_size"]
    assert "a queue of a million spans, a quarter of an hour at that rate" in _TEXT
    assert spans == 1_000_000
    assert round(spans / (_CONTROLLERS * _RUNS_AN_HOUR * _SPANS_A_RUN / 3600) / 60) == 15
    ((size, unit),) = re.findall(r"storage: (\d+)(Gi)", (DEPLOY / "kubernetes/gateway.yml").read_text())
    assert unit == "Gi"
    assert 2 * 2 * spans * _span_bytes() < int(size) * 2**30


def test_series() -> None:
    counts = "ten playbooks of three plays, ten roles and fifty tasks each, on thirty hosts"
    assert counts in _TEXT
    assert Settings().metrics_level == "task"
    interval = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (interval, f"At {interval.replace('s', ' s')} and 2 bytes a sample" in _TEXT) == ("15s", True)
    for level in ("task", "role"):
        series = _series_at(level)
        _told(series, f"series at `{level}`")
        _told(series * _CONTROLLERS * _DAY / 15 * 2 / 1e9, f"GB a day at `{level}`")
    kept = re.findall(r"retention\.time=(\d+)d", (DEPLOY / "compose.yml").read_text())
    assert kept == ["180"]
    _told(_series_at("task") * _DAY / 15 * 2 * 180 / 1e9, "GB for the 180 days")
