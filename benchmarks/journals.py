"""Writes the journal of a long run, event for event as Ansible's process would."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deploytrace.capture import lines
from deploytrace.events import HostFinished, HostSeen, PlayStarted, RunEnded, RunStarted, TaskDefined
from deploytrace.journal.format import encode, encode_header

__all__ = ["write_journal"]

_FORKS = 50
_START_NS = 2_000_000  # from one fork to the next
_WORK_NS = 400_000_000
_MESSAGE = "the service did not come up within 30 seconds"


def write_journal(directory: Path, *, tasks: int, hosts: int) -> Path:
    """Write a finished run of that many tasks on that many hosts, three events for each host result; return its path.

    One result in ten is changed, one in a thousand failed and ignored; each took half a second, 50 at a time.
    """
    chance = random.Random(tasks * hosts)
    run_id = f"{chance.getrandbits(128):032x}"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{run_id}.jsonl"
    names = [f"host{number:04d}.example.org" for number in range(hosts)]
    path.touch(0o600)
    with path.open("wb") as journal:
        journal.write(encode_header(run_id))
        journal.write(encode(_started(run_id)))
        play = PlayStarted(1, 1, "play", "fleet", "all", "linear", hosts=tuple(names), hosts_total=hosts)
        journal.write(encode(play))
        journal.writelines(encode(HostSeen(2, name, name, 22, "ssh")) for name in names)
        now = 1000
        for task in range(1, tasks + 1):
            name, action = f"step {task}", "ansible.builtin.command"
            journal.write(encode(TaskDefined(now, task, 1, f"task-{task}", name, action, path="site.yml", line=task)))
            journal.write(lines.task_started(now, task))
            for first in range(0, hosts, _FORKS):
                execution = (task - 1) * hosts + first
                now = _batch(journal.write, chance, now, execution, task, names[first : first + _FORKS])
        stats = {name: {"ok": tasks} for name in names}
        journal.write(encode(RunEnded(now, "finished", stats)))
    return path


def _batch(
    write: Callable[[bytes], object], chance: random.Random, now: int, execution: int, task: int, hosts: Sequence[str]
) -> int:
    """Write the events of as many hosts as there are forks; return the time at their end."""
    numbered = list(enumerate(hosts, execution + 1))
    for number, host in numbered:
        now += _START_NS
        write(lines.host_started(now, number, task, host))
    now += _WORK_NS
    chance.shuffle(numbered)
    for number, host in numbered:
        now += _START_NS
        write(lines.worker_ended(now - _START_NS // 2, number, 1000 + number % 30000))
        if chance.random() < 0.001:
            detail = {"msg": _MESSAGE, "rc": 1, "reason": _MESSAGE}
            write(encode(HostFinished(now, task, host, "failed", ignored=True, detail=detail)))
        else:
            status = "changed" if chance.random() < 0.1 else "ok"
            write(lines.host_finished(now, task, host, status))
    return now


def _started(run_id: str) -> RunStarted:
    return RunStarted(
        run_id=run_id,
        wall_ns=time.time_ns(),
        mono_ns=time.monotonic_ns(),
        boot_id="",
        pid=os.getpid(),
        pid_started=0,
        command_id=run_id,
        sequence=1,
        previous=None,
        front_end="playbook",
        playbook="site.yml",
        playbook_path="/srv/site.yml",
        ansible_version="2.21.0",
        python_version="3.13.0",
        deploytrace_version="0.1.0",
        user="deploy",
        host_name="controller",
        host_id=None,
        forks=_FORKS,
    )
