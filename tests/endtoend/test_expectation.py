"""Real runs of one kind, one after the other: what is left of the next, and that it was slower than usual."""

from __future__ import annotations

import json
import re

from deploytrace.commands.check import REGRESSION
from ground.ansible import TELEMETRY, Ansible

CALLBACKS = (TELEMETRY, "deploytrace.callbacks.timestamp", "deploytrace.callbacks.profile_tasks")
PLAYBOOK = """
- name: Roll out
  hosts: h1
  gather_facts: false
  tasks:
    - name: Unpack
      ansible.builtin.raw: sleep 1.5
    - name: Restart
      ansible.builtin.raw: sleep {{ slow | default(1.5) }}
"""
_LEFT = re.compile(r" (\d:\d\d:\d\d\.\d{3})   (\d+):(\d\d):(\d\d) left, \d+:\d\d:\d\d at most \*")


def test_left_and_slower_than_usual(ansible: Ansible) -> None:
    """The third run is the first to say what is left; after five the middle is told well, and a slow task is named."""
    inventory = ansible.local_inventory("h1")

    def run(*args: str) -> str:
        result = ansible.run(PLAYBOOK, inventory=inventory, callbacks=CALLBACKS, args=args)
        assert result.returncode == 0, result.output
        ansible.wait_for_sidecar()
        return result.stdout

    outputs = [run() for _ in range(5)]
    assert [bool(_LEFT.search(output)) for output in outputs] == [False, False, True, True, True]
    assert not any("slower than usual" in output for output in outputs)
    slow = run("-e", "slow=6")
    line = next(line for line in slow.splitlines() if " left, " in line and "0:00:01." in line)
    found = _LEFT.search(line)
    assert found is not None
    duration = ansible.runs()[1]["duration"]
    assert abs(int(found[4]) - duration / 2) <= max(1.0, 0.15 * duration), line
    report = slow[slow.index("slower than usual") :].splitlines()
    assert any(line.startswith("Restart: ") and "usually" in line for line in report)
    check = ansible.deploytrace("check", "--fail-on-regression", "--json")
    assert check.returncode == REGRESSION, check.output
    verdict = json.loads(check.stdout)
    assert [task["task"] for task in verdict["tasks"]] == ["Restart"]
    assert (verdict["compared_with"], verdict["regressed"]) == (5, True)
    assert ansible.deploytrace("check", "last~1", "--fail-on-regression").returncode == 0
