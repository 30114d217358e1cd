"""The page that a run leaves by itself: whole, its owner's alone, and where it finds no room, made up for later."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from ground.ansible import TELEMETRY, Ansible, Result, Running

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


def _same(result: Result) -> tuple[int, list[str]]:
    """What a deploy comes to: its status and what it printed, without times and order."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+|\d:\d\d:\d\d\.\d+", "<time>", result.stdout)
    return result.returncode, sorted(text.splitlines())


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


@pytest.mark.parametrize("fault", ["not a directory", "a full disk"])
def test_a_page_that_finds_no_room_touches_nobody_else(ansible: Ansible, fault: str) -> None:
    """The deploy and the trace are as ever, one sentence says why there is no page, and ``flush`` makes up for it."""
    plain = ansible.run(_WORK, callbacks=())
    pages = ansible.state_dir / "pages"
    ansible.state_dir.mkdir(mode=0o700)
    playbook, inventory = ansible.write("site.yml", _WORK), ansible.local_inventory("h1", "h2", "h3")
    command = [str(ansible.environment.program("ansible-playbook")), "-i", str(inventory), str(playbook)]
    if fault == "a full disk":  # of 16 KiB, in a mount namespace of the run's own
        pages.mkdir()
        apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
        mount = f'mount -t tmpfs -o size=16k none "{pages}" && exec "$0" "$@"'
        command = [*apart, "sh", "-c", mount, *command]
    else:
        pages.write_text("in the way")
    environ = ansible.environ(
        ANSIBLE_CALLBACKS_ENABLED=TELEMETRY, DEPLOYTRACE_PAGE="always", DEPLOYTRACE_DELIVERY_WAIT="3"
    )
    broken = Running(command, ansible.directory, environ, ansible.directory / fault.replace(" ", "-")).finish()
    assert _same(broken) == _same(plain)
    ansible.wait_for_sidecar(60)
    (run,) = ansible.runs()
    why = "Not a directory" if fault == "not a directory" else "No space left on device"
    said = f"The page {pages / run['run_id']}.html cannot be written ({why})."
    assert said in (ansible.state_dir / "sidecar.log").read_text()
    assert said.replace(" ", "") in "".join(ansible.deploytrace("doctor").stdout.split())
    (trace,) = (ansible.state_dir / "traces").glob("*.jsonl")
    assert "greet" in trace.read_text()
    assert _pages(ansible) == []

    if fault == "not a directory":
        pages.unlink()
    flushed = ansible.deploytrace("flush")
    assert flushed.returncode == 0, flushed.output
    assert [page.name for page in _pages(ansible)] == [f"{run['run_id']}.html"]
