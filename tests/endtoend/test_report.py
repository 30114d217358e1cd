"""The report and the timestamp lines in the console: profile_tasks and timestamp, as the callbacks of old names."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from deploytrace.run.model import Kind
from ground.ansible import TELEMETRY, Ansible
from ground.terminal import Terminal

from .journals import journals, nodes_of

REPORT = "deploytrace.callbacks.profile_tasks"
TIMESTAMP = "deploytrace.callbacks.timestamp"

_FREE = """
- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - name: short
      ansible.builtin.command: sleep 0.1
    - name: long
      ansible.builtin.command: sleep 4
"""
_ROLES = """
- hosts: h1
  gather_facts: false
  roles: [outer]
  tasks:
    - name: of the play
      ansible.builtin.debug: msg=hello
"""
_OUTER = """
- name: same name
  ansible.builtin.command: sleep 0.6
- name: include the inner role
  ansible.builtin.include_role: {name: inner}
- name: same name
  ansible.builtin.command: sleep 0.1
"""
_STAMP = re.compile(
    r"^[A-Z][a-z]+ \d\d [A-Z][a-z]+ \d{4}  \d\d:\d\d:\d\d [+-]\d{4} "
    r"\(\d:\d\d:\d\d\.\d{3}\) {7}\d:\d\d:\d\d\.\d{3} \*{3,}$",
    re.MULTILINE,
)


def _lines(report: str) -> dict[str, float]:
    """The tasks of a report and their seconds, in order."""
    return {name.rstrip(): float(seconds) for name, seconds in re.findall(r"^(.+?) -+ (\d+\.\d\d)s$", report, re.M)}


def _reports(output: str) -> list[str]:
    return ["=" * 79 + part.partition(">> TOTAL TIME")[0] for part in output.split("=" * 79)[1:]]


def _all_hosts_seconds(user: Ansible, task: str) -> float:
    """From the first host's start of a task to the last one's end, by the journal of the first run."""
    found = [node for node in nodes_of(journals(user.state_dir)[0]) if node.kind is Kind.HOST and node.name == task]
    return (max(node.end for node in found) - min(node.start for node in found)) / 1e9


def test_two_playbooks_have_two_reports_each_its_own(each_ansible: Ansible) -> None:
    """Under free the slow task is first, at its sleep and the module's start-up; same-named tasks are kept apart."""
    first, second = each_ansible.write("free.yml", _FREE), each_ansible.write("roles.yml", _ROLES)
    each_ansible.write("roles/outer/tasks/main.yml", _OUTER)
    each_ansible.write("roles/inner/tasks/main.yml", "- name: within\n  ansible.builtin.command: sleep 0.9\n")
    result = each_ansible.run([first, second], callbacks=[TIMESTAMP, REPORT, TELEMETRY])
    assert result.returncode == 0, result.output
    assert not re.search(r"WARNING.*(deploytrace|callback)", result.stderr), result.stderr

    free, roles = map(_lines, _reports(result.stdout))
    assert list(free)[:2] == ["long", "short"]
    assert 4 <= free["long"] <= _all_hosts_seconds(each_ansible, "long") + 0.01, free
    assert {"inner | within", "outer | same name", "of the play"} < roles.keys()
    assert "long" not in roles
    assert roles["inner | within"] >= 0.9
    assert len(re.findall(r"^outer \| same name -+ \d", result.stdout, re.M)) == 2
    own, inclusive = map(float, re.search(r"^outer -+ (\S+)s +(\S+)s$", result.stdout, re.M).groups())  # type: ignore[union-attr]
    assert inclusive > own + 0.8, "the inner role's time is in the outer one's inclusive time only"
    assert own >= 0.7
    assert result.stdout.count(">> TOTAL TIME: <<< 00:0") == 2

    # Two plays, two tasks and five (the include is one), two ends; under free each task once, not once per host.
    assert len(_STAMP.findall(result.stdout)) == 2 + 7 + 2, result.stdout
    assert re.search(r"^outer \| same name  0:0\d:\d\d\.\d{3}$", result.stdout, re.M)
    assert re.search(r"^inner \| within  0:0\d:\d\d\.\d{3}$", result.stdout, re.M)
    each_ansible.wait_for_sidecar()
    assert len(each_ansible.runs()) == 2


def test_the_report_alone_makes_nothing_else(ansible: Ansible) -> None:
    """The old name from the checkout's directory: no trace, no log, but a journal that the command reads as well."""
    plugins = Path(__file__).parents[2] / "callback_plugins"
    result = ansible.run(
        _ROLES.replace("  roles: [outer]\n", ""),
        callbacks=["profile_tasks"],
        env_vars={"ANSIBLE_CALLBACK_PLUGINS": str(plugins), "DEPLOYTRACE_TOP_CONSOLE": "1"},
    )
    assert result.returncode == 0, result.output
    (report,) = _reports(result.stdout)
    assert list(_lines(report)) == ["of the play", "total of all tasks"]
    assert "deploytrace: trace" not in result.stderr
    ansible.wait_for_sidecar()
    assert not (ansible.state_dir / "traces").exists()
    (run,) = ansible.runs()
    (task,) = json.loads(ansible.deploytrace("top", run["run_id"], "--json").stdout)
    assert (task["role"], task["task"], task["count"]) == (None, "of the play", 1)
    assert task["playbook"].endswith("site.yml")
    assert 0 < task["seconds"] < run["duration"]


@pytest.mark.parametrize(
    ("stdout", "more"),
    [
        ("default", {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_FORCE_COLOR": "1"}),
        ("minimal", {}),
        ("oneline", {"ANSIBLE_NOCOLOR": "1"}),
    ],
)
def test_timestamps_change_nothing_else(ansible: Ansible, stdout: str, more: Mapping[str, str]) -> None:
    """What Ansible itself prints is the same without the lines, with each of its own callbacks."""
    playbook = "- hosts: h1\n  gather_facts: false\n  tasks: [{name: t, ansible.builtin.debug: {msg: hello}}]\n"

    def run(callbacks: Sequence[str], **settings: str) -> str:
        env_vars = {"ANSIBLE_STDOUT_CALLBACK": stdout, **more, **settings}
        result = ansible.run(playbook, callbacks=callbacks, env_vars=env_vars)
        assert result.returncode == 0, result.output
        return result.stdout

    plain = run([])
    stamped = run([TIMESTAMP])
    assert len(_STAMP.findall(stamped)) == 3
    assert re.sub(_STAMP.pattern + r"\n", "", stamped, flags=re.M) == plain
    by_setting = run([TIMESTAMP, TELEMETRY], DEPLOYTRACE_TIMESTAMPS="true")
    assert len(_STAMP.findall(by_setting)) == 3, "asked for twice, each line is there once"


def test_old_names_together_and_telemetry_by_settings(ansible: Ansible) -> None:
    """From the checkout's directory; what telemetry itself says goes to standard error, the report too."""
    playbook = "- hosts: h1\n  gather_facts: false\n  tasks: [{name: t, ansible.builtin.debug: {msg: hello}}]\n"
    plugins = {"ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parents[2] / "callback_plugins")}
    old = ansible.run(playbook, callbacks=["timestamp", "log_plays", "profile_tasks"], env_vars=plugins)
    assert old.returncode == 0, old.output
    assert len(_STAMP.findall(old.stdout)) == 3
    assert old.stdout.count("total of all tasks") == 1
    ansible.wait_for_sidecar()
    assert "ok: [h1]" in (ansible.state_dir / "logs" / "latest").read_text()
    assert not (ansible.state_dir / "traces").exists()

    by_settings = ansible.run(playbook, env_vars={"DEPLOYTRACE_TOP_CONSOLE": "5", "DEPLOYTRACE_TIMESTAMPS": "true"})
    assert len(_STAMP.findall(by_settings.stdout)) == 3
    assert "total of all tasks" not in by_settings.stdout
    assert re.search(r"^t -+ \d+\.\d\ds$", by_settings.stderr, re.M)


@pytest.mark.parametrize("columns", [60, 120])
def test_on_a_real_terminal_no_line_is_wrapped(ansible: Ansible, columns: int) -> None:
    """Long names are cut in the middle where the terminal is narrow, and whole where it is wide."""
    name = "Tell the load balancer of the northern region that this host takes no more requests"
    tasks = f"[{{name: {name}, ansible.builtin.command: sleep 0.2}}]"
    playbook = ansible.write("site.yml", f"- hosts: h1\n  gather_facts: false\n  tasks: {tasks}\n")
    command = ["ansible-playbook", "-i", ansible.local_inventory("h1"), playbook]
    environ = ansible.environ(ANSIBLE_CALLBACKS_ENABLED=REPORT)
    terminal = Terminal(command, columns=columns, environ=environ, cwd=ansible.directory)
    try:
        screen = terminal.wait()
    finally:
        terminal.close()
    report = screen.partition("=" * 40)[2].splitlines()
    (line,) = [line for line in report if line.endswith("s") and line.startswith("Tell the load")]
    assert (name in line) is (columns == 120)
    assert re.fullmatch(r"Tell the load.+takes no more requests -+ \d\.\d\ds", line), line
    assert len(line) <= columns


def test_a_report_that_does_not_come_is_not_waited_for(ansible: Ansible) -> None:
    """The sidecar stands still: Ansible says so and ends; once it goes on, the command shows the report."""
    go_on = ansible.directory / "go-on"
    task = f"{{name: t, ansible.builtin.wait_for: {{path: {go_on}, sleep: 1}}}}"
    running = ansible.start(f"- hosts: h1\n  gather_facts: false\n  tasks: [{task}]\n", callbacks=[REPORT])
    running.wait_until(ansible.sidecars)
    (sidecar,) = ansible.sidecars()
    os.kill(sidecar.pid, signal.SIGSTOP)
    go_on.touch()
    try:
        result = running.finish()
    finally:
        os.kill(sidecar.pid, signal.SIGCONT)
    assert result.returncode == 0, result.output
    assert "deploytrace: the report is not ready yet; deploytrace top shows it." in result.stdout
    ansible.wait_for_sidecar()
    assert "total of all tasks" in ansible.deploytrace("top").stdout
