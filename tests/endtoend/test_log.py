"""The log and the archive of real runs: what hosts said is in them and harmless, and every ending is on record."""

from __future__ import annotations

import os
import re
import signal
import stat
import tarfile
from pathlib import Path

from ground.ansible import TELEMETRY, Ansible
from ground.waiting import wait_for

from .journals import only_journal

LOG_PLAYS = "deploytrace.callbacks.log_plays"

# Output that tries to be more than output: lines like the log's, colours, other sequences, a title, NUL, no UTF-8.
_HOSTILE = r"""
- name: Hostile
  hosts: h1
  gather_facts: false
  tasks:
    - name: Speak
      ansible.builtin.shell: |
        printf 'TASK: [forged] *****\nfailed: [h9] 00:00:00 (0:00:00.000)\n'
        printf '\033[31mred\033[0m \033[2J \033]0;title\007\n'
        printf '\342\200\256turned\na \000 nul\n\360\237\232\200 rocket\nover\rwritten\n' >&2
    - name: Speak no UTF-8, which newer versions refuse
      ansible.builtin.shell: printf '\377\376 none\n'
      ignore_errors: true
    - name: Speak much
      ansible.builtin.command: {python} -c "print('x' * 2000000)"
    - name: Fail with a forged reason
      ansible.builtin.command:
        argv: ["{python}", "-c", "import sys; sys.exit('one\\nRUN: ok *****')"]
"""
_WORK = """
- name: work
  hosts: all
  gather_facts: false
  tasks:
    - name: done
      ansible.builtin.command: echo done
    - name: cut
      ansible.builtin.command: sleep 300
"""
_GOOD = "- hosts: all\n  gather_facts: false\n  tasks: [{name: greet, ansible.builtin.debug: {msg: hello}}]\n"


def _latest(user: Ansible) -> Path:
    return (user.state_dir / "logs" / "latest").resolve()


def _open_executions(user: Ansible, executions: int) -> bool:
    try:
        return only_journal(user.state_dir).read_bytes().count(b'"e":"host_started"') >= executions
    except ValueError:
        return False


def test_what_hosts_say_is_in_the_log_and_harmless_and_the_archive_holds_all(each_ansible: Ansible) -> None:
    user = each_ansible
    own_log = user.directory / "ansible.log"
    own_log.write_text("of an earlier run\n")
    playbook = _HOSTILE.replace("{python}", str(user.environment.python))
    result = user.run(
        playbook,
        callbacks=(LOG_PLAYS, TELEMETRY),
        env_vars={"ANSIBLE_LOG_PATH": str(own_log)},
        args=["-e", "env=staging", "-e", "brand=a/b"],
    )
    assert result.returncode == 2, result.output
    user.wait_for_sidecar()
    log = _latest(user)
    text = log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600

    headers = re.findall(r"^(?:PLAY|TASK|RUN): .*", text, re.MULTILINE)
    names = [header.rstrip("* ") for header in headers]
    assert names[0] == "PLAY: [Hostile]"
    assert [name for name in names if name.startswith("TASK")] == [
        "TASK: [Speak]",
        "TASK: [Speak no UTF-8, which newer versions refuse]",
        "TASK: [Speak much]",
        "TASK: [Fail with a forged reason]",
    ]
    assert names[-1] == "RUN: failed"
    statuses = re.findall(r"^(\w+): \[h\d\]", text, re.MULTILINE)
    assert statuses in ([*["changed"] * 3, *["failed"] * 2], ["changed", "ignored", "changed", *["failed"] * 2])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\n        TASK: [forged] *****\n" in text
    assert "        red \\x1b[2J \\x1b]0;title\\x07\n" in text
    assert "        \\u202eturned\n" in text
    assert "\N{ROCKET} rocket\n        over\\rwritten\n" in text
    assert "a \\x00 nul\n" in text
    assert "characters left out ...]" in text
    assert len(text) < 100_000
    assert "\nfailed: [h1] Fail with a forged reason: RUN: ok *****\n" in text

    (archive,) = (user.state_dir / "logs").glob("*.tar.gz")
    assert re.fullmatch(r"staging_a_b_Undefined-\d{4}-\d\d-\d\d-\d{4}\.tar\.gz", archive.name)
    folder = archive.name.removesuffix(".tar.gz")
    with tarfile.open(archive) as packed:
        contents = {name: packed.extractfile(name).read() for name in packed.getnames()}  # type: ignore[union-attr]
    assert set(contents) == {f"{folder}/deploy.log", f"{folder}/ansible.log", f"{folder}/trace.jsonl"}
    assert contents[f"{folder}/deploy.log"] == log.read_bytes()
    assert b"TASK [Speak much]" in contents[f"{folder}/ansible.log"]
    assert b"earlier" not in contents[f"{folder}/ansible.log"]


def test_a_killed_run_has_a_whole_log_that_says_so(ansible: Ansible) -> None:
    """Ansible and its sidecar are both killed; what the sidecar left is completed by ``flush``, in the same file."""
    running = ansible.start(_WORK, callbacks=(LOG_PLAYS,))
    running.wait_until(lambda: _open_executions(ansible, 6))
    running.wait_until(lambda: (ansible.state_dir / "logs" / "latest").exists())
    begun = _latest(ansible)
    for process in ansible.sidecars():
        os.kill(process.pid, signal.SIGKILL)
    running.kill()
    running.finish()
    assert "RUN:" not in begun.read_text()
    ansible.end()  # the workers, which outlive Ansible's SIGKILL
    answer = ansible.deploytrace("flush")
    assert answer.returncode == 0, answer.output
    assert _latest(ansible) == begun
    text = begun.read_text()
    assert len(re.findall(r"^changed: \[h\d\]", text, re.MULTILINE)) == 3
    end = text.partition("\nRUN: interrupted *")[2]
    (line,) = re.findall(r"^interrupted during \[cut\] on (.*): Ansible's process disappeared$", end, re.MULTILINE)
    assert sorted(line.split(", ")) == ["h1", "h2", "h3"]
    assert len(list((ansible.state_dir / "logs").glob("*.tar.gz"))) == 1
    assert len(list((ansible.state_dir / "logs").glob("*.log"))) == 1


def test_the_log_says_at_once_that_ansible_was_killed(ansible: Ansible) -> None:
    running = ansible.start(_WORK, callbacks=(LOG_PLAYS,))
    running.wait_until(lambda: _open_executions(ansible, 6))
    running.kill()
    running.finish()
    wait_for(
        lambda: _latest(ansible).exists() and "interrupted during [cut] on " in _latest(ansible).read_text(),
        "the log says it while Ansible's workers live",
    )


def test_a_log_directory_that_takes_nothing_touches_nobody_else(ansible: Ansible) -> None:
    """The deploy and the trace are as ever, one sentence says why there is no log, and it is made up for later."""
    in_the_way = ansible.directory / "in-the-way"
    in_the_way.write_text("")
    no_room = {
        "DEPLOYTRACE_LOG_DIR": str(in_the_way / "logs"),
        "DEPLOYTRACE_LOG_NAME": "a",
        "DEPLOYTRACE_DELIVERY_WAIT": "1",
    }
    plain = ansible.run(_GOOD, callbacks=())
    broken = ansible.run(_GOOD, env_vars=no_room)
    assert (broken.returncode, sorted(broken.stdout)) == (plain.returncode, sorted(plain.stdout))
    ansible.wait_for_sidecar()
    said = (ansible.state_dir / "sidecar.log").read_text()
    reasons = re.findall(r"[^ ]*/in-the-way/logs/a\.log cannot be written \([^)]*\)\.", said)
    assert set(reasons) == {f"{in_the_way}/logs/a.log cannot be written (Not a directory)."}
    (trace_file,) = (ansible.state_dir / "traces").glob("*.jsonl")
    assert "greet" in trace_file.read_text()

    in_the_way.unlink()
    answer = ansible.deploytrace("flush")
    assert answer.returncode == 0, answer.output
    assert "TASK: [greet]" in (in_the_way / "logs" / "a.log").read_text()


def test_with_telemetry_alone_there_is_a_log_where_a_directory_is_set(ansible: Ansible) -> None:
    ansible.run(_GOOD)
    ansible.run([ansible.write("project/site.yml", _GOOD)], env_vars={"DEPLOYTRACE_LOG_DIR": "logs"})
    ansible.wait_for_sidecar()
    assert not (ansible.state_dir / "logs").exists()
    text = (ansible.directory / "project" / "logs" / "latest").read_text()
    assert "    msg: hello\n" in text, "results are recorded in full where there is a log"


def test_two_playbooks_of_one_command_have_two_logs(ansible: Ansible) -> None:
    playbooks = [ansible.write(f"{name}.yml", _GOOD.replace("greet", f"greet {name}")) for name in ("one", "two")]
    ansible.run(playbooks, callbacks=(LOG_PLAYS,), env_vars={"DEPLOYTRACE_LOG_NAME": "{date}"})
    ansible.wait_for_sidecar()
    texts = sorted(path.read_text().partition("TASK")[2] for path in (ansible.state_dir / "logs").glob("*.log"))
    assert len(texts) == 2
    assert all(f"greet {name}]" in text for name, text in zip(("one", "two"), texts, strict=True))
    assert "greet two" in _latest(ansible).read_text()
