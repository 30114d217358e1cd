"""A destination that is down costs the deploy nothing, and loses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploytrace import identity
from ground.ansible import Ansible, Result
from ground.environments import Release, installed
from ground.receiver import SILENCE, Answer, refusing_port, running_receiver

from .journals import assert_left_in_time, journals, nodes_of, only_journal, started_of

_WORK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: hello
    - name: fails
      ansible.builtin.command: "false"
      when: inventory_hostname == 'h2'
"""
_OTHER_LINES = re.compile(r"^deploytrace: .*\n", re.MULTILINE)
_MISBEHAVIOUR = {
    "silent": SILENCE,
    "slow": Answer(delay=5),
    "unavailable": Answer(status=503),
    "redirecting": Answer(status=308, headers={"Location": "http://127.0.0.1:9/v1/traces"}),
}


@contextmanager
def _bad_endpoint(fault: str) -> Iterator[str]:
    if fault == "refused":
        with refusing_port() as port:
            yield f"http://127.0.0.1:{port}"
    elif fault == "unknown name":
        yield "http://collector.invalid:4318"
    else:
        with running_receiver() as receiver:
            receiver.answer = _MISBEHAVIOUR[fault]
            yield receiver.http


def _comparable(text: str) -> list[str]:
    """Output without what differs from run to run: times, places, our own lines, and whose result came first."""
    text = re.sub(r"Origin: \S+/", "Origin: ", _OTHER_LINES.sub("", text))
    return sorted(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+|\d:\d\d:\d\d\.\d+", "<time>", text).splitlines())


def _outcome(result: Result) -> tuple[int, list[str], list[str]]:
    return result.returncode, _comparable(result.stdout), _comparable(result.stderr)


@pytest.fixture(scope="module")
def without(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The deploy as it is where nobody watches."""
    directory = tmp_path_factory.mktemp("without")
    return Ansible(installed(release), directory, directory).run(_WORK, callbacks=())


@pytest.mark.parametrize("fault", ["refused", "unknown name", *_MISBEHAVIOUR])
def test_an_outage_costs_the_deploy_nothing_and_loses_nothing(ansible: Ansible, without: Result, fault: str) -> None:
    with _bad_endpoint(fault) as endpoint:
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "DEPLOYTRACE_DELIVERY_WAIT": "1"}
        result = ansible.run(_WORK, env_vars=environ)
        assert _outcome(result) == _outcome(without)
        assert_left_in_time(ansible.state_dir, result)
        ansible.wait_for_sidecar()
    wanted: dict[str, set[str]] = {}
    for journal in journals(ansible.state_dir):
        run_id = started_of(journal).run_id
        wanted[run_id] = {identity.span_id(run_id, node.id) for node in nodes_of(journal)}
    with running_receiver() as receiver:
        answer = ansible.deploytrace("flush", env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http})
        assert answer.returncode == 0, answer.output
        arrived = {run_id: {span.span_id for span in receiver.spans(run_id)} for run_id in wanted}
    assert arrived == wanted


def test_many_runs_against_a_dead_endpoint_leave_no_crowd(ansible: Ansible) -> None:
    """Thirty runs, three in each command."""
    text = "- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: x}}]\n"
    playbooks = [ansible.write(f"{name}.yml", text) for name in ("first", "second", "third")]
    most = 0
    with refusing_port() as port:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "DEPLOYTRACE_DELIVERY_WAIT": "1",
            "DEPLOYTRACE_KEEP_MEGABYTES": "1",
        }
        for _ in range(10):
            result = ansible.run(playbooks, env_vars=environ)
            assert result.returncode == 0, result.output
            most = max(most, len(ansible.processes()))
    assert most <= 5
    ansible.wait_for_sidecar()
    size = sum(path.stat().st_size for path in ansible.state_dir.rglob("*") if path.is_file())
    assert size <= 1_100_000
    with running_receiver() as receiver:
        answer = ansible.deploytrace("flush", env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http})
        assert answer.returncode == 0, answer.output
        assert len({span.trace_id for span in receiver.spans()}) == 30


def test_what_a_server_refuses_for_good_is_said_and_not_sent_again(ansible: Ansible) -> None:
    with running_receiver() as receiver:
        receiver.answer = Answer(status=400, message="no thanks")
        environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http}
        result = ansible.run(_WORK, env_vars=environ)
        assert result.returncode == 2, result.output
        ansible.wait_for_sidecar()
        sent = len(receiver.requests)
        assert sent
        answer = ansible.deploytrace("flush", env_vars=environ)
        assert answer.returncode == 0, answer.output
        assert len(receiver.requests) == sent
    assert "refuse" in (ansible.state_dir / "sidecar.log").read_text()
    assert only_journal(ansible.state_dir).exists()
