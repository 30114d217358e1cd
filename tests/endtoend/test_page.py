"""The page that a run leaves by itself: whole, its owner's alone, and where it finds no room, made up for later."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from ground.ansible import TELEMETRY, Ansible, Running

_WORK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: greet
      ansible.builtin.debug: {msg: hello}
    - name: break
      ansible.builtin.command: "{{ wrong | default('true') }}"
"""


def _pages(user: Ansible) -> list[Path]:
    return sorted((user.state_dir / "pages").iterdir()) if (user.state_dir / "pages").is_dir() else []


def test_a_run_that_is_to_have_a_page_leaves_one(ansible: Ansible) -> None:
    """With `failure`, of two runs the one that failed; the same as the command writes."""
    environ = {"DEPLOYTRACE_PAGE": "failure"}
    assert ansible.run(_WORK, env_vars=environ).returncode == 0
    failed = ansible.run(_WORK, env_vars=environ, args=["-e", "wrong=false"])
    assert failed.returncode == 2, failed.output
    ansible.wait_for_sidecar()
    (page,) = _pages(ansible)
    assert page.name == f"{ansible.runs()[0]['run_id']}.html"
    assert (stat.S_IMODE(page.stat().st_mode), stat.S_IMODE(page.parent.stat().st_mode)) == (0o600, 0o700)
    text = page.read_text()
    assert text.endswith("</html>\n")
    assert '<strong>break</strong><span class="reason">' in text
    assert "too few comparable runs" in text
    asked_for = ansible.deploytrace("html", "-o", "-").stdout
    too_few = re.compile(r"There (is|are) [\w ]*comparable run[^.]* to tell\.")
    assert too_few.sub("", asked_for) == too_few.sub("", text)


def test_a_page_that_finds_no_room_touches_nobody_else(ansible: Ansible) -> None:
    """A full disk, of 16 KiB, in a mount namespace of the run's own: the deploy and the trace are as ever, one sentence
    says why there is no page, and ``flush`` makes up for it."""
    pages = ansible.state_dir / "pages"
    pages.mkdir(parents=True)
    playbook, inventory = ansible.write("site.yml", _WORK), ansible.local_inventory("h1", "h2", "h3")
    program = str(ansible.environment.program("ansible-playbook"))
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    mount = f'mount -t tmpfs -o size=16k none "{pages}" && exec "$0" "$@"'
    environ = ansible.environ(
        ANSIBLE_CALLBACKS_ENABLED=TELEMETRY, DEPLOYTRACE_PAGE="always", DEPLOYTRACE_DELIVERY_WAIT="3"
    )
    command = [*apart, "sh", "-c", mount, program, "-i", str(inventory), str(playbook)]
    result = Running(command, ansible.directory, environ, ansible.directory / "full").finish()
    assert result.returncode == 0, result.output
    assert result.stdout.count("failed=0") == 3
    assert "WARNING" not in result.stderr
    ansible.wait_for_sidecar()
    (run,) = ansible.runs()
    said = f"The page {pages / run['run_id']}.html cannot be written (No space left on device)."
    assert said in (ansible.state_dir / "sidecar.log").read_text()
    assert said.replace(" ", "") in "".join(ansible.deploytrace("doctor").stdout.split())
    (trace,) = (ansible.state_dir / "traces").glob("*.jsonl")
    assert "greet" in trace.read_text()
    assert _pages(ansible) == []
    flushed = ansible.deploytrace("flush")
    assert flushed.returncode == 0, flushed.output
    assert [page.name for page in _pages(ansible)] == [f"{run['run_id']}.html"]
