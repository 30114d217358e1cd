"""Whatever is wrong with the state directory: one warning that names it, and the deploy as if nobody watched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from deploytrace.journal.reader import read_events
from ground.ansible import TELEMETRY, Ansible, Result, Running

_WORK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: say
      ansible.builtin.debug:
        msg: hello
    - name: wait
      ansible.builtin.raw: {waiting}
    - name: say again
      ansible.builtin.debug:
        msg: hello again
"""
_MANY = """
    - name: say it often
      ansible.builtin.debug:
        msg: "{{ item }}"
      loop: "{{ range(100) | list }}"
"""
_AT_ONCE = _WORK.format(waiting="sleep 0")
_RECAP = "failed=0"


def _ours(result: Result) -> list[str]:
    """The lines on standard error in which deploytrace warns, unwrapped."""
    text = " ".join(result.stderr.split())
    return [part for part in text.split("[WARNING]: ")[1:] if "deploytrace" in part.lower()]


def _check(result: Result, *words: str) -> None:
    assert result.returncode == 0, result.output
    assert result.stdout.count(_RECAP) == 3, result.output
    warnings = _ours(result)
    assert len(warnings) == 1, result.output
    squeezed = warnings[0].replace(" ", "")  # Ansible breaks lines within long words
    for word in words:
        assert word.replace(" ", "") in squeezed, warnings
    assert "Traceback" not in result.output


@pytest.mark.parametrize("fault", ["not writable", "not a directory", "no home"])
def test_a_state_directory_that_cannot_be_used(ansible: Ansible, tmp_path: Path, fault: str) -> None:
    """``/proc`` takes no directories, not even from root."""
    file = tmp_path / "a-file"
    file.write_text("in the way")
    environ: dict[str, str | None] = {
        "not writable": {"DEPLOYTRACE_STATE_DIR": "/proc/deploytrace"},
        "not a directory": {"DEPLOYTRACE_STATE_DIR": str(file)},
        "no home": {"DEPLOYTRACE_STATE_DIR": None, "HOME": "/proc/nobody", "ANSIBLE_HOME": str(tmp_path / "ansible")},
    }[fault]
    result = ansible.run(_AT_ONCE, env_vars=environ)
    named = {"not writable": "/proc/deploytrace", "not a directory": str(file), "no home": "/proc/nobody"}[fault]
    _check(result, named)
    assert file.read_text() == "in the way"


def test_a_full_disk(each_ansible: Ansible) -> None:
    """A file system of 16 KiB for the state directory, in a mount namespace of the run's own."""
    each_ansible.state_dir.mkdir()
    playbook = each_ansible.write("site.yml", _AT_ONCE + _MANY)
    inventory = each_ansible.local_inventory("h1", "h2", "h3")
    mount = f'mount -t tmpfs -o size=16k none "{each_ansible.state_dir}" && exec "$0" "$@"'
    apart = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    program = str(each_ansible.environment.program("ansible-playbook"))
    command = [*apart, "sh", "-c", mount, program, "-i", str(inventory), str(playbook)]
    environ = each_ansible.environ(ANSIBLE_CALLBACKS_ENABLED=TELEMETRY)
    result = Running(command, each_ansible.directory, environ, each_ansible.directory / "full").finish()
    _check(result, str(each_ansible.state_dir), "No space left")


def test_a_journal_deleted_under_way(ansible: Ansible) -> None:
    go_on = ansible.directory / "go-on"
    running = ansible.start(_WORK.format(waiting=f"until test -e {go_on}; do sleep 0.1; done"))
    journals, traces = ansible.state_dir / "journals", ansible.state_dir / "traces"
    running.wait_until(lambda: any(traces.glob("*.jsonl")))
    for path in journals.glob("*.jsonl"):
        path.unlink()
    go_on.touch()
    result = running.finish()
    _check(result, str(journals), "deleted")
    ansible.wait_for_sidecar()
    (trace,) = traces.glob("*.jsonl")
    assert "task say again" in trace.read_text(), "what was recorded after the deletion is delivered all the same"


def test_a_mistyped_setting(ansible: Ansible) -> None:
    result = ansible.run(_AT_ONCE, env_vars={"DEPLOYTRACE_TRACE_ULR": "http://x/{trace_id}"})
    _check(result, "DEPLOYTRACE_TRACE_ULR", "trace_url")


def test_a_setting_with_an_unusable_value(ansible: Ansible) -> None:
    result = ansible.run(_AT_ONCE, env_vars={"DEPLOYTRACE_EXIT_WAIT": "soon"})
    _check(result, "DEPLOYTRACE_EXIT_WAIT", "'soon'")
    (journal,) = (ansible.state_dir / "journals").glob("*.jsonl")
    assert list(read_events(journal)), "the run is recorded all the same"


def test_leftovers_of_any_content_hold_up_nothing(ansible: Ansible) -> None:
    journals = ansible.state_dir / "journals"
    journals.mkdir(parents=True)
    os.mkfifo(journals / f"{'a' * 32}.jsonl")
    (journals / f"{'b' * 32}.jsonl").mkdir()
    (journals / f"{'c' * 32}.jsonl").write_bytes(os.urandom(200_000))
    (journals / f"{'d' * 32}.jsonl").symlink_to("/dev/zero")
    (journals / f"{'e' * 32}.jsonl").write_text("")
    (journals / f"{'f' * 32}.cursor.json").write_text("{")
    os.mkfifo(ansible.state_dir / "sidecar.log")
    result = ansible.run(_AT_ONCE)
    assert result.returncode == 0, result.output
    assert _ours(result) == []
    ansible.wait_for_sidecar()
    assert len(list((ansible.state_dir / "traces").glob("*.jsonl"))) == 1
    assert ansible.deploytrace("runs").returncode == 0
    shutil.rmtree(ansible.state_dir)
