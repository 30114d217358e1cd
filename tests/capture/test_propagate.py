"""What a task runs can continue the trace, under its own host result."""

from __future__ import annotations

import re

from deploytrace.events import HostStarted, PlayStarted, TaskDefined
from deploytrace.identity import host_node, span_id
from endtoend.journals import events_of, journals, started_of
from ground.ansible import Ansible

PLAYBOOK = """
- hosts: all
  gather_facts: false
  environment: {PLAY: from the play}
  vars: {own: {OWN: from a template}}
  tasks:
    - {name: Plain, ansible.builtin.shell: "echo got=$TRACEPARENT play=$PLAY"}
    - name: With its own
      ansible.builtin.shell: "echo got=$TRACEPARENT play=$PLAY own=$OWN"
      environment: "{{ own }}"
    - name: In a loop
      ansible.builtin.shell: "echo got=$TRACEPARENT"
      loop: [1, 2]
    - name: The user's wins
      ansible.builtin.shell: "echo user=$TRACEPARENT"
      environment: {TRACEPARENT: mine}
    - {name: Raw, ansible.builtin.raw: "echo raw=$TRACEPARENT"}
"""
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def test_each_host_gets_the_context_of_its_own_result(each_ansible: Ansible) -> None:
    """In lockstep and without, the two in one command: the second run's context is not the first's."""
    strategies = ("linear", "free")
    playbooks = [
        each_ansible.write(f"{strategy}.yml", PLAYBOOK.replace("  tasks:", f"  strategy: {strategy}\n  tasks:"))
        for strategy in strategies
    ]
    result = each_ansible.run(
        playbooks,
        inventory=each_ansible.local_inventory("h1", "h2"),
        args=["-v"],
        env_vars={"DEPLOYTRACE_PROPAGATE_ENV": "yes", "TRACEPARENT": PARENT},
    )
    assert result.returncode == 0, result.output
    *outputs, _ = result.stdout.split("PLAY RECAP")
    for strategy, output, journal in zip(strategies, outputs, journals(each_ansible.state_dir), strict=True):
        run_id, events = started_of(journal).run_id, events_of(journal)
        assert {event.strategy for event in events if isinstance(event, PlayStarted)} == {strategy}
        names = {event.task: event.name for event in events if isinstance(event, TaskDefined)}
        expected = {
            f"00-{PARENT[3:35]}-{span_id(run_id, host_node(event.execution))}-00"
            for event in events
            if isinstance(event, HostStarted) and names[event.task] in ("Plain", "With its own", "In a loop")
        }
        assert set(re.findall(r"got=(\S+?)[\"\\ ]", output)) - {"$TRACEPARENT"} == expected
        assert len(expected) == 6
        assert "own=from a template" in output
        assert "play=from the play" in output
        assert "user=mine" in output


def test_nothing_is_handed_out_unasked(ansible: Ansible) -> None:
    result = ansible.run(PLAYBOOK, inventory=ansible.local_inventory("h1"), args=["-v"])
    assert result.returncode == 0, result.output
    assert not re.search(r"got=00-", result.stdout)
