"""Every query of every panel, put to a real Prometheus that has scraped real runs: it has data, in its unit."""

from __future__ import annotations

import contextlib
import json
import math
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
from .shipped import DASHBOARDS, Dashboard, filled

pytestmark = pytest.mark.long("prometheus")

_HOLD = "10"  # s; so long that Prometheus, which looks every second, sees each birth on a busy machine too
_SITE = """
- name: Roll out
  hosts: all
  gather_facts: false
  tasks:
    - name: Stop
      ansible.builtin.command: "true"
      tags: deploytrace_down:shop
    - name: Work
      ansible.builtin.import_role:
        name: shop
    - name: Check
      ansible.builtin.assert:
        that: inventory_hostname != broken | default('')
    - name: Start
      ansible.builtin.command: "true"
      tags: deploytrace_up:shop
    - name: Wait for the others
      ansible.builtin.command: sleep {{ waiting | default(0) }}
"""
_ROLE = """
- name: Unpack
  ansible.builtin.command: sleep {{ (working | default(0)) if inventory_hostname == 'h1' else 0.6 }}
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


@dataclass(frozen=True)
class Seen:
    """What a Prometheus had seen at one moment (Unix seconds), however long it takes to ask it for everything."""

    server: Prometheus
    at: float

    def answer(self, expression: str) -> list[Sample]:
        """What a query answers at its end; of a panel over time, as Grafana asks for each point."""
        return self.server.query(filled(expression, __range="5m", __interval=_POINT, __rate_interval=_POINT), self.at)


_POINT = "4m"  # so long that all of what the fixture does is in it, on a busy machine too


@pytest.fixture(scope="module")
def seen(ansible: Ansible) -> Iterator[Seen]:
    """A run that succeeded (five times more, from its journal), one that did not, and one that goes on.

    Of the second the spans are refused, and the store cannot be opened at first; it leaves a host down. Runs of other
    playbooks come to a store that takes no more series. A target that nobody is at is down.
    """
    environ = {
        "DEPLOYTRACE_STATE_DIR": str(ansible.state_dir),
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": _HOLD,
        "ANSIBLE_FORKS": "2",
        "DEPLOYTRACE_METRICS_LEVEL": "host",
        "DEPLOYTRACE_METRICS_LAST_RUN_INFO": "1",
        "DEPLOYTRACE_METRICS_MAX_SUCCESS_AGE": "site.yml=1",
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
        running_prometheus({"ansible": exporter.address, "gone": "127.0.0.1:1"}, rules=[recording]) as server,
    ):
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http}
        done = ansible.run(_SITE, inventory=inventory, env_vars=environ | endpoint)
        assert done.returncode == 0, done.output
        ansible.wait_for_sidecar()
        url = f"sqlite:///{ansible.state_dir}/store.db"
        journal = min((ansible.state_dir / "journals").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
        for _ in range(5):
            Run(list(read_events(journal)), run_id=new_run_id()).commit(url, state_dir=ansible.state_dir)
        receiver.answer = Answer(400)
        with _no_store(ansible.state_dir):
            # So slow is one task, beyond the noise of any machine. Those beside it are compared with one run told six
            # times, which scatters in nothing; they are four with it, too few for the whole run to pass for a wild one.
            slower = ["-e", "broken=h2 working=12"]
            again = ansible.start(_SITE, inventory=with_one_away, env_vars=environ | endpoint, args=slower).finish()
            assert again.returncode != 0
        ansible.wait_for_sidecar()
        flushed = ansible.deploytrace("flush", env_vars=environ | endpoint)  # what its own sidecar gave up, if it did
        assert flushed.returncode == 0, flushed.output
        run_of("roles-2.21", run_id=new_run_id()).commit(url, metrics_series_limit=1)
        begun = time.time()  # of the run before it there may still be figures that say that it goes on
        going_on = ansible.start(_SITE, inventory=inventory, env_vars=environ, args=["-e", "waiting=600"])
        server.wait_for(f"ansible_playbook_running_start_timestamp_seconds > {begun}")
        server.wait_for("ansible_playbook_expected_end_timestamp_seconds")
        server.wait_for("ansible_telemetry_spool_items > 0")
        server.wait_for("job_playbook:ansible_playbook_duration_seconds:mean14d")
        server.wait_for(f"increase(ansible_telemetry_store_overflow_total[{_POINT}]) > 0")
        server.wait_for(f"increase(ansible_telemetry_store_errors_total[{_POINT}]) > 0")
        server.wait_for(f"increase(ansible_run_errors_total[{_POINT}]) > 0")
        server.wait_for(f'increase(ansible_telemetry_dropped_total{{signal="traces"}}[{_POINT}]) > 0')
        yield Seen(server, time.time())
        going_on.kill()
        ansible.end()


@contextlib.contextmanager
def _no_store(state_dir: Path) -> Iterator[None]:
    """A store that cannot be opened: something else is in its place."""
    store, aside = state_dir / "store.db", state_dir / "aside.db"
    store.rename(aside)
    store.mkdir()
    yield
    store.rmdir()
    aside.rename(store)


_NEED_DAYS = {"Tasks slower than usual"}
"""Panels that compare means of different days, which are the same here: their filter (``> 0``) keeps them empty."""

_ZEROES = {
    "Ansible / Deploys: Playbooks C": "the last run failed",
    "Ansible / Deploys: Latest runs, and their traces C": "the last run failed",
    "Ansible / Deploys: Result of the latest run None": "the last run failed",
    "Ansible / Where the time goes: Slower than chance explains A": "a run that failed is not judged as a whole",
    "Ansible / Telemetry health: Store cannot be read None": "it can be read again",
}
"""Queries whose every value is 0 here, and why; of all others some value is none."""

_MAY_BE_EMPTY = {"revision"}
"""Labels that these runs lack: the playbook is in no Git repository."""


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_query_is_answered_with_data(board: Dashboard, seen: Seen) -> None:
    silent = [
        f"{panel} {target.get('refId')}"
        for panel, target in board.queries()
        if not seen.answer(target["expr"].replace(" > 0", "") if panel.title in _NEED_DAYS else target["expr"])
    ]
    assert not silent


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_the_data_tell_something(board: Dashboard, seen: Seen) -> None:
    """Every value is a number, and of each query's values some are not 0."""
    found = {}
    for panel, target in board.queries():
        values = [sample.value for sample in seen.answer(target["expr"])]
        assert not any(map(math.isnan, values)), f"{panel}: {target['expr']}"
        assert not any(map(math.isinf, values)), f"{panel}: {target['expr']}"
        if panel.title not in _NEED_DAYS and not any(values):
            found[f"{panel} {target.get('refId')}"] = values
    assert found.keys() == {query for query in _ZEROES if query.startswith(board.title)}, found


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_value_is_in_the_unit_that_it_is_shown_in(board: Dashboard, seen: Seen) -> None:
    """By what the metrics in its query are in, and by the answer's size."""
    now = time.time()
    sizes = {"s": (0, 86400), "percentunit": (0, 1000), "bytes": (0, 1e9), "short": (0, 1e6), "none": (0, 1)}
    sizes["dateTimeFromNow"] = ((now - 3600) * 1000, (now + 3600) * 1000)
    for panel, target in board.queries():
        unit = panel.unit_of(target)
        assert unit in GRAFANAS[dimension(target["expr"])], f"{panel}: {target['expr']}"
        low, high = sizes[unit]
        for sample in seen.answer(target["expr"]):
            assert low <= sample.value <= high, f"{panel}: {sample.value} {unit}"


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.name)
def test_every_label_that_is_shown_is_in_the_answer(board: Dashboard, seen: Seen) -> None:
    for panel, target in board.queries():
        if panel.title in _NEED_DAYS:
            continue
        shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        if panel.type == "table":
            options = next(step for step in panel.json["transformations"] if step["id"] == "organize")["options"]
            shown = {name for name in options["indexByName"] if not name.startswith("Value")}
        # A label that is empty is one that is not there.
        there = {label for sample in seen.answer(target["expr"]) for label in sample.labels}
        assert shown - _MAY_BE_EMPTY <= there, f"{panel}: {shown - there}"


def test_variables_offer_what_there_is(seen: Seen) -> None:
    for board in DASHBOARDS:
        for name, variable in board.variables.items():
            if variable["type"] == "query":
                series = variable["query"].removeprefix("label_values(").rpartition(", ")[0]
                assert {sample.labels.get(name) for sample in seen.answer(series)} - {None}, name


def test_a_deploy_is_marked_when_it_began(seen: Seen) -> None:
    for board in DASHBOARDS:
        for mark in board.annotations:
            times = [sample.value / 1000 for sample in seen.answer(mark["target"]["expr"])]
            assert max(times) == pytest.approx(time.time(), abs=600)


def test_a_diamond_in_the_heatmap_is_a_trace(seen: Seen) -> None:
    """Grafana asks for the exemplars of the panel's own query."""
    for board in DASHBOARDS:
        for panel in board.panels:
            if panel.type == "heatmap":
                found = seen.server.exemplars(filled(panel.targets[0]["expr"]))
                assert found, str(panel)
                assert all(re.fullmatch("[0-9a-f]{32}", each["labels"]["trace_id"]) for each in found)
