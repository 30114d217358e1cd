"""Wherever Ansible loads callbacks, however many of them, from wherever they come: one recorder, true runs."""

from __future__ import annotations

from pathlib import Path

from deploytrace.events import HostFinished, RunEnded, RunStarted, TaskDefined
from endtoend.journals import events_of, journals, only_journal, started_of
from ground.ansible import TELEMETRY, Ansible

ROOT = Path(__file__).parents[2]
SMALL = "- hosts: all\n  gather_facts: false\n  tasks: [{name: Say, ansible.builtin.debug: {msg: x}}]\n"
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": TELEMETRY, "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"}


def test_ad_hoc(each_ansible: Ansible) -> None:
    inventory = each_ansible.local_inventory("h1")
    words = ["-i", inventory, "all", "-m", "ansible.builtin.debug", "-a", "msg=x api_token=Tweety77"]
    result = each_ansible.start_program("ansible", *words, env_vars=ENABLED).finish()
    journal = only_journal(each_ansible.state_dir)
    assert started_of(journal).front_end == "adhoc"
    assert [event.action for event in events_of(journal) if isinstance(event, TaskDefined)] == ["ansible.builtin.debug"]
    assert [event.reason for event in events_of(journal) if isinstance(event, RunEnded)] == ["finished"]
    assert b"Tweety77" not in journal.read_bytes()
    assert "deploytrace: trace" in result.stderr


def test_console(each_ansible: Ansible) -> None:
    """Every command builds new callback objects, and there is neither a playbook's start nor statistics."""
    inventory = each_ansible.local_inventory("h1", "h2")
    commands = each_ansible.write("commands", "debug msg=one\ndebug msg=two\nexit\n")
    program = each_ansible.environment.program("ansible-console")
    fed = "import os, sys; os.dup2(os.open(sys.argv[1], os.O_RDONLY), 0); os.execv(sys.argv[2], sys.argv[2:])"
    words = ["-c", fed, commands, program, "-i", inventory, "all"]
    each_ansible.start_program("python", *words, env_vars=ENABLED).finish()
    each_ansible.wait_for_sidecar()
    recorded = journals(each_ansible.state_dir)
    assert [started_of(path).front_end for path in recorded] == ["console", "console"]
    for path in recorded:
        events = events_of(path)
        assert [event.status for event in events if isinstance(event, HostFinished)] == ["ok", "ok"]
        assert [event.reason for event in events if isinstance(event, RunEnded)] == ["finished"]


def test_two_names_of_one_callback_are_one_recorder(each_ansible: Ansible) -> None:
    """The installed collection and a checkout's file, both enabled: each thing that happens is recorded once."""
    both = {"ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "callback_plugins")}
    result = each_ansible.run(SMALL, callbacks=["telemetry", TELEMETRY], env_vars=both)
    assert result.returncode == 0, result.output
    assert result.stderr.count("deploytrace: trace") == 1
    finished = [event for event in events_of(only_journal(each_ansible.state_dir)) if isinstance(event, HostFinished)]
    assert sorted(event.host for event in finished) == ["h1", "h2", "h3"]


def test_a_checkout_works_without_being_installed(each_ansible: Ansible) -> None:
    """The base environment has ansible-core and no deploytrace; the callback finds its package beside it."""
    program = each_ansible.environment.program("ansible-playbook")
    playbook, inventory = each_ansible.write("site.yml", SMALL), each_ansible.local_inventory("h1")
    hidden = "import sys; sys.path[:] = [p for p in sys.path if 'installed' not in p]; sys.argv = sys.argv[1:]; "
    hidden += "import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    environ = {"ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "callback_plugins"), "ANSIBLE_CALLBACKS_ENABLED": "telemetry"}
    words = ["-c", hidden, program, "-i", inventory, playbook]
    result = each_ansible.start_program("python", *words, env_vars=environ).finish()
    assert result.returncode == 0, result.output
    assert isinstance(events_of(only_journal(each_ansible.state_dir))[0], RunStarted)


def test_the_documentation_is_ansible_doc_s(each_ansible: Ansible) -> None:
    result = each_ansible.start_program("ansible-doc", "-t", "callback", "--json", TELEMETRY).finish()
    assert result.returncode == 0, result.output
    assert '"DEPLOYTRACE_STATE_DIR"' in result.stdout
