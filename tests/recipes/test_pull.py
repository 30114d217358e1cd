"""ansible-pull from a real repository, by the page's line of cron, in the environment that cron gives."""

from __future__ import annotations

import json
import subprocess

from ground.receiver import Receiver

from .conftest import Project
from .page import GATEWAY, placed, the_block

SECTION = "ansible-pull and cron"
READ = """
import json
import sys
from crontab import CronTab

table = CronTab(tabfile=sys.argv[1], user=False)
(line,) = table.crons
print(json.dumps([line.is_valid(), line.user, str(line.slices), line.command, dict(line.env)]))
"""


def test_cron_pulls_and_deploys(project: Project, receiver: Receiver) -> None:
    user = project.user
    places = {"/var/lib/deploytrace": user.state_dir, "/var/lib/node_exporter/textfile": user.directory}
    project.write("ansible.cfg", placed(the_block(SECTION, "ini"), places))
    for words in (["init", "--quiet"], ["add", "site.yml", "ansible.cfg"], ["commit", "--quiet", "-m", "All"]):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *identity, *words], cwd=project.directory, check=True, timeout=30)

    pulled = user.directory / "pulled"
    places = {
        GATEWAY: receiver.http,
        "https://git.example.org/deploys.git": project.directory.as_uri(),
        "/var/lib/deploys": pulled,
        "/opt/ansible": user.environment.path,
    }
    project.write("deploy.cron", placed(the_block(SECTION, "crontab"), places))
    project.write("read.py", READ)
    valid, owner, times, command, variables = json.loads(project.shell("python read.py deploy.cron").stdout)
    assert (valid, owner, times) == (True, "root", "*/15 * * * *")
    assert variables == {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http}
    assert "%" not in command, "to cron it is the end of the line"

    nothing_else = {"PATH": "/usr/bin:/bin", "DEPLOYTRACE_STATE_DIR": None, "LANG": None, "COLUMNS": None}
    at_once = {"DEPLOYTRACE_METRICS_BIRTH_HOLD": "0"}  # else the sidecar stays for a minute
    result = project.shell(command, "/", **nothing_else, **at_once, **variables)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    root = receiver.wait_for(4)[-1]
    assert root.name == "RUN site.yml"
    assert root.attributes["code.file.path"] == str(pulled / "site.yml")
    user.wait_for_sidecar()
    assert "ansible_playbook_runs_total{" in (user.directory / "ansible.prom").read_text()
