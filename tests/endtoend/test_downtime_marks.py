"""Real Ansible's tags make the windows that they should: inherited, on handlers, delegated, rescued, left open."""

from __future__ import annotations

import pytest

from deploytrace.run.model import DowntimeDetail, Node, RunDetail
from ground.ansible import Ansible
from ground.servers import Jaeger

from .in_jaeger import delivered_trace
from .journals import nodes_of, only_journal, started_of

_STRATEGIES = {"2.17": "free", "2.18": "host_pinned", "2.19": "linear", "2.20": "free", "2.21": "linear"}

_SITE = """
- name: Upgrade
  hosts: all
  gather_facts: false
  handlers:
    - name: Restart the cache
      ansible.builtin.raw: "true"
      tags: ["off:cache", "on:cache"]
  tasks:
    - name: An include does nothing itself
      ansible.builtin.include_tasks: steps.yml
      tags: "off:include"
    - name: Take it down
      tags: "off:shop"
      block:
        - name: Out of the balancer
          ansible.builtin.raw: "true"
          delegate_to: localhost
        - name: Stop
          ansible.builtin.raw: "true"
          notify: Restart the cache
          changed_when: true
    - name: Never there
      ansible.builtin.raw: "true"
      tags: "off:never"
      when: false
    - name: Not really
      ansible.builtin.command: "true"
      check_mode: true
      tags: "off:checked"
    - name: Unpack
      ansible.builtin.raw: "true"
    - name: Bring it up
      when: inventory_hostname != "h3"
      block:
        - name: Start
          ansible.builtin.raw: test {{ inventory_hostname }} != h2
          tags: "on:shop"
      rescue:
        - name: Start the old one
          ansible.builtin.raw: "true"
          tags: "on:shop"
    - name: Wait until it is healthy
      ansible.builtin.raw: "true"
      tags: "on:shop"
      when: inventory_hostname != "h3"
    - name: Go on
      ansible.builtin.raw: "true"
"""


_STOPPED = """
- name: Upgrade
  hosts: all
  gather_facts: false
  tasks:
    - name: Stop
      ansible.builtin.raw: "true"
      tags: deploytrace_down:shop
    - name: Unpack
      ansible.builtin.raw: sleep 300
    - name: Start
      ansible.builtin.raw: "true"
      tags: deploytrace_up:shop
"""


def _task(nodes: list[Node], host: str, name: str) -> Node:
    (found,) = [node for node in nodes if getattr(node.detail, "host", None) == host and node.name == name]
    return found


@pytest.mark.timeout(300)
def test_tags_of_real_tasks_make_windows(each_ansible: Ansible) -> None:
    each_ansible.write("steps.yml", '- ansible.builtin.raw: "true"\n')
    environ = {"DEPLOYTRACE_DOWNTIME_DOWN_TAG": "off", "DEPLOYTRACE_DOWNTIME_UP_TAG": "on"}
    strategy = _STRATEGIES.get(each_ansible.version, "host_pinned")
    result = each_ansible.run(_SITE, strategy=strategy, env_vars=environ)
    assert result.returncode == 0, result.output
    each_ansible.wait_for_sidecar()
    # The journal alone says how the tags are called: nobody tells this replay.
    nodes = nodes_of(only_journal(each_ansible.state_dir))

    found = {(node.detail.service, node.detail.host): node for node in nodes if isinstance(node.detail, DowntimeDetail)}
    assert sorted(found) == [(service, host) for service in ("cache", "shop") for host in ("h1", "h2", "h3")]
    last = {"h1": "Start", "h2": "Start the old one", "h3": None}
    run = nodes[-1]
    for host, up in last.items():
        window = found["shop", host]
        assert isinstance(window.detail, DowntimeDetail)
        first, stop = _task(nodes, host, "Out of the balancer"), _task(nodes, host, "Stop")
        until = _task(nodes, host, up).start if up else run.end
        end = _task(nodes, host, "Wait until it is healthy").end if up else run.end
        assert window.detail.open == (up is None)
        assert window.start == first.start
        assert window.detail.duration_ns == end - first.start
        assert window.detail.at_least_ns == until - stop.end
        assert window.detail.at_least_from == stop.end
        restart, cache = _task(nodes, host, "Restart the cache"), found["cache", host]
        assert isinstance(cache.detail, DowntimeDetail)
        assert (cache.start, cache.detail.duration_ns) == (restart.start, restart.end - restart.start)
        assert (cache.detail.at_least_ns, cache.detail.open) == (0, False)
    assert isinstance(run.detail, RunDetail)
    assert run.detail.service_hosts == {"cache": 3, "shop": 3, "never": 0}
    assert run.detail.downtime_ns == max(w.detail.duration_ns for w in found.values())  # type: ignore[union-attr]


def test_a_deploy_that_is_killed_leaves_its_downtimes_open(ansible: Ansible, jaeger: Jaeger) -> None:
    running = ansible.start(_STOPPED, env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http})
    running.wait_until(lambda: any("sleep 300" in process.command for process in ansible.processes()))
    running.kill()
    running.finish()
    journal = only_journal(ansible.state_dir)
    jaeger.wait_for_trace(started_of(journal).run_id)
    nodes, spans = delivered_trace(jaeger, journal)
    run = nodes[-1]
    windows = [node for node in nodes if isinstance(node.detail, DowntimeDetail)]
    assert len(windows) == 3
    for window in windows:
        detail = window.detail
        assert isinstance(detail, DowntimeDetail)
        assert detail.open
        assert window.start + detail.duration_ns == detail.at_least_from + detail.at_least_ns == run.end
    found = [span for span in spans if span.name == "downtime shop"]
    assert [(span.attributes["ansible.downtime.open"], span.attributes["error.type"]) for span in found] == (
        [(True, "lost")] * 3
    )
