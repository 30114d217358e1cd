"""Real runs of one kind, one after the other: what is left of the next, and that it was slower than usual."""

from __future__ import annotations

import json
import re

import pytest

from deploytrace.commands.check import REGRESSION
from ground.ansible import TELEMETRY, Ansible
from ground.smtp import running_mail_server

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
    - name: Verify
      ansible.builtin.raw: exit {{ status | default(0) }}
"""
_LEFT = re.compile(r" (\d:\d\d:\d\d\.\d{3})   (\d+):(\d\d):(\d\d) left, \d+:\d\d:\d\d at most \*")


def test_left_and_slower_than_usual(ansible: Ansible) -> None:
    """The third run is the first to say what is left; after five the middle is told well, and a slow task is named.

    In the console, by the metrics and by ``check``; and when the next one is slow and fails, in its mail.
    """
    inventory = ansible.local_inventory("h1")
    textfile = ansible.directory / "ansible.prom"
    env_vars: dict[str, str | None] = {
        "DEPLOYTRACE_METRICS_TEXTFILE": str(textfile),
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0",  # which the sidecar would wait for
    }

    def run(*args: str, status: int = 0) -> str:
        result = ansible.run(PLAYBOOK, inventory=inventory, callbacks=CALLBACKS, args=args, env_vars=env_vars)
        assert result.returncode == status, result.output
        ansible.wait_for_sidecar()
        return result.stdout

    outputs = [run() for _ in range(5)]
    assert [bool(_LEFT.search(output)) for output in outputs] == [False, False, True, True, True]
    assert not any("slower than usual" in output for output in outputs)
    slow = run("-e", "slow=4")
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
    metrics = dict(
        re.findall(r"^ansible_playbook_last_(slower_tasks|excess_seconds)\{.*\} (.*)$", textfile.read_text(), re.M)
    )
    assert float(metrics["slower_tasks"]) == 1
    assert (
        2
        < float(metrics["excess_seconds"])
        == pytest.approx(verdict["run"]["seconds"] - verdict["run"]["usual"], abs=0.01)
    )

    with running_mail_server() as server:
        env_vars |= {"DEPLOYTRACE_SMTP_URL": server.url(), "DEPLOYTRACE_MAIL_TO": "ops@example.org"}
        run("-e", "slow=4 status=3", status=2)
        (mail,) = server.wait_for(1)
    told = mail.body("plain").partition("Slower than usual")[2]
    assert re.match(r"\s+Restart: \d\.\d+s, usually \d\.\d+s \(\+\d+%\)\s+--", told), mail.body("plain")
    assert "Restart: " in mail.body("html").partition("Slower than usual")[2]
