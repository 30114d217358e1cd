"""The servers of metrics that the tests stand on: what is given to each arrives in Prometheus."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from ground.collector import running_collector
from ground.node_exporter import running_node_exporter
from ground.prometheus import GENERATIONS, running_prometheus
from ground.pushgateway import running_pushgateway


def _counted(otlp: str) -> None:
    """Count to 3 and send that to the OTLP receiver at base URL ``otlp``, as any OpenTelemetry program does."""
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{otlp}/v1/metrics"))
    provider = MeterProvider([reader], Resource({"service.name": "ground"}))
    provider.get_meter("tests").create_counter("greetings", "{greeting}").add(3, {"language": "en"})
    provider.shutdown()


@pytest.mark.parametrize("generation", GENERATIONS)
def test_prometheus_scrapes_pushgateway_and_evaluates_rules(generation: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups: [{name: g, rules: [{record: doubled, expr: 2 * greetings}, {alert: Many, expr: greetings > 2}]}]"
    )
    with running_pushgateway() as gateway:
        body = b'greetings{language="en"} 3\n'
        urllib.request.urlopen(f"http://{gateway}/metrics/job/ground", body, timeout=10).close()
        with running_prometheus({"gateway": gateway}, rules=[rules], generation=generation) as prometheus:
            prometheus.wait_for('doubled{language="en"} == 6')
            prometheus.wait_for('ALERTS{alertname="Many", alertstate="firing"}')
            assert [alert["labels"]["alertname"] for alert in prometheus.alerts()] == ["Many"]
            assert {rule["health"] for rule in prometheus.rules()} == {"ok"}
            assert [target["health"] for target in prometheus.targets()] == ["up"]
            assert prometheus.value("no_such_metric") is None
            with pytest.raises(AssertionError, match="no_such_metric is"):
                prometheus.wait_for("no_such_metric", timeout=0.2)


def test_node_exporter_serves_textfiles(tmp_path: Path) -> None:
    (tmp_path / "greetings.prom").write_text("greetings 3\n")
    with running_node_exporter(tmp_path) as address, running_prometheus({"node": address}) as prometheus:
        prometheus.wait_for('greetings{job="node"} == 3')


def test_otlp_goes_into_prometheus_3_and_through_a_collector() -> None:
    with running_collector() as collector, running_prometheus({"collector": collector.scrape}) as prometheus:
        _counted(prometheus.otlp)
        _counted(collector.otlp_http)
        prometheus.wait_for('greetings_total{job="ground", language="en"} == 3')
        prometheus.wait_for('greetings_total{job="collector", language="en"} == 3')
