"""What a store's metrics are on each of the four ways, as one Prometheus sees them, and what they should be."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from deploytrace.settings import Settings
from deploytrace.store.catalogue import Type
from deploytrace.store.database import open_store
from deploytrace.store.snapshot import Family, Snapshot
from deploytrace.store.view import View, read_snapshot
from ground.collector import Collector
from ground.prometheus import Prometheus
from ground.waiting import wait_for

__all__ = ["WAYS", "Landscape", "expected", "true_snapshot"]

WAYS = ("exporter", "textfile", "pushgateway", "otlp", "collector")
_INSTANCES = uuid.UUID("4d63009a-8d0f-11ee-aad7-4c796ed8e320")  # of the OpenTelemetry specification
_NOT_LABELS = {"__name__", "job", "instance", "otel_scope_name", "otel_scope_version", "otel_scope_schema_url"}

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Values by the name and the labels of their series; an empty label is one that is not there."""


@dataclass(frozen=True)
class Landscape:
    """The servers; ``targets`` is the file that tells Prometheus which exporters there are."""

    gateway: str
    textfiles: Path
    collector: Collector
    prometheus: Prometheus
    targets: Path

    @property
    def textfile(self) -> Path:
        """Where the textfile belongs."""
        return self.textfiles / "ansible.prom"

    def scrape(self, exporter: str) -> None:
        """Let Prometheus scrape an exporter ("host:port"), alone."""
        new = self.targets.with_name("new")
        new.write_text(json.dumps([{"targets": [exporter]}]))
        new.replace(self.targets)

    def selector(self, way: str, store_id: str, exporter: str) -> str:
        """What selects the series of a store that came on a way."""
        otlp = uuid.uuid5(_INSTANCES, store_id)
        return {
            "exporter": f'job="exporter", instance="{exporter}"',
            "textfile": 'job="node"',
            "pushgateway": f'job="ansible", instance="{store_id}"',
            "otlp": f'job="ansible", instance="{otlp}", otel_scope_name=""',
            "collector": f'job="ansible", instance="{otlp}", otel_scope_name!=""',
        }[way]

    def series(self, selector: str) -> Series:
        """What Prometheus knows there of what accumulates."""
        found = self.prometheus.query(f'{{__name__=~"ansible_.+_(total|bucket|count|sum)", {selector}}}')
        return {_key(sample.labels["__name__"], sample.labels): sample.value for sample in found}

    def resets(self, way: str, store_id: str, exporter: str) -> list[object]:
        """The counters that ever went back on a way, which Prometheus takes for a new beginning."""
        selector = self.selector(way, store_id, exporter)
        names = ("ansible_playbook_runs_total", "ansible_host_results_total", "ansible_task_duration_seconds_count")
        found = [self.prometheus.query(f"resets({name}{{{selector}}}[10m])") for name in names]
        assert all(found), f"{way} has no such counters"
        return [sample for samples in found for sample in samples if sample.value]

    def wait_until_all_agree(self, snapshot: Snapshot, exporter: str, ways: tuple[str, ...] = WAYS) -> None:
        """Wait until each way shows exactly what the store holds; AssertionError with the differences."""
        right = expected(snapshot)
        for way in ways:
            selector = self.selector(way, snapshot.store_id, exporter)
            try:
                wait_for(lambda selector=selector: self.series(selector) == right, way)
            except AssertionError:
                seen = self.series(selector)
                both = {key: (seen.get(key), right.get(key)) for key in seen.keys() | right.keys()}
                wrong = {key: pair for key, pair in both.items() if pair[0] != pair[1]}
                raise AssertionError(f"{way} shows (and should show) {wrong}") from None


def _key(name: str, labels: object) -> tuple[str, frozenset[tuple[str, str]]]:
    pairs = dict(labels)  # type: ignore[call-overload]
    if "le" in pairs:
        pairs["le"] = str(float(pairs["le"]))  # scraped "5.0", by OTLP "5"
    return name, frozenset((key, value) for key, value in pairs.items() if key not in _NOT_LABELS and value)


def true_snapshot(url: str) -> Snapshot:
    """What a store holds, with nothing held back."""
    store = open_store(url)
    try:
        return read_snapshot(store, View.of(Settings(metrics_birth_hold=0.0), None), time.time())
    finally:
        store.close()


def expected(snapshot: Snapshot) -> Series:
    """The series that accumulate, as Prometheus is to have them."""
    found: Series = {}
    for family in snapshot.families:
        if family.metric.type in (Type.COUNTER, Type.HISTOGRAM):
            found |= _series(family)
    return found


def _series(family: Family) -> Series:
    name, found = family.metric.name, {}
    for point in family.points:
        found[_key(name, zip(family.metric.labels, point.labels, strict=True))] = point.value
    for one in family.distributions:
        labels = list(zip(family.metric.labels, one.labels, strict=True))
        found[_key(f"{name}_count", labels)] = one.count
        found[_key(f"{name}_sum", labels)] = one.sum
        so_far = 0
        for bound, count in zip((*family.metric.buckets, float("inf")), one.buckets, strict=True):
            so_far += count
            found[_key(f"{name}_bucket", [*labels, ("le", str(bound))])] = so_far
    return found
