"""The whole tree arrives in Jaeger, on every version; two playbooks in one command are two traces."""

from __future__ import annotations

import pytest

from deploytrace.run.model import Kind
from ground.ansible import Ansible
from ground.servers import Jaeger

from .in_jaeger import delivered_trace
from .journals import journals, only_journal, started_of

_SMALL = """
- name: {name}
  hosts: all
  gather_facts: false
  tasks:
    - name: say {name}
      ansible.builtin.debug:
        msg: hello
"""


def test_two_playbooks_in_one_command_are_two_traces(each_ansible: Ansible, jaeger: Jaeger) -> None:
    playbooks = [each_ansible.write(f"{name}.yml", _SMALL.format(name=name)) for name in ("first", "second")]
    result = each_ansible.run(playbooks, env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http})
    assert result.returncode == 0, result.output
    first, second = journals(each_ansible.state_dir)
    nodes, spans = delivered_trace(jaeger, first)
    others, other_spans = delivered_trace(jaeger, second)
    assert spans[0].trace_id != other_spans[0].trace_id
    assert {node.name for node in nodes if node.kind is Kind.TASK} == {"say first"}
    assert {node.name for node in others if node.kind is Kind.TASK} == {"say second"}
    root = next(span for span in other_spans if not span.parent_id)
    assert [link.trace_id for link in root.links] == [spans[0].trace_id]
    assert started_of(first).command_id == started_of(second).command_id


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_run_arrives_over_both_protocols(ansible: Ansible, jaeger: Jaeger, protocol: str) -> None:
    endpoint = jaeger.otlp_grpc if protocol == "grpc" else jaeger.otlp_http
    result = ansible.run(
        _SMALL.format(name="web"),
        env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol},
    )
    assert result.returncode == 0, result.output
    nodes, spans = delivered_trace(jaeger, only_journal(ansible.state_dir))
    assert {span.name for span in spans} == {"RUN site.yml", "play web", "task say web", "say web"}
    assert len(nodes) == 6
