"""The failure mail on real Ansible: one for a run that failed, whatever happens to Ansible or to the mail server."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ground.ansible import Ansible
from ground.processes import free_port
from ground.smtp import MailServer, running_mail_server, silent_port
from ground.waiting import wait_for

from .journals import assert_left_in_time, journals

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

LOG_PLAYS = "deploytrace.callbacks.log_plays"

# A mail may name no colour of a terminal, forge no header and no HTML, and its lines must be short enough.
_HOSTILE = r"""
import sys
print('x' * 2_000_000, file=sys.stderr)
print('\x1b[31mno space left\x1b[0m <script>alert(1)</script> \u202e🔥\x07', file=sys.stderr)
sys.exit(3)
"""

_WORK = """
- hosts: all
  gather_facts: false
  serial: "{{ batch | default('100%') }}"
  tasks:
    - name: Look for leftovers
      ansible.builtin.fail: {msg: "the ignored trouble"}
      ignore_errors: true
    - name: With a way back
      block:
        - name: Switch over
          ansible.builtin.fail: {msg: "the rescued trouble"}
          when: inventory_hostname == 'h2'
      rescue:
        - name: Switch back
          ansible.builtin.debug: {msg: done}
    - name: Migrate
      ansible.builtin.command: {argv: [PYTHON, HOSTILE]}
      when: inventory_hostname != 'h1'
      changed_when: true
"""

_GOOD = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Nothing bad
      ansible.builtin.fail: {msg: "the ignored trouble"}
      ignore_errors: true
"""

_LONG = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Take long
      ansible.builtin.command: sleep 300
"""


def _mail(server: MailServer, **more: str) -> dict[str, str]:
    return {
        "DEPLOYTRACE_SMTP_URL": server.url(),
        "DEPLOYTRACE_MAIL_TO": "ops@example.org, Jane <jane@example.org>",
        "DEPLOYTRACE_EXIT_WAIT": "15",
        **more,
    }


def test_one_mail_tells_of_what_really_failed(each_ansible: Ansible) -> None:
    user = each_ansible
    hostile = user.write("hostile.py", _HOSTILE)
    playbook = _WORK.replace("PYTHON", str(user.environment.python)).replace("HOSTILE", str(hostile))
    with running_mail_server() as server:
        settings = {
            "DEPLOYTRACE_TRACE_URL": "http://jaeger.example.org/trace/{trace_id}",
            "DEPLOYTRACE_DASHBOARD_URL": "http://grafana.example.org/d/x?env={environment}",
            "DEPLOYTRACE_PAGE": "failure",
        }
        both = (user.write("site.yml", playbook), user.write("good.yml", _GOOD))
        result = user.run(
            [both[1], both[0]],
            callbacks=("deploytrace.callbacks.telemetry", LOG_PLAYS),
            env_vars=_mail(server, **settings),
            args=["-e", "env=production brand=acme"],
        )
        assert result.returncode == 2, result.output
        (mail,) = server.wait_for(1)
        user.wait_for_sidecar()
        assert len(server.received) == 1, "two playbooks, one of which failed"
    text, html = mail.body("plain"), mail.body("html")
    assert mail.message["Subject"].startswith("Failed: Migrate no space left <script>alert(1)</script>")
    assert mail.recipients == ["ops@example.org", "jane@example.org"]
    for body in (text, html):
        assert "2 hosts failed" in body
        assert "h2, h3" in body or "h3, h2" in body
        assert "rescued trouble" not in body
        assert "ignored trouble" not in body
        assert "\x1b" not in body
        assert "\u202e" not in body
        assert "production" in body
        assert "http://grafana.example.org/d/x?env=production" in body
        assert "http://jaeger.example.org/trace/" in body
    (page,) = (user.state_dir / "pages").iterdir()
    assert f"There is a page of it at {page}." in " ".join(text.split())
    assert "<script>" not in html
    assert "🔥" in text
    assert len(mail.raw) < 60_000 + 2 * sum(map(len, mail.attachments().values()))
    ((name, content),) = mail.attachments().items()
    assert name.startswith("production_acme_Undefined-")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert sorted(Path(name).name for name in archive.getnames()) == [
            "deploy.log",
            "page.html",
            "trace.jsonl",
        ]
        (log,) = [member for member in archive.getmembers() if member.name.endswith("deploy.log")]
        packed = archive.extractfile(log)
        assert packed is not None
        assert b"Migrate" in packed.read()


def test_an_outage_of_the_mail_server_costs_nothing_and_the_mail_comes_once(ansible: Ansible) -> None:
    fail = "- hosts: all\n  gather_facts: false\n  tasks: [{name: Break, ansible.builtin.fail: {msg: broken}}]\n"
    port = free_port()
    environ = {"DEPLOYTRACE_SMTP_URL": f"smtp://127.0.0.1:{port}", "DEPLOYTRACE_MAIL_TO": "ops@example.org"}
    giving_up = {"DEPLOYTRACE_DELIVERY_WAIT": "1", "DEPLOYTRACE_SMTP_TIMEOUT": "1"}
    with silent_port() as silent:
        for url in (environ["DEPLOYTRACE_SMTP_URL"], f"smtp://127.0.0.1:{silent}"):
            result = ansible.run(fail, env_vars={**environ, **giving_up, "DEPLOYTRACE_SMTP_URL": url})
            assert result.returncode == 2, result.output
            assert_left_in_time(ansible.state_dir, result)
        ansible.wait_for_sidecar()
    with running_mail_server(port=port) as server:
        answer = ansible.deploytrace("flush", env_vars=environ)
        assert answer.returncode == 0, answer.output
        again = ansible.deploytrace("flush", env_vars=environ)
        assert "Nothing waits" in again.stdout
    assert [mail.message["Subject"] for mail in server.received] == ["Failed: Break broken"] * 2
    assert len({mail.message["Message-ID"] for mail in server.received}) == 2


def test_a_killed_run_is_mailed_as_interrupted(ansible: Ansible) -> None:
    with running_mail_server() as server:
        running = ansible.start(_LONG, env_vars=_mail(server))
        running.wait_until(
            lambda: any(path.read_bytes().count(b'"host_started"') == 3 for path in journals(ansible.state_dir))
        )
        running.kill()
        running.finish()
        (mail,) = server.wait_for(1)
        wait_for(lambda: not ansible.sidecars(), "the sidecar ends, though Ansible's workers live")
        assert len(server.received) == 1
    assert mail.message["Subject"] == "Interrupted: during Take long"
    assert "3 hosts at work when the run was broken off" in mail.body("plain")


def test_each_environment_has_its_own_server_and_a_vaulted_password(each_ansible: Ansible) -> None:
    """The password is in a vaulted variable, the environment's section names it; neither is on disk in clear."""
    user = each_ansible
    secret = "open-the-mail-4711"
    vault = user.write("vault-password", "sesame")

    def vaulted(text: str) -> str:
        program = [user.environment.program("ansible-vault"), "encrypt_string", "--vault-password-file", vault, text]
        done = subprocess.run(program, capture_output=True, text=True, check=True, env=user.environ())
        return done.stdout

    user.write("group_vars/all.yml", f"vault_mail: {vaulted(secret).rstrip()}\nmail_secret: '{{{{ vault_mail }}}}'\n")
    with running_mail_server(login=("robot", secret)) as server, running_mail_server() as other:
        config = user.write(
            "ansible.cfg",
            "[callback_deploytrace]\n"
            f"smtp_url = {other.url()}\nmail_to = dev@example.org\nmail_cc = boss@example.org\n"
            "mail_cc_environments = production\nexit_wait = 15\n"
            "[callback_deploytrace:production]\n"
            f"smtp_url = {server.url(user='robot')}\nsmtp_password_variable = mail_secret\nmail_to = ops@example.org\n",
        )
        fail = (
            "- hosts: h1\n  gather_facts: false\n"
            "  tasks: [{name: Break, ansible.builtin.fail: {msg: 'said {{ vault_mail }} loudly'}}]\n"
        )
        environ: Mapping[str, str] = {"ANSIBLE_CONFIG": str(config)}
        args = ["--vault-password-file", vault]
        for more in ([], ["-e", "env=production"]):
            result = user.run(fail, env_vars=environ, args=[*args, *more])
            assert result.returncode == 2, result.output
        user.wait_for_sidecar()
    (production,), (development,) = server.received, other.received
    assert production.recipients == ["ops@example.org", "boss@example.org"]
    assert production.user == "robot"
    assert development.recipients == ["dev@example.org"]
    assert secret not in production.body("plain") + production.message["Subject"]
    for path in user.state_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
