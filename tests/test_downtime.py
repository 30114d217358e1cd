"""Downtimes as they are: whoever asks every host all the while finds them where the windows say, and as long."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from deploytrace import identity
from deploytrace.analysis.downtime import Downtimes, length
from deploytrace.run.model import DowntimeDetail, HostDetail, Node, RunDetail
from deploytrace.store import schema
from deploytrace.store.database import open_store
from deploytrace.store.view import View, read_snapshot
from endtoend.in_jaeger import delivered_trace
from endtoend.journals import only_journal
from ground.ansible import Ansible
from ground.cache import ROOT
from ground.otlp import Span
from ground.servers import Jaeger
from ground.sshd import hosts, running_hosts

WEB = ("web1", "web2", "web3")
DEPLOY_SECONDS = 900  # a limit for a machine that is busy with other things
POLL_SECONDS = 0.02
NEAR_SECONDS = 0.3
WINDOW = ("host", "service", "duration_ns", "at_least_ns", "open")  # what a window's row and its node both say
SERVICE = ("service", "hosts", "reduced_ns", "outage_ns", "open")
# A first deploy to have something to look at, a rolling update, and a stop and start as quick as can be.
SITE = """
- import_playbook: deploy.yml
  vars: {app_version: 1.0.0, rollout: ["100%"]}
- import_playbook: deploy.yml
  vars: {app_version: 1.1.0}
- name: Quick
  hosts: web
  gather_facts: false
  serial: 1
  tasks:
    - name: Do nothing
      ansible.builtin.raw: "true"
    - name: Kill it
      ansible.builtin.raw: kill -9 $(cat {{ storefront_home }}/shared/storefront.pid)
      tags: deploytrace_down:quick
    - name: Start it again
      ansible.builtin.raw: "{{ app_python }} {{ storefront_home }}/current/server.py start {{ storefront_settings }}"
      tags: deploytrace_up:quick
"""


@dataclass(frozen=True)
class Outage:
    """Between two answers there was none: what was asked, and the four times that tell how long (Unix ns)."""

    last_answer: int  # when the last question with an answer was put
    silence: int  # when the first without one was known to have none
    still: int  # when the last without one was put
    answer: int  # when the next answer was there

    @property
    def at_most(self) -> float:
        """Seconds that nobody can have been there."""
        return (self.answer - self.last_answer) / 1e9

    @property
    def at_least(self) -> float:
        """Seconds that certainly nobody was there."""
        return max(0, self.still - self.silence) / 1e9


class Probe(threading.Thread):
    """Asks one host for its health every 20 ms, and remembers when it began to have no answer, and an answer again."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__(daemon=True)
        self.listening: list[Outage] = []  # when nobody answered
        self.healthy: list[Outage] = []  # when nobody answered that all is well
        self._address, self._port = address, port
        self._over = threading.Event()

    def run(self) -> None:
        listening, healthy = _Watch(self.listening), _Watch(self.healthy)
        while not self._over.wait(POLL_SECONDS):
            asked = time.time_ns()
            status = self._ask()
            now = time.time_ns()
            listening.saw(status is not None, asked, now)
            healthy.saw(status == 200, asked, now)

    def _ask(self) -> int | None:
        connection = http.client.HTTPConnection(self._address, self._port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status
        except OSError:
            return None
        except http.client.HTTPException:  # broken off in the middle of an answer
            return None
        finally:
            connection.close()

    def end(self) -> None:
        self._over.set()
        self.join()


class _Watch:
    """Turns single answers into outages; what was never there has not gone away."""

    def __init__(self, outages: list[Outage]) -> None:
        self._outages = outages
        self._answered: int | None = None
        self._silence = self._still = 0

    def saw(self, answer: bool, asked: int, now: int) -> None:
        if answer:
            if self._silence and self._answered is not None:
                self._outages.append(Outage(self._answered, self._silence, self._still, now))
            self._answered, self._silence = asked, 0
        else:
            self._silence, self._still = self._silence or now, asked


@contextlib.contextmanager
def probing(inventory: Path) -> Iterator[Mapping[str, Probe]]:
    """A probe for each web host, for a ``with`` block."""
    variables = json.loads(inventory.read_text())["all"]["hosts"]
    probes = {host: Probe(variables[host]["ansible_host"], int(variables[host]["service_port"])) for host in WEB}
    for probe in probes.values():
        probe.start()
    try:
        yield probes
    finally:
        for probe in probes.values():
            probe.end()


@pytest.mark.alone
@pytest.mark.timeout(DEPLOY_SECONDS + 60)
def test_a_probe_finds_every_downtime_where_its_window_says(ansible: Ansible, jaeger: Jaeger, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "examples", project, ignore=shutil.ignore_patterns(".work"))
    (project / "site.yml").write_text(SITE)
    with running_hosts(tmp_path / "work", hosts.GROUPS) as inventory, probing(inventory) as probes:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http}
        result = ansible.run(project / "site.yml", inventory=inventory, env_vars=environ, timeout=DEPLOY_SECONDS)
        assert result.returncode == 0, result.output
        time.sleep(10 * POLL_SECONDS)
    nodes, spans = delivered_trace(jaeger, only_journal(ansible.state_dir))
    windows = [(node, node.detail) for node in nodes if isinstance(node.detail, DowntimeDetail)]
    # On a busy machine a stop and a start cannot be told more closely than what Ansible needs for two empty tasks.
    results = [(node, node.detail) for node in nodes if isinstance(node.detail, HostDetail)]
    idle = {detail.host: (node.end - node.start) / 1e9 for node, detail in results if node.name == "Do nothing"}

    for host, probe in probes.items():
        first, update, quick = [window for window in windows if window[1].host == host]
        assert [detail.service for _, detail in (first, update, quick)] == ["storefront", "storefront", "quick"]
        assert len(probe.listening) == 2, (host, probe.listening)
        check_window(*update, probe.listening[0])
        check_window(*update, probe.healthy[0])
        check_window(*quick, probe.listening[1])
        real = (probe.listening[1].at_least + probe.listening[1].at_most) / 2
        near = max(NEAR_SECONDS, 2 * idle[host])
        assert quick[1].duration_ns / 1e9 - real <= near, (host, quick[1], probe.listening[1], near)
    check_services(nodes)
    check_spans(nodes, spans)
    check_critical_path(spans)
    check_commands(ansible, windows)
    check_store(ansible, nodes)


def check_window(node: Node, detail: DowntimeDetail, outage: Outage) -> None:
    """What the probe saw lies in the window, and is as long as the window says that it may be."""
    assert not detail.open
    assert node.start <= outage.silence, (detail, outage)
    assert outage.still <= node.start + detail.duration_ns, (detail, outage)
    assert outage.at_least <= detail.duration_ns / 1e9, (detail, outage)
    assert outage.at_most >= detail.at_least_ns / 1e9, (detail, outage)


def check_services(nodes: list[Node]) -> None:
    """The first deploy has all hosts down at once; the rolling update and the quick restart, host by host, never do."""
    downtimes = Downtimes()
    for node in nodes:
        downtimes.take(node)
    quick, storefront = downtimes.services()
    assert (quick.service, quick.hosts, storefront.service, storefront.hosts) == ("quick", 3, "storefront", 3)
    assert (len(quick.reduced), len(quick.outage)) == (3, 0)
    assert len(storefront.outage) == 1
    assert storefront.outage[0][1] < storefront.reduced[-1][0]


def check_spans(nodes: list[Node], spans: list[Span]) -> None:
    """Each window is a span in Jaeger, and the root knows the longest."""
    (root,) = [node for node in nodes if isinstance(node.detail, RunDetail)]
    assert isinstance(root.detail, RunDetail)
    by_id = {span.span_id: span for span in spans}
    lengths = []
    for node in nodes:
        if not isinstance(node.detail, DowntimeDetail):
            continue
        span = by_id[identity.span_id(root.detail.started.run_id, node.id)]
        assert span.name == f"downtime {node.detail.service}"
        assert {name: value for name, value in span.attributes.items() if "downtime" in name} == {
            "ansible.downtime.host": node.detail.host,
            "ansible.downtime.service": node.detail.service,
            "ansible.downtime.seconds": node.detail.duration_ns / 1e9,
            "ansible.downtime.at_least": node.detail.at_least_ns / 1e9,
            "ansible.downtime.open": False,
        }
        assert span.status == 0
        lengths.append(node.detail.duration_ns / 1e9)
    assert len(lengths) == 9
    run = by_id[identity.span_id(root.detail.started.run_id, root.id)]
    assert run.attributes["ansible.downtime.max_seconds"] == max(lengths)
    assert run.attributes["ansible.downtime.quick.outage_seconds"] == 0
    assert run.attributes["ansible.downtime.storefront.outage_seconds"] > 0
    assert run.attributes["ansible.downtime.storefront.reduced_seconds"] > max(lengths)


def check_critical_path(spans: list[Span]) -> None:
    """Jaeger's critical path never takes a downtime for work.

    Source: jaeger-ui, CriticalPath/utils/findLastFinishingChildSpan: from the end of a span it goes to the child that
    ended last, from there to the one that ended last before that began, and so on; in microseconds, rounded down.
    """
    taken = []
    for parent in spans:
        children = [span for span in spans if span.parent_id == parent.span_id]
        ends = {span.span_id: span.start // 1000 + (span.end - span.start) // 1000 for span in children}
        before = parent.end // 1000 + 1
        while earlier := [span for span in children if ends[span.span_id] < before]:
            last = max(earlier, key=lambda span: ends[span.span_id])
            taken.append(last.name)
            before = last.start // 1000
    assert [name for name in taken if name.startswith("downtime")] == []
    assert "task Start it again" in taken


def check_commands(ansible: Ansible, windows: list[tuple[Node, DowntimeDetail]]) -> None:
    """The tree in the terminal shows the windows, and its JSON the same figures."""
    shown = ansible.deploytrace("trace", "last")
    assert shown.returncode == 0, shown.output
    assert "downtime quick" in shown.stdout
    told = json.loads(ansible.deploytrace("trace", "last", "--json").stdout)
    found = [node for node in _below(told) if node["kind"] == "downtime"]
    assert sorted(
        (node["host"], node["service"], node["seconds"], node["at_least"], node["open"]) for node in found
    ) == (sorted((d.host, d.service, d.duration_ns / 1e9, d.at_least_ns / 1e9, d.open) for _, d in windows))


def check_store(ansible: Ansible, nodes: list[Node]) -> None:
    """History and metrics have the same windows, and the same of each service."""
    ansible.wait_for_sidecar()
    downtimes = Downtimes()
    for node in nodes:
        downtimes.take(node)
    services = downtimes.services()
    windows = [node.detail for node in nodes if isinstance(node.detail, DowntimeDetail)]
    store = open_store(f"sqlite:///{ansible.state_dir / 'store.db'}")
    with contextlib.closing(store), store.reading() as connection:
        kept = connection.execute(select(*(schema.downtimes.c[name] for name in WINDOW))).all()
        together = connection.execute(select(*(schema.service_downtimes.c[name] for name in SERVICE))).all()
        families = {one.metric.name: one for one in read_snapshot(store, View(birth_hold=0), time.time()).families}
    assert sorted(map(tuple, kept)) == sorted(tuple(getattr(window, name) for name in WINDOW) for window in windows)
    assert sorted(map(tuple, together)) == [
        (one.service, one.hosts, length(one.reduced), length(one.outage), one.open) for one in services
    ]
    (hosts,) = families["ansible_host_downtime_seconds"].distributions
    assert (hosts.labels, hosts.count) == (("site.yml",), len(windows))
    assert hosts.sum == pytest.approx(sum(window.duration_ns for window in windows) / 1e9)
    outages = families["ansible_service_outage_seconds"].distributions
    assert {one.labels: one.sum for one in outages} == {
        ("site.yml", one.service): pytest.approx(length(one.outage) / 1e9) for one in services
    }


def _below(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from _below(child)
