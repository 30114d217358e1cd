"""docs/alerts.md: each alert is in its table as it is in the rules, and the commands that it shows do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from ground.alertmanager import running_alertmanager
from ground.cache import ROOT
from ground.prometheus import debian_programs, prometheus_programs
from ground.smtp import running_mail_server

from .shipped import ALERTMANAGER, RULES, alertmanager_for, alerts

PAGE = (ROOT / "docs/alerts.md").read_text()


def _shown(beginning: str) -> list[str]:
    """The words of the command that the page shows and that begins so."""
    (line,) = re.findall(rf"^ *({beginning}\b.+)$", PAGE, re.MULTILINE)
    return shlex.split(line)


def _run(program: Path, *words: str, cwd: Path) -> str:
    done = subprocess.run([program, *words], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_table_has_each_alert_as_it_is() -> None:
    rows = re.findall(r"^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| .+ \| *(\w*) *\| (\w+) \|$", PAGE, re.MULTILINE)
    told = {name: (page, lasting, severity) for name, page, lasting, severity in rows}
    assert told == {name: (name, alert.get("for", ""), alert["labels"]["severity"]) for name, alert in alerts().items()}


def test_the_files_work_where_the_page_puts_them(tmp_path: Path) -> None:
    """Copied beside each other, as they are, and checked with the commands of the page."""
    shutil.copy(ROOT / "deploy/prometheus/prometheus.yml", tmp_path)
    shutil.copytree(RULES[0].parent, tmp_path / "rules")
    assert "SUCCESS" in _run(prometheus_programs("3") / "promtool", *_shown("promtool")[1:], cwd=tmp_path)
    for path in (ALERTMANAGER, ALERTMANAGER.with_name("ansible.tmpl")):
        shutil.copy(path, tmp_path)
    said = _run(debian_programs() / "amtool", *_shown("amtool check-config")[1:], cwd=tmp_path)
    assert "1 templates" in said
    assert "2 inhibit rules" in said
    assert "SUCCESS" in said


def test_the_alert_to_try_it_with_arrives(tmp_path: Path) -> None:
    with (
        running_mail_server() as mail,
        running_alertmanager(alertmanager_for(mail, tmp_path)) as alertmanager,
    ):
        url, *rest = _shown("amtool --alertmanager.url")[1:]
        assert url.endswith("localhost:9093")
        _run(debian_programs() / "amtool", f"--alertmanager.url={alertmanager.url}", *rest, cwd=tmp_path)
        (one,) = mail.wait_for(1)
    assert f"The mail has the subject `{one.message['Subject']}`" in PAGE
