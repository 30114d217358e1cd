"""A slow deploy is told while it runs, and once more when it has ended: from real Ansible to the mail that arrives."""

from __future__ import annotations

import time
from pathlib import Path

from alerts.shipped import RULES, alertmanager_for, changed
from ground.alertmanager import running_alertmanager
from ground.ansible import Ansible
from ground.processes import free_port
from ground.prometheus import Prometheus, running_prometheus
from ground.smtp import running_mail_server
from ground.waiting import PATIENCE_S

DEPLOY = """
- name: Deploy
  hosts: h1
  gather_facts: false
  tasks:
    - name: Wait for the test
      ansible.builtin.wait_for:
        path: "{{ done }}"
        sleep: 1
"""
USUAL_RUNS = 3
TIMES_AS_LONG = 5  # as the longest of the usual runs: twice the mean is exceeded even with the slow run in it

# The shipped rules wait for minutes and look back for an hour, which nobody has: nothing else is changed.
SHORTENED = {
    "recording.yml": {"interval: 4m": "interval: 1s"},
    "deploys.yml": {"for: 2m": "for: 1s", ", 60)": ", 1)", ") > 60": ") > 1", "offset 1h": "offset 5s"},
}


def _rules(directory: Path) -> list[Path]:
    return [changed(path, directory, SHORTENED[path.name]) for path in RULES if path.name in SHORTENED]


def _usual_runs(ansible: Ansible, prometheus: Prometheus) -> float:
    """Have the deploy run as often as a mean takes, wait until Prometheus has one, and return the longest time in s."""
    ansible.write("done", "")
    for number in range(1, USUAL_RUNS + 1):
        result = ansible.run(DEPLOY, args=["-e", f"done={ansible.directory / 'done'}"])
        assert result.returncode == 0, result.output
        prometheus.wait_for(f'ansible_playbook_duration_seconds_count{{result="success"}} == {number}')
    prometheus.wait_for("job_playbook:ansible_playbook_duration_seconds:mean14d")
    return max(run["duration"] for run in ansible.runs())


def test_a_slow_deploy_is_told_while_it_runs_and_when_it_has_ended(ansible: Ansible, tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with (
        running_mail_server() as mail,
        running_alertmanager(alertmanager_for(mail, tmp_path)) as alertmanager,
        running_prometheus(
            {"ansible": listen}, rules=_rules(tmp_path), alertmanager=alertmanager.address
        ) as prometheus,
    ):
        soon = {
            "DEPLOYTRACE_METRICS_BIRTH_HOLD": "3"
        }  # s; it is to be at least twice the scrape interval, which is 1 s
        ansible.start_program("deploytrace", "exporter", "--listen", listen, env_vars=soon)
        prometheus.wait_for('up{job="ansible"} == 1')
        usual = _usual_runs(ansible, prometheus)
        assert mail.received == [], "nothing is told of deploys that are as usual"

        begun = time.monotonic()
        slow = ansible.start(DEPLOY, args=["-e", f"done={tmp_path / 'go-on'}"])
        (first,) = mail.wait_for(1)
        assert str(first.message["Subject"]) == "site.yml is taking long"
        long = TIMES_AS_LONG * usual
        slow.wait_until(lambda: time.monotonic() - begun > long, timeout=long + PATIENCE_S)
        assert slow.process.poll() is None, "the deploy is still running"
        assert len(mail.received) == 1

        (tmp_path / "go-on").touch()
        assert slow.finish().returncode == 0
        told = [str(one.message["Subject"]) for one in mail.wait_for(3)[1:]]
        assert sorted(told) == ["Resolved: site.yml is taking long", "site.yml was slow"]
        (was_slow,) = (one for one in mail.received if one.message["Subject"] == "site.yml was slow")
        assert "more than twice its mean" in was_slow.body("plain")
