"""Every query of every panel, put to a real Prometheus that has scraped real runs: it has data, in its unit."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploytrace.identity import new_run_id
from deploytrace.journal.reader import read_events
from ground.ansible import Ansible
from ground.cache import ROOT
from ground.environments import Release, installed
from ground.prometheus import Prometheus, Sample, running_prometheus
from ground.receiver import Answer, running_receiver
from paths.exporting import running_exporter
from store.recorded import Run, run_of

from .dimensions import GRAFANAS, dimension
from .shipped import DASHBOARDS, Dashboard, Panel, filled

_HOLD = "3"
_SITE = """
- name: Roll out
  hosts: all
  gather_facts: false
  tasks:
    - name: Stop
      ansible.builtin.command: "true"
      tags: deploytrace_down:shop
    - name: Work
      ansible.builtin.include_role:
        name: shop
    - name: Start
      ansible.builtin.command: "true"
      tags: deploytrace_up:shop
    - name: Check
      ansible.builtin.assert:
        that: inventory_hostname != broken | default('')
    - name: Wait for the others
      ansible.builtin.command: sleep {{ waiting | default(0) }}
"""
_ROLE = """
- name: Unpack
  ansible.builtin.command: sleep {{ 0.6 if inventory_hostname == 'h3' else 0 }}
- name: Is it healthy
  ansible.builtin.shell: test -e {{ inventory_hostname }}-up || { touch {{ inventory_hostname }}-up; false; }
  args:
    chdir: "{{ playbook_dir }}"
  register: health
  until: health is success
  retries: 2
  delay: 0
"""


@pytest.fixture(scope="module")
def ansible(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ansible]:
    """One for all queries."""
    with tempfile.TemporaryDirectory(prefix="ansible-", ignore_cleanup_errors=True) as temporary:
        user = Ansible(installed(release), tmp_path_factory.mktemp("queries"), Path(temporary))
        user.write("roles/shop/tasks/main.yml", _ROLE)
        yield user
        user.end()


@pytest.fixture(scope="module")
def prometheus(ansible: Ansible) -> Iterator[Prometheus]:
    """It has seen a run that succeeded (three times more, from its journal), one that did not, and sees one go on.

    Of the second the spans are refused, and runs of other playbooks come to a store that takes no more series.
    """
    environ = {
        "DEPLOYTRACE_STATE_DIR": str(ansible.state_dir),
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": _HOLD,
        "DEPLOYTRACE_METRICS_LEVEL": "host",
        "DEPLOYTRACE_METRICS_LAST_RUN_INFO": "1",
        "DEPLOYTRACE_METRICS_MAX_SUCCESS_AGE": "site.yml=3600",
    }
    inventory = ansible.local_inventory("h1", "h2", "h3")
    hosts = json.loads(inventory.read_text())
    hosts["all"]["hosts"]["h4"] = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    with_one_away = ansible.write("one-away.json", json.dumps(hosts))
    rules = (ROOT / "deploy/prometheus/rules/recording.yml").read_text().replace("interval: 4m", "interval: 1s")
    recording = ansible.write("recording.yml", rules)
    with (
        running_receiver() as receiver,
        running_exporter(environ, ansible.directory / "log") as exporter,
        running_prometheus({"ansible": exporter.address}, rules=[recording]) as server,
    ):
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http}
        done = ansible.run(_SITE, inventory=inventory, env_vars=environ | endpoint)
        assert done.returncode == 0, done.output
        receiver.answer = Answer(400)
        again = ansible.start(
            _SITE, inventory=with_one_away, env_vars=environ | endpoint, args=["-e", "broken=h2"]
        ).finish()
        assert again.returncode != 0
        ansible.wait_for_sidecar()
        url = f"sqlite:///{ansible.state_dir}/store.db"
        journal = min((ansible.state_dir / "journals").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
        for _ in range(3):
            Run(list(read_events(journal)), run_id=new_run_id()).commit(url)
        run_of("roles-2.21", run_id=new_run_id()).commit(url, metrics_series_limit=1)
        going_on = ansible.start(_SITE, inventory=inventory, env_vars=environ, args=["-e", "waiting=60"])
        server.wait_for("ansible_playbook_running_start_timestamp_seconds")
        server.wait_for("job_playbook:ansible_playbook_duration_seconds:mean14d")
        server.wait_for("increase(ansible_telemetry_store_overflow_total[1m]) > 0")
        server.wait_for('increase(ansible_telemetry_dropped_total{signal="traces"}[1m]) > 0')
        yield server
        going_on.kill()
        ansible.end()


_NOTHING_YET = {"Errors of the store"}
"""Panels of what these runs do not have: no commit to the store failed."""

_NEED_DAYS = {"Tasks slower than usual"}
"""Panels that compare means of different days, which are the same here: their filter (``> 0``) keeps them empty."""

_MAY_BE_EMPTY = {"revision"}
"""Labels that these runs lack: the playbook is in no Git repository."""


def _answer(prometheus: Prometheus, expression: str) -> list[Sample]:
    """What a query answers at its end; of a panel over time, as Grafana asks for each point."""
    return prometheus.query(filled(expression, __range="5m", __interval="1m", __rate_interval="1m"))


def _asked(board: Dashboard) -> Iterator[tuple[Panel, dict[str, Any]]]:
    return ((panel, target) for panel, target in board.queries() if panel.title not in _NOTHING_YET)


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_query_is_answered_with_data(board: Dashboard, prometheus: Prometheus) -> None:
    silent = [
        f"{panel} {target.get('refId')}"
        for panel, target in _asked(board)
        if not _answer(prometheus, target["expr"].replace(" > 0", "") if panel.title in _NEED_DAYS else target["expr"])
    ]
    assert not silent


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_value_is_in_the_unit_that_it_is_shown_in(board: Dashboard, prometheus: Prometheus) -> None:
    """By what the metrics in its query are in, and by the answer's size."""
    now = time.time()
    sizes = {"s": (0, 86400), "percentunit": (0, 1000), "bytes": (0, 1e9), "short": (0, 1e6), "none": (0, 1)}
    sizes["dateTimeFromNow"] = ((now - 3600) * 1000, (now + 3600) * 1000)
    for panel, target in board.queries():
        unit = panel.unit_of(target)
        assert unit in GRAFANAS[dimension(target["expr"])], f"{panel}: {target['expr']}"
        low, high = sizes[unit]
        for sample in _answer(prometheus, target["expr"]):
            assert low <= sample.value <= high, f"{panel}: {sample.value} {unit}"


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_label_that_is_shown_is_in_the_answer(board: Dashboard, prometheus: Prometheus) -> None:
    for panel, target in _asked(board):
        if panel.title in _NEED_DAYS:
            continue
        shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        if panel.type == "table":
            options = next(step for step in panel.json["transformations"] if step["id"] == "organize")["options"]
            shown = {name for name in options["indexByName"] if not name.startswith("Value")}
        # A label that is empty is one that is not there.
        there = {label for sample in _answer(prometheus, target["expr"]) for label in sample.labels}
        assert shown - _MAY_BE_EMPTY <= there, f"{panel}: {shown - there}"


def test_variables_offer_what_there_is(prometheus: Prometheus) -> None:
    for board in DASHBOARDS:
        for name, variable in board.variables.items():
            if variable["type"] == "query":
                series = variable["query"].removeprefix("label_values(").rpartition(", ")[0]
                assert {sample.labels.get(name) for sample in _answer(prometheus, series)} - {None}, name


def test_a_deploy_is_marked_when_it_began(prometheus: Prometheus) -> None:
    for board in DASHBOARDS:
        for mark in board.annotations:
            times = [sample.value / 1000 for sample in _answer(prometheus, mark["target"]["expr"])]
            assert max(times) == pytest.approx(time.time(), abs=600)


def test_a_diamond_in_the_heatmap_is_a_trace(prometheus: Prometheus) -> None:
    """Grafana asks for the exemplars of the panel's own query."""
    for board in DASHBOARDS:
        for panel in board.panels:
            if panel.type == "heatmap":
                found = prometheus.exemplars(filled(panel.targets[0]["expr"]))
                assert found, str(panel)
                assert all(re.fullmatch("[0-9a-f]{32}", each["labels"]["trace_id"]) for each in found)
