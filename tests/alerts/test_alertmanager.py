"""The shipped Alertmanager configuration: right by amtool, routed as meant, and its mails arrive at a real server."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from ground.alertmanager import running_alertmanager
from ground.prometheus import debian_programs, running_prometheus
from ground.pushgateway import running_pushgateway
from ground.smtp import running_mail_server

from .shipped import ALERTMANAGER, RULES, alertmanager_for, alerts, changed


def _amtool(*words: str | Path) -> str:
    done = subprocess.run([debian_programs() / "amtool", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_amtool_accepts_the_configuration_and_its_templates() -> None:
    assert "1 templates" in _amtool("check-config", ALERTMANAGER)


@pytest.mark.parametrize("name", [*alerts(), "SomethingElse"])
def test_each_alert_is_routed_by_its_severity(name: str) -> None:
    severity = alerts()[name]["labels"]["severity"] if name in alerts() else "critical"
    wanted = "nobody" if name not in alerts() else "ansible-urgent" if severity == "critical" else "ansible"
    labels = (f"alertname={name}", f"severity={severity}", "job=ansible", "playbook=site.yml")
    assert _amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels).split() == [wanted]


def _send(url: str, body: str, method: str) -> None:
    headers = {"Content-Type": "application/json" if method == "POST" else "text/plain"}
    request = urllib.request.Request(url, body.encode(), headers, method=method)  # noqa: S310 - always http, our own
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - always http, our own


def test_alerts_arrive_as_mails_and_so_does_their_end(tmp_path: Path) -> None:
    deploys = next(path for path in RULES if path.name == "deploys.yml")
    rules = [changed(deploys, tmp_path, {"for: 5m": "for: 0s"})]
    now = time.time()
    failed = f"""
        ansible_playbook_last_completion_timestamp_seconds{{playbook="site.yml"}} {now}
        ansible_playbook_max_success_age_seconds{{playbook="site.yml"}} 60
        ansible_playbook_last_success_timestamp_seconds{{playbook="site.yml"}} {now - 3600}
        ansible_playbook_max_success_age_seconds{{playbook="nightly <1>.yml"}} 60
        ansible_playbook_last_success_timestamp_seconds{{playbook="nightly <1>.yml"}} {now - 3600}
    """
    succeeded = failed.replace(f"{now - 3600}", f"{now}")
    with (
        running_mail_server() as mail,
        running_alertmanager(alertmanager_for(mail, tmp_path)) as alertmanager,
        running_pushgateway() as gateway,
    ):
        metrics = f"http://{gateway}/metrics/job/ansible/instance/a"
        scrape = [{"job_name": "gateway", "honor_labels": True, "static_configs": [{"targets": [gateway]}]}]
        _send(metrics, "\n".join(line.strip() for line in failed.splitlines()), "PUT")
        with running_prometheus(scrape, rules=rules, alertmanager=alertmanager.address) as prometheus:
            prometheus.wait_for("count(ALERTS{alertstate='firing'}) == 3")
            subjects = {str(one.message["Subject"]): one for one in mail.wait_for(2)}
            assert set(subjects) == {"site.yml failed", "nightly <1>.yml is overdue"}, (
                "the overdue one is known already"
            )
            one = subjects["nightly <1>.yml is overdue"]
            assert one.recipients == ["deploys@example.com", "oncall@example.com"]
            assert "nightly <1>.yml has not succeeded for 1h" in one.body("plain")
            assert "docs/runbooks/AnsiblePlaybookOverdue.md" in one.body("plain")
            assert "nightly &lt;1&gt;.yml" in one.body("html")
            assert subjects["site.yml failed"].recipients == ["deploys@example.com"]
            _send(metrics, "\n".join(line.strip() for line in succeeded.splitlines()), "PUT")
            mail.wait_for(4)
    assert {str(one.message["Subject"]) for one in mail.received[2:]} == {
        "Resolved: site.yml failed",
        "Resolved: nightly <1>.yml is overdue",
    }


def test_without_the_exporter_nothing_else_of_its_job_is_told(tmp_path: Path) -> None:
    with (
        running_mail_server() as mail,
        running_alertmanager(alertmanager_for(mail, tmp_path)) as alertmanager,
    ):
        told = [("AnsibleExporterDown", "ansible"), ("AnsibleDeploySlow", "ansible"), ("AnsibleDeploySlow", "other")]
        labels = [{"labels": {"alertname": name, "job": job, "severity": "warning"}} for name, job in told]
        _send(f"{alertmanager.url}/api/v2/alerts", json.dumps(labels), "POST")
        mail.wait_for(2)
        inhibited = [alert["labels"] for alert in alertmanager.alerts() if alert["status"]["inhibitedBy"]]
        assert [(one["alertname"], one["job"]) for one in inhibited] == [("AnsibleDeploySlow", "ansible")]
