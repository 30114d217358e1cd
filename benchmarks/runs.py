"""Whole runs of ansible-playbook and what each took of the clock; what processes took of CPU and memory."""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import Contestant
from benchmarks.setting import INSIDE, Setting
from ground.ansible import Ansible

__all__ = ["Run", "cpu_of_ended", "peak_memory", "whole_run"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_S = 300


@dataclass(frozen=True)
class Run:
    """What one run took, in seconds."""

    wall: float
    end: float
    """From the moment the statistics are due until the main process has ended."""


def whole_run(setting: Setting, ansible: Ansible, contestant: Contestant, playbook: str, *, hosts: int) -> Run:
    """Run a playbook of ``inside/`` on that many local hosts, ten at a time; RuntimeError where it fails."""
    running = ansible.start(
        INSIDE / playbook,
        inventory=ansible.local_inventory(*(f"host{number:03d}" for number in range(1, hosts + 1))),
        callbacks=[contestant.callback] if contestant.callback else [],
        env_vars={
            **setting.environ(contestant),
            "ANSIBLE_CALLBACK_PLUGINS": str(INSIDE / "callbacks"),
            "ANSIBLE_STDOUT_CALLBACK": "quiet",
        },
        args=["--forks", "10"],
    )
    began = time.monotonic_ns()
    watchdog = threading.Timer(_PATIENCE_S, running.kill)
    watchdog.start()
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    ended = time.monotonic_ns()
    watchdog.cancel()
    result = running.finish()
    due = re.search(r"statistics at (\d+)", result.stdout)
    if result.returncode or due is None:
        raise RuntimeError(f"a run with {contestant.title} failed: {result.output}")
    return Run((ended - began) / 1e9, (ended - int(due[1])) / 1e9)


def cpu_of_ended(pid: int) -> float:
    """Return the CPU seconds of a process that has ended and not been reaped, without its children's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_memory(pid: int) -> int:
    """Return the most resident memory that a process has had, in bytes; 0 where it has ended."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0
