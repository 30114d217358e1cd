"""What the figures say in Prometheus is what happened: quantiles of known durations, exemplars that lead to a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploytrace.identity import new_run_id
from ground.ansible import Ansible
from ground.prometheus import Prometheus, running_prometheus
from ground.servers import Jaeger
from run.stories import Story
from store.recorded import Run

from .exporting import running_exporter
from .landscape import Landscape

_KNOWN = [12.0] * 10 + [20.0] * 60 + [100.0] * 25 + [400.0] * 5
"""Durations of runs, in s: of the buckets up to 15, 30, 120 and 600."""

_SITE = """
- name: fleet
  hosts: all
  gather_facts: false
  tasks:
    - name: wait
      ansible.builtin.command: sleep 0.3
    - name: say
      ansible.builtin.debug:
        msg: hello
"""


def _quantile(prometheus: Prometheus, quantile: float) -> float:
    histogram = 'sum by (le) (ansible_playbook_duration_seconds_bucket{playbook="site.yml"})'
    value = prometheus.value(f"histogram_quantile({quantile}, {histogram})")
    assert value is not None
    return value


@pytest.mark.parametrize("generation", ["3", "2"])
def test_quantiles_of_known_durations(generation: str, tmp_path: Path) -> None:
    """As far as buckets can tell: Prometheus interpolates within one."""
    url = f"sqlite:///{tmp_path}/state/store.db"
    for duration in _KNOWN:
        story = Story()
        story.end(duration)
        Run(story.events, run_id=new_run_id()).commit(url)
    environ = {"DEPLOYTRACE_STATE_DIR": str(tmp_path / "state"), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}
    with (
        running_exporter(environ, tmp_path / "log") as exporter,
        running_prometheus({"exporter": exporter.address}, generation=generation) as prometheus,
    ):
        prometheus.wait_for("ansible_playbook_duration_seconds_count == 100")
        assert _quantile(prometheus, 0.5) == pytest.approx(15 + (30 - 15) * (50 - 10) / 60)
        assert _quantile(prometheus, 0.9) == pytest.approx(60 + (120 - 60) * (90 - 70) / 25)
        assert _quantile(prometheus, 0.99) == pytest.approx(300 + (600 - 300) * (99 - 95) / 5)
        assert prometheus.value("sum(ansible_playbook_duration_seconds_sum)") == pytest.approx(sum(_KNOWN))


def test_a_real_run_and_its_trace(ansible: Ansible, jaeger: Jaeger, landscape: Landscape, tmp_path: Path) -> None:
    """Ansible, its sidecar, the exporter, Prometheus: from a bucket to the trace in Jaeger, scraped and over OTLP."""
    environ = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{jaeger.otlp_http}/v1/traces",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{landscape.prometheus.otlp}/v1/metrics",
        "OTEL_METRICS_EXPORTER": "otlp",
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": "3",
        "DEPLOYTRACE_METRICS_TEXTFILE": str(landscape.textfile),
        "DEPLOYTRACE_METRICS_PUSHGATEWAY": f"http://{landscape.gateway}",
    }
    own = {"DEPLOYTRACE_STATE_DIR": str(ansible.state_dir), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "3"}
    with running_exporter(own, tmp_path / "log") as exporter:
        landscape.scrape(exporter.address)
        result = ansible.run(_SITE, env_vars=environ)
        assert result.returncode == 0, result.output
        ansible.wait_for_sidecar()
        landscape.prometheus.wait_for("count(ansible_playbook_runs_total{result='success'} == 1) == 4")
        grown = landscape.prometheus.query("increase(ansible_playbook_runs_total{result='success'}[10m])")
        assert [round(sample.value) for sample in grown] == [1] * 4  # the playbook's very first run, not 0
        (run,) = ansible.runs()
        for job in ("exporter", "ansible"):
            series = f'ansible_task_duration_seconds_bucket{{task="wait", job="{job}"}}'
            (exemplar,) = landscape.prometheus.exemplars(series)
            assert exemplar["labels"]["trace_id"] == run["trace_id"]
            assert 0.3 < float(exemplar["value"]) < 10
            spans = jaeger.trace(exemplar["labels"]["trace_id"])
            (span,) = [span for span in spans if span.span_id == exemplar["labels"]["span_id"]]
            assert span.name == "task wait"
        assert {target["lastError"] for target in landscape.prometheus.targets()} == {""}
        assert landscape.prometheus.value("node_textfile_scrape_error") == 0
