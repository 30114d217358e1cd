"""Whole runs of ansible-playbook, and what each took: of the clock, at its end, and of its main process's CPU."""

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
    cpu: float
    """Of the main process alone, without its children."""
    faults: int
    """Page faults of the main process alone: pages that it touches for the first time after a fork, mostly."""


def whole_run(
    setting: Setting, ansible: Ansible, contestant: Contestant, playbook: str, *, hosts: int, output: str = "quiet"
) -> Run:
    """Run a playbook of ``inside/`` on that many local hosts, ten at a time; RuntimeError where it fails.

    ``output`` is Ansible's output: ``quiet``, or ``shown`` as users see it.
    """
    running = ansible.start(
        INSIDE / playbook,
        inventory=ansible.local_inventory(*(f"host{number:03d}" for number in range(1, hosts + 1))),
        callbacks=[contestant.callback] if contestant.callback else [],
        env_vars={
            **setting.environ(contestant),
            "ANSIBLE_CALLBACK_PLUGINS": str(INSIDE / "callbacks"),
            "ANSIBLE_STDOUT_CALLBACK": output,
        },
        args=["--forks", "10"],
    )
    began = time.monotonic_ns()
    watchdog = threading.Timer(_PATIENCE_S, running.kill)
    watchdog.start()
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    ended = time.monotonic_ns()
    watchdog.cancel()
    cpu = cpu_of_ended(running.pid)
    faults = int(_stat(running.pid)[7])
    result = running.finish()
    due = re.search(r"statistics at (\d+)", result.stdout)
    if result.returncode or due is None:
        raise RuntimeError(f"a run with {contestant.title} failed: {result.output}")
    return Run((ended - began) / 1e9, (ended - int(due[1])) / 1e9, cpu, faults)


def cpu_of_ended(pid: int) -> float:
    """Return the CPU seconds of a process that has ended and not been reaped, without its children's."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _stat(pid: int) -> list[str]:
    """Return what proc_pid_stat(5) tells of a process, from its state on; counts are without its children's."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def peak_memory(pid: int) -> int:
    """Return the most resident memory that a process has had, in bytes; 0 where it has ended."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0
