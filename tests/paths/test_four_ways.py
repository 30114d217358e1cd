"""Scraped, by textfile, through a Pushgateway and over OTLP: exactly what the history holds, however it came there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from deploytrace.store import schema
from deploytrace.store.database import open_store
from ground.waiting import wait_for
from sidecar.place import Place, alive, state_directory

from .exporting import Exporter, running_exporter
from .landscape import WAYS, Landscape, expected, true_snapshot

_HOLD = 4.0


@contextlib.contextmanager
def _two_controllers(landscape: Landscape, url: str, directory: Path) -> Iterator[tuple[Place, Place, Exporter]]:
    """Two state directories with one store, each of which pushes to other places, and one exporter."""
    shared = {"DEPLOYTRACE_STORE_URL": url, "DEPLOYTRACE_METRICS_BIRTH_HOLD": str(_HOLD)}
    otlp = {"OTEL_METRICS_EXPORTER": "otlp", "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
    first = {
        "DEPLOYTRACE_METRICS_TEXTFILE": str(landscape.textfile),
        "DEPLOYTRACE_METRICS_PUSHGATEWAY": f"http://{landscape.gateway}",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{landscape.collector.otlp_http}/v1/metrics",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json",
    }
    second = {
        "DEPLOYTRACE_METRICS_PUSHGATEWAY": f"http://{landscape.gateway}",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{landscape.prometheus.otlp}/v1/metrics",
    }
    with (
        state_directory(directory / "a", **shared, **otlp, **first) as a,
        state_directory(directory / "b", **shared, **otlp, **second) as b,
        running_exporter(b.environ | {"DEPLOYTRACE_STATE_DIR": str(b.root)}, directory / "log") as exporter,
    ):
        landscape.scrape(exporter.address)
        landscape.prometheus.wait_for(f'up{{instance="{exporter.address}"}} == 1')
        yield a, b, exporter


def _run(*places: Place) -> None:
    """Record a run in each place, all at the same time, and wait until their sidecars have done all they do."""
    recordings = [place.record(2, pause=0.05 * number) for number, place in enumerate(places)]
    for recording in recordings:
        recording.recorded()
    for recording in recordings:
        wait_for(lambda sidecar=recording.sidecar: not alive(sidecar), "the sidecar's end")


def test_one_after_the_other_and_five_at_a_time(landscape: Landscape, url: str, tmp_path: Path) -> None:
    """Two runs in turn, then five at once, on two controllers: one set of numbers, on every way."""
    with _two_controllers(landscape, url, tmp_path) as (a, b, exporter):
        _run(a)
        store_id = true_snapshot(url).store_id
        for way in ("exporter", "textfile", "pushgateway", "collector"):
            selector = landscape.selector(way, store_id, exporter.address)
            counter = f'ansible_playbook_runs_total{{result="success", {selector}}}'
            landscape.prometheus.wait_for(f"{counter} == 1")
            (grown,) = landscape.prometheus.query(f"increase({counter}[10m])")
            assert round(grown.value) == 1, way  # the very first run, not 0
        _run(b)
        _run(a, b, a, b, a)
        assert a.flush().returncode == 0  # the last word on A's ways, whichever sidecar ended last
        snapshot = true_snapshot(url)
        landscape.wait_until_all_agree(snapshot, exporter.address)

        opened = open_store(url)
        with contextlib.closing(opened), opened.reading() as connection:
            runs = connection.execute(select(func.count(), func.sum(schema.runs.c.duration_ns))).one()
            results = connection.execute(select(func.count(), func.sum(schema.host_results.c.duration_ns))).one()
        seen = {name: value for (name, labels), value in expected(snapshot).items() if _whole(dict(labels))}
        assert (runs[0], results[0]) == (7, 7 * 2 * 3)
        assert seen["ansible_playbook_runs_total"] == 7
        assert seen["ansible_playbook_duration_seconds_sum"] == pytest.approx(int(runs[1]) / 1e9, rel=1e-12)
        assert seen["ansible_host_result_duration_seconds_sum"] == pytest.approx(int(results[1]) / 1e9, rel=1e-12)
        for way in WAYS:
            assert not landscape.resets(way, store_id, exporter.address), way


def _whole(labels: dict[str, str]) -> bool:
    return "le" not in labels and labels.get("result", "success") == "success" and "signal" not in labels
