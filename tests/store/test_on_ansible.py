"""From a real Ansible to the store: the run is there while it goes on, and all that was recorded in the end."""

from __future__ import annotations

import contextlib
import time

from deploytrace.journal.directory import Directory
from deploytrace.settings import Settings
from deploytrace.store.database import Store, open_store
from deploytrace.store.runs import read_host_results, read_runs
from deploytrace.store.view import View, read_snapshot
from ground.ansible import Ansible
from ground.waiting import wait_for

_SITE = """
- name: fleet
  hosts: all
  gather_facts: false
  tasks:
    - name: wait
      ansible.builtin.wait_for:
        path: "{{ playbook_dir }}/go-on"
        sleep: 1
    - name: say
      ansible.builtin.debug:
        msg: hello
"""


def _values(store: Store, ansible: Ansible, family: str) -> dict[tuple[str, ...], float]:
    view = View.of(Settings(metrics_birth_hold=0.0), Directory(ansible.state_dir))
    found = {one.metric.name: one for one in read_snapshot(store, view, time.time()).families}
    if family not in found:
        return {}
    points = {point.labels: point.value for point in found[family].points}
    return points | {one.labels: float(one.count) for one in found[family].distributions}


def test_a_run_from_its_start_to_its_end(ansible: Ansible) -> None:
    """In the default store: in progress, then counted, with what the telemetry itself did."""
    path = ansible.state_dir / "store.db"
    running = ansible.start(_SITE)
    running.wait_until(path.exists)
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        label = ("site.yml",)
        running.wait_until(lambda: _values(store, ansible, "ansible_playbook_runs_in_progress").get(label) == 1)
        assert _values(store, ansible, "ansible_playbook_runs_total")[(*label, "success")] == 0
        ansible.write("go-on", "")
        assert running.finish().returncode == 0
        ansible.wait_for_sidecar()
        assert _values(store, ansible, "ansible_playbook_runs_in_progress") == {label: 0}
        assert _values(store, ansible, "ansible_playbook_runs_total")[(*label, "success")] == 1
        assert _values(store, ansible, "ansible_task_duration_seconds") == {
            (*label, "", "wait"): 1,
            (*label, "", "say"): 1,
        }
        with store.reading() as connection:
            (run,) = read_runs(connection)
            results = read_host_results(connection, run.key)
        (recorded,) = ansible.runs()
        assert (run.run_id, run.result) == (recorded["run_id"], "success")
        assert abs((run.duration_ns or 0) / 1e9 - recorded["duration"]) < 0.01
        assert sorted((result.host, result.outcome) for result in results) == sorted(
            (host, outcome) for host in ("h1", "h2", "h3") for outcome in ("ok", "ok")
        )
        wait_for(lambda: _values(store, ansible, "ansible_telemetry_exported_total"), "deliveries are counted")
        exported = _values(store, ansible, "ansible_telemetry_exported_total")
        assert exported[("trace_file",)] == 2 + 2 + 6
        assert exported[("history",)] == 2 + 2 + 6 + 5, "and what each task and host took in all"
        assert _values(store, ansible, "ansible_telemetry_spool_items") == {("trace_file",): 0, ("history",): 0}
        (cost,) = _values(store, ansible, "ansible_telemetry_callback_seconds_total").values()
        assert 0 < cost < 1
