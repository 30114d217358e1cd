"""However Ansible ends, what it had done and was doing is in Jaeger within seconds, and nobody lifts a finger."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from ground.ansible import Ansible, Running
from ground.otlp import Span
from ground.servers import Jaeger
from ground.waiting import wait_for

from .in_jaeger import delivered_trace
from .journals import only_journal, started_of

_WORK = """
- name: work
  hosts: all
  gather_facts: false
  tasks:
    - name: done
      ansible.builtin.raw: echo done
    - name: cut
      ansible.builtin.command: sleep 300
"""
_ENDINGS: dict[str, Callable[[Running], None]] = {
    "SIGINT": Running.interrupt,
    "SIGTERM": Running.terminate,
    "SIGKILL": Running.kill,
}
_ERROR = 2
_SECONDS = 5


def _start(user: Ansible, jaeger: Jaeger, **more: str) -> Running:
    """Start the playbook and wait until all hosts are at work on its second task.

    Not a moment earlier: a signal that comes while Ansible forks a worker may be lost in Python's own handling of forks
    (2.22 ignores the KeyboardInterrupt there), with or without a callback, and then Ansible hangs.
    """
    running = user.start(_WORK, env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http, **more})
    running.wait_until(lambda: sum(each.command.startswith("sleep 300") for each in user.processes()) == 3)
    return running


def _arrived(user: Ansible, jaeger: Jaeger, seconds: float) -> list[Span]:
    trace_id = started_of(only_journal(user.state_dir)).run_id
    return jaeger.wait_for_trace(trace_id, timeout=seconds)


@pytest.mark.parametrize("ending", _ENDINGS)
def test_what_was_done_and_what_was_open_arrives(each_ansible: Ansible, jaeger: Jaeger, ending: str) -> None:
    running = _start(each_ansible, jaeger)
    _ENDINGS[ending](running)
    result = running.finish()
    spans = _arrived(each_ansible, jaeger, _SECONDS)
    assert result.returncode != 0
    open_ones = [span for span in spans if span.name == "cut"]
    assert [span.attributes["ansible.task.host.outcome"] for span in spans if span.name == "done"] == ["changed"] * 3
    assert len(open_ones) == 3
    cause = {"SIGINT": "cancelled", "SIGTERM": "cancelled", "SIGKILL": "lost"}[ending]
    if ending == "SIGTERM" and each_ansible.version in ("2.17", "2.18"):
        cause = "lost"  # there SIGTERM ends Ansible at once, as its default action
    for span in [*open_ones, *(span for span in spans if not span.parent_id)]:
        assert span.status == _ERROR, span
        assert span.attributes["error.type"] == cause, span
    root = next(span for span in spans if not span.parent_id)
    assert root.attributes["cicd.pipeline.result"] == ("error" if cause == "lost" else "cancellation")
    wait_for(lambda: not each_ansible.sidecars(), "the sidecar ends")
    each_ansible.end()  # the workers, which outlive Ansible's SIGKILL
    delivered_trace(jaeger, only_journal(each_ansible.state_dir))


def test_a_killed_sidecar_is_made_up_for_by_flush(ansible: Ansible, jaeger: Jaeger) -> None:
    running = _start(ansible, jaeger)
    _kill_sidecars(ansible)
    running.interrupt()
    running.finish()
    answer = ansible.deploytrace("flush", env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http})
    assert answer.returncode == 0, answer.output
    delivered_trace(jaeger, only_journal(ansible.state_dir), killed=True)


def test_a_killed_sidecar_is_made_up_for_by_the_next_run(ansible: Ansible, jaeger: Jaeger) -> None:
    """By its trace and by the metrics, which go on saying that it is running until then."""
    textfile = ansible.directory / "ansible.prom"
    metrics = {"DEPLOYTRACE_METRICS_TEXTFILE": str(textfile), "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}
    running = _start(ansible, jaeger, **metrics)
    going_on = 'ansible_playbook_runs_in_progress{playbook="site.yml"} '
    running.wait_until(lambda: textfile.exists() and f"{going_on}1.0" in textfile.read_text())
    _kill_sidecars(ansible)
    running.kill()
    running.finish()
    ansible.end()  # the workers, which outlive Ansible's SIGKILL
    journal = only_journal(ansible.state_dir)
    small = "- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: hello}}]\n"
    result = ansible.run(small, env_vars={"OTEL_EXPORTER_OTLP_ENDPOINT": jaeger.otlp_http, **metrics})
    assert result.returncode == 0, result.output
    ansible.wait_for_sidecar()
    assert f"{going_on}0.0" in textfile.read_text()
    delivered_trace(jaeger, journal, killed=True)


def _kill_sidecars(user: Ansible) -> None:
    wait_for(user.sidecars, "a sidecar is started")
    for process in user.sidecars():
        os.kill(process.pid, signal.SIGKILL)
