"""Whole runs of ansible-playbook that account for what their callbacks take, while they fork as runs do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contestants import Contestant
from benchmarks.setting import INSIDE, NEWEST_STABLE, Setting

__all__ = ["Account", "Hook", "accounted_run"]

_PATIENCE_S = 300


@dataclass(frozen=True)
class Hook:
    """What one hook took in a run, all its calls together: CPU ns and page faults of the main thread."""

    calls: int
    cpu: int
    faults: int


@dataclass(frozen=True)
class Account:
    """What one run took: CPU in ns; of the main process where nothing else is said."""

    loading: int
    """From before the callbacks are loaded until they have been told of the playbook."""
    hooks: Mapping[str, Hook]
    """By name, what came between: Ansible's dispatch of each to its callbacks and the callbacks, without its output."""
    end: int
    """Telling the callbacks of the statistics, and what is done at the process's exit."""
    cpu: int
    """The whole process."""
    faults: int
    """Its page faults: pages that it touches for the first time after a fork, mostly."""
    workers: int
    """CPU of all its workers."""


def accounted_run(
    setting: Setting,
    contestant: Contestant,
    playbook: str,
    *,
    hosts: int,
    hooks: Sequence[str] = (),
    version: str = NEWEST_STABLE,
) -> Account:
    """Run a playbook of ``inside/`` on that many local hosts, ten at a time, with Ansible's own output.

    ``hooks`` are those that the empty callback is to override. RuntimeError where the run fails.
    """
    with setting.ansible(version) as ansible:
        file = ansible.directory / "account.json"
        inventory = ansible.local_inventory(*(f"host{number:03d}" for number in range(1, hosts + 1)))
        arguments = ["-i", inventory, "--forks", "10", INSIDE / playbook]
        environ = {
            **setting.environ(contestant),
            "ANSIBLE_CALLBACK_PLUGINS": str(INSIDE / "callbacks"),
            "BENCHMARK_HOOKS": " ".join(hooks),
        }
        running = ansible.start_program("python", INSIDE / "account.py", file, *arguments, env_vars=environ, cwd=INSIDE)
        result = running.finish(_PATIENCE_S)
        if result.returncode or not file.exists():
            raise RuntimeError(f"a run with {contestant.title} failed: {result.output}")
        found = json.loads(file.read_text(encoding="utf-8"))
    return Account(**{**found, "hooks": {name: Hook(*counted) for name, counted in found["hooks"].items()}})
