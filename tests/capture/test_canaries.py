"""A secret firewall in front of the disk: secrets planted in a real playbook are in no file and no line of ours."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ground.ansible import Ansible
from ground.smtp import MailServer, running_mail_server

# Each canary is planted in one place, named here; the playbook says where and how.
PLANTED = (
    "no_log-task", "no_log-block", "no_log-play", "no_log-loop", "no_log-item", "no_log-retry", "no_log-async",
    "no_log-handler", "no_log-diff", "no_log-args", "url_password", "url_credentials", "url_token", "url_only_token",
    "vault_inline", "vault_file", "vault_file_item", "vault_included", "vault_inventory", "vault_base64",
    "argument_key", "argument_nested", "argument_unlike", "item_key", "item_label", "task_name", "environment_key",
    "task_vars", "extra_var", "host_var", "controller_environment", "fact", "prompt", "bearer", "private_key",
    "option", "stdout_json", "traceback", "redact_keys", "redact_patterns", "endpoint", "cookie", "mysql",
    "declared", "declared_alias", "declared_elsewhere", "declared_within", "declared_item", "declared_shown",
    "declared_builtin", "no_python", "rest",
)  # fmt: skip

PLAYBOOK = Path(__file__).with_name("canaries.yml")

# Nothing in these parameters' names looks secret.
MODULE = """#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.shared_options import shared

def main():
    module = AnsibleModule(argument_spec=dict(
        number=dict(type="str", no_log=True, aliases=["digits"]),
        door=dict(type="dict", options={"colour": {"type": "str", "no_log": True}}),
        **shared(),
    ))
    module.exit_json(changed=False, greeting="hello")

main()
"""
SHARED = """def shared():
    return {"motto": dict(type="str", no_log=True)}
"""
NO_PYTHON = """#!/bin/sh
# WANT_JSON
echo '{"changed": false}'
"""


def canary(place: str) -> str:
    """A text that nothing else is: no words of it look secret."""
    return f"Qx{PLANTED.index(place):02d}tweety{zlib.crc32(place.encode()):08x}Zk"


@pytest.fixture
def deploy(each_ansible: Ansible) -> Path:
    """The playbook with its canaries, its vaulted files and its inventory."""
    user = each_ansible
    text = PLAYBOOK.read_text().replace("@dir@", str(user.directory))
    inline = {place: canary(place) for place in PLANTED if f"@@{place}@@" in text or place == "vault_inventory"}
    files = {
        "group_vars/all.yml": f"from_file: {canary('vault_file')}\nlisted: {canary('vault_file_item')}\n"
        f"encoded: {canary('vault_base64')}\n",
        "included.yml": f"included: {canary('vault_included')}\n",
    }
    paths = [user.write(name, clear) for name, clear in (inline | files).items()]
    password = user.write("vault-password", "open sesame")
    program = [user.environment.program("ansible-vault"), "encrypt", "--vault-password-file", password, *paths]
    subprocess.run(program, capture_output=True, check=True, env=user.environ())

    def vaulted(place: str) -> str:
        lines = (user.directory / place).read_text().splitlines()
        return "!vault |\n" + "".join(f"        {line}\n" for line in lines)

    for place in PLANTED:
        if f"@@{place}@@" in text:
            text = text.replace(f"@@{place}@@", vaulted(place))
        text = text.replace(f"@{place}@", canary(place))
    user.write("library/door_lock.py", MODULE)
    user.write("library/shell_lock", NO_PYTHON)
    user.write("utilities/shared_options.py", SHARED)
    python = user.environment.hosts_python
    user.write(
        "hosts.yml",
        f"""
all:
  hosts:
    h1:
      ansible_connection: local
      ansible_pipelining: true
      ansible_python_interpreter: {python}
      ansible_async_dir: {user.directory}/jobs
      service_password: {canary("host_var")}
      stored: {vaulted("vault_inventory")}""",
    )
    return user.write("site.yml", text)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Where the run's failure is mailed to."""
    with running_mail_server() as server:
        yield server


def _unpacked(files: dict[Path, bytes]) -> dict[Path, bytes]:
    """What is in the archives among some files."""
    found = {}
    for path, content in files.items():
        if path.name.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive:
                    file = archive.extractfile(member)
                    if file is not None:
                        found[path / member.name] = file.read()
    return found


def test_nothing_planted_is_in_anything_of_ours(each_ansible: Ansible, deploy: Path, mail_server: MailServer) -> None:
    """The last play fails, so that there is an archive and a mail too."""
    user = each_ansible
    result = user.run(
        deploy,
        inventory=deploy.with_name("hosts.yml"),
        args=["--vault-password-file", deploy.with_name("vault-password"), "--diff",
              "-e", f"deploy_token={canary('extra_var')}"],
        env_vars={
            "APP_SECRET": canary("controller_environment"),
            "ANSIBLE_MODULE_UTILS": str(deploy.with_name("utilities")),
            "DEPLOYTRACE_REDACT_KEYS": "launch_code",
            "DEPLOYTRACE_REDACT_PATTERNS": r"ZZ-\w+",
            "DEPLOYTRACE_RESULTS": "all",
            "DEPLOYTRACE_DELIVERY_WAIT": "5",
            "DEPLOYTRACE_LOG_DIR": str(user.state_dir / "logs"),
            "DEPLOYTRACE_MAIL_TO": "ops@example.org",
            "DEPLOYTRACE_SMTP_URL": mail_server.url(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://me:{canary('endpoint')}@127.0.0.1:1",
        },
        timeout=300,
    )  # fmt: skip
    assert result.returncode == 2, result.output
    user.wait_for_sidecar()
    files = {path: path.read_bytes() for path in user.state_dir.rglob("*") if path.is_file()}
    files |= _unpacked(files)
    (mail,) = mail_server.wait_for(1)
    assert mail.message["Subject"].startswith("Failed: A failure that is mailed")
    for kind in ("plain", "html"):
        files[Path(f"mail.{kind}")] = f"{mail.message['Subject']}\n{mail.body(kind)}".encode()
    attached = {Path(name): content for name, content in mail.attachments().items()}
    assert attached
    files |= attached | _unpacked(attached)
    ours = [line for line in result.stderr.splitlines() if "deploytrace" in line]
    assert b"host_finished" in b"".join(files.values())
    assert b"PLAY RECAP" in files[(user.state_dir / "logs" / "latest").resolve()]
    assert ours
    # Ansible itself shows those that no_log does not hide: they did pass by us.
    assert sum(canary(place) in result.output for place in PLANTED) >= 20
    leaks = []
    for place in PLANTED:
        secret = canary(place)
        forms = {secret, secret.upper(), base64.b64encode(secret.encode()).decode().rstrip("=")[:-2]}
        leaks += [
            (place, str(path), found)
            for path, content in [*files.items(), *((Path("console"), line.encode()) for line in ours)]
            for form in forms
            if form.encode() in content
            for found in re.findall(rb".{0,60}" + re.escape(form.encode()) + rb".{0,20}", content)
        ]
    assert leaks == []
