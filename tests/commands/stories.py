"""Runs told by hand, event by event, and written as journals: small, exact, and the same on every machine.

What Ansible really records is tested with recorded journals; these show one thing each, at round times.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploytrace import events as ev
from deploytrace.journal.format import encode, encode_header

__all__ = ["Story"]

_SECOND = 1_000_000_000
_START = 1_700_000_000 * _SECOND  # 2023-11-14 22:13:20 UTC


class Story:
    """A run as it is told; times are seconds since its start, and every call moves on to its own."""

    def __init__(self, run_id: str = "0123456789abcdef0123456789abcdef", **fields: Any) -> None:
        self.events: list[ev.Event] = []
        self.run_id = run_id
        self._play = self._task = self._execution = 0
        self._running: dict[tuple[int, str], int] = {}
        known: dict[str, Any] = {
            "wall_ns": _START,
            "mono_ns": 0,
            "boot_id": "another boot",  # so that nobody takes the run's process for a living one
            "pid": 1,
            "pid_started": 1,
            "command_id": "c" * 32,
            "sequence": 1,
            "previous": None,
            "front_end": "playbook",
            "playbook": "deploy.yml",
            "playbook_path": "/srv/deploy/deploy.yml",
            "ansible_version": "2.21.5",
            "python_version": "3.13.0",
            "deploytrace_version": "0.1.0",
            "user": "deploy",
            "host_name": "controller",
            "host_id": None,
        }
        self.events.append(ev.RunStarted(run_id=run_id, **{**known, **fields}))

    def play(self, t: float, name: str, hosts: tuple[str, ...], strategy: str = "linear", **fields: Any) -> None:
        """Begin a play."""
        self._play += 1
        uuid = fields.pop("uuid", f"play-{self._play}")
        self._add(ev.PlayStarted, t, play=self._play, uuid=uuid, name=name, hosts_pattern="all", strategy=strategy,
                  hosts=hosts, hosts_total=len(hosts), **fields)  # fmt: skip

    def task(self, t: float, name: str, action: str = "command", **fields: Any) -> int:
        """Define and announce a task; return its number."""
        self._task += 1
        self._add(ev.TaskDefined, t, task=self._task, play=self._play, uuid=f"task-{self._task}", name=name,
                  action=action, **fields)  # fmt: skip
        self._add(ev.TaskStarted, t, task=self._task)
        return self._task

    def start(self, t: float, host: str, task: int | None = None) -> int:
        """Start a task (the latest, unless told) on a host; return the execution's number."""
        self._execution += 1
        number = task or self._task
        self._running[number, host] = self._execution
        self._add(ev.HostStarted, t, execution=self._execution, task=number, host=host)
        return self._execution

    def end(
        self, t: float, host: str, status: str = "ok", task: int | None = None,
        detail: Mapping[str, Any] | None = None, **fields: Any,
    ) -> None:  # fmt: skip
        """End the worker of a task on a host and announce its result."""
        number = task or self._task
        execution = self._running.pop((number, host))
        self._add(ev.WorkerEnded, t, execution=execution, pid=1000 + execution)
        self._add(ev.HostFinished, t, execution=execution, task=number, host=host, status=status, detail=detail,
                  **fields)  # fmt: skip

    def item(self, t: float, host: str, label: str | None, status: str = "ok", **fields: Any) -> None:
        """End a loop item of the latest task on a host."""
        self._add(ev.ItemFinished, t, execution=self._running[self._task, host], status=status, label=label, **fields)

    def attempt(self, t: float, host: str, attempts: int, delay: float = 0.0) -> None:
        """Let a try of the latest task on a host fail."""
        self._add(ev.AttemptFailed, t, execution=self._running[self._task, host], attempts=attempts, delay=delay)

    def finish(self, t: float, stats: Mapping[str, Mapping[str, int]] | None = None, reason: str = "finished") -> None:
        """End the run."""
        self._add(ev.RunEnded, t, reason=reason, stats=stats or {})

    def lose(self, t: float) -> None:
        """Let Ansible's process disappear."""
        self._add(ev.RunLost, t)

    def signal(self, t: float, number: int) -> None:
        """Let Ansible's process receive a signal."""
        self._add(ev.Signalled, t, signal=number)

    def write(self, state_dir: Path) -> Path:
        """Write the journal where a state directory has it; return its path."""
        path = state_dir / "journals" / f"{self.run_id}.jsonl"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(encode_header(self.run_id) + b"".join(encode(event) for event in self.events))
        path.chmod(0o600)
        return path

    def _add(self, cls: type[Any], t: float, **fields: Any) -> None:
        self.events.append(cls(t=round(t * _SECOND), **fields))
