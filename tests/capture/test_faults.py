"""Whatever is wrong with a setting: one warning that names it, and the deploy as if we were not there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from deploytrace.events import RunEnded
from endtoend.journals import events_of, only_journal
from ground.ansible import TELEMETRY, Ansible

SMALL = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: Fails, ansible.builtin.debug: {msg: no}, failed_when: inventory_hostname == 'h2'}
    - {name: Goes on, ansible.builtin.debug: {msg: on}}
"""

# What is set, and what the warning names.
FAULTS = {
    "mistyped value": ({"DEPLOYTRACE_EXIT_WAIT": "soon"}, "DEPLOYTRACE_EXIT_WAIT is 'soon' but must be a number"),
    "mistyped name": ({"DEPLOYTRACE_TRACEURL": "x"}, "Did you mean trace_url?"),
    "broken pattern": ({"DEPLOYTRACE_REDACT_KEYS": "a(b"}, "redact_keys"),
    "unwanted choice": ({"DEPLOYTRACE_CONSOLE": "printer"}, "DEPLOYTRACE_CONSOLE is 'printer'"),
}


def _warnings(stderr: str) -> list[str]:
    """The warnings in a run's standard error, each in one line (Ansible wraps them)."""
    return [" ".join(found.split()) for found in re.findall(r"\[WARNING\]: ((?:.+\n)+)", stderr)]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_warning_and_the_same_deploy(ansible: Ansible, fault: str) -> None:
    environ, named = FAULTS[fault]
    without = ansible.run(SMALL, callbacks=(), env_vars=environ)
    result = ansible.run(SMALL, env_vars=environ)
    assert result.returncode == without.returncode, result.output
    assert sorted(result.stdout.splitlines()) == sorted(without.stdout.splitlines()), "hosts answer in any order"
    (warning,) = [text for text in _warnings(result.stderr) if text not in _warnings(without.stderr)]
    assert named in warning
    assert "Traceback" not in result.stderr


def test_a_warning_never_stops_the_record_of_the_others(ansible: Ansible) -> None:
    """A mistyped setting costs its own effect only."""
    ansible.run(SMALL, env_vars={"DEPLOYTRACE_EXIT_WAIT": "soon"})
    (ended,) = [event for event in events_of(only_journal(ansible.state_dir)) if isinstance(event, RunEnded)]
    assert ended.stopped is None
    assert Path(ansible.state_dir).stat().st_mode & 0o777 == 0o700
    assert only_journal(ansible.state_dir).stat().st_mode & 0o777 == 0o600


def test_nobody_reads_what_we_say(ansible: Ansible) -> None:
    """Ansible writes nothing to standard error here, so that nothing of it fails there: what we say must not either."""
    playbook = ansible.write("site.yml", "- {hosts: all, gather_facts: false}")
    command = [ansible.environment.program("ansible-playbook"), "-i", ansible.local_inventory("h1"), playbook]
    reading, writing = os.pipe()
    os.close(reading)
    environ = ansible.environ(ANSIBLE_CALLBACKS_ENABLED=TELEMETRY)
    with os.fdopen(writing) as stderr:
        result = subprocess.run(command, env=environ, stderr=stderr, stdout=subprocess.PIPE, check=False)
    assert result.returncode == 0, result.stdout


_INSIDE = """
import io, sys
from ansible.cli.playbook import main
heard = sys.stderr = io.StringIO()
try:
    main(["ansible-playbook", *sys.argv[1:]])
finally:
    print("heard:", heard.getvalue())
"""


def test_a_program_that_runs_ansible_in_itself_hears_what_we_say(ansible: Ansible) -> None:
    playbook = ansible.write("site.yml", "- {hosts: all, gather_facts: false}")
    command = [ansible.environment.python, "-c", _INSIDE, "-i", ansible.local_inventory("h1"), playbook]
    environ = ansible.environ(ANSIBLE_CALLBACKS_ENABLED=TELEMETRY)
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "heard: deploytrace: trace" in result.stdout, result.stdout + result.stderr
