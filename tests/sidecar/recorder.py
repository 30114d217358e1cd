"""A process that records a run as Ansible's does, but whose run the test chooses: its size, its pace and its end.

    python recorder.py STATE_DIR '{"tasks": 5, "pause": 0.1, "end": "finished", "orphan": false, "sidecar": true}'

It starts the real sidecar, writes the journal through the real writer, and says ``{"run_id", "sidecar"}`` in a line on
standard output, then ``recorded`` when all is written. ``end``: ``finished`` (RunEnded, then a wait for the sidecar as
Ansible's process waits, whose seconds it says), ``told`` (the same, once there is a line on standard input) or ``hang``
(in the middle of a task it stays until it is killed).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from deploytrace import events as ev
from deploytrace import settings
from deploytrace.capture import launch
from deploytrace.identity import new_run_id
from deploytrace.journal.directory import Directory
from deploytrace.journal.format import encode
from deploytrace.journal.owner import boot_id, start_ticks
from deploytrace.journal.writer import Writer

__all__ = ["HOSTS", "run_started", "spans_of"]

HOSTS = ("h1", "h2", "h3")


def spans_of(tasks: int) -> int:
    """Return how many nodes a run of so many tasks has: run, play, tasks, host results."""
    return 2 + tasks * (1 + len(HOSTS))


def run_started(run_id: str, **changes: Any) -> ev.RunStarted:
    """Return the first event of a run that this process records."""
    fields: dict[str, Any] = {
        "run_id": run_id,
        "wall_ns": time.time_ns(),
        "mono_ns": time.monotonic_ns(),
        "boot_id": boot_id(),
        "pid": os.getpid(),
        "pid_started": start_ticks(os.getpid()) or 0,
        "command_id": run_id,
        "sequence": 1,
        "previous": None,
        "front_end": "playbook",
        "playbook": "site.yml",
        "playbook_path": "/p/site.yml",
        "ansible_version": "2.21.5",
        "python_version": "3.13.0",
        "deploytrace_version": "0",
        "user": "u",
        "host_name": "c",
        "host_id": None,
    }
    return ev.RunStarted(**fields | changes)


class _Run:
    def __init__(self, directory: Directory) -> None:
        self.run_id = new_run_id()
        endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        self._started = run_started(self.run_id, endpoint=endpoint)
        self.writer = Writer(directory.journals, self.run_id)
        self.writer.write(encode(self._started))

    def now(self) -> int:
        return time.monotonic_ns() - self._started.mono_ns

    def add(self, *events: ev.Event) -> None:
        for event in events:
            self.writer.write(encode(event))

    def record(self, tasks: int, pause: float) -> None:
        self.add(ev.PlayStarted(self.now(), 1, "p", "web", "all", "linear", hosts=HOSTS, hosts_total=len(HOSTS)))
        execution = 0
        for task in range(1, tasks + 1):
            self.add(ev.TaskDefined(self.now(), task, 1, f"u{task}", f"task {task}", "command"))
            self.add(ev.TaskStarted(self.now(), task))
            first = execution + 1
            for host in HOSTS:
                execution += 1
                self.add(ev.HostStarted(self.now(), execution, task, host))
            time.sleep(pause)
            for number, host in enumerate(HOSTS, first):
                self.add(ev.WorkerEnded(self.now(), number, os.getpid()))
                self.add(ev.HostFinished(self.now(), task, host, "changed"))


def _leave_orphan(run: _Run, last_word: Path) -> None:
    """Fork a child that keeps every descriptor, and writes to the journal only once there is a file ``last_word``."""
    if os.fork() == 0:
        while not last_word.exists():
            time.sleep(0.05)
        run.add(ev.WorkerEnded(run.now(), 1, os.getpid()))
        os._exit(0)


def main() -> None:
    """Record the run that the arguments describe."""
    directory, plan = Directory(Path(sys.argv[1])), json.loads(sys.argv[2])
    directory.create()
    run = _Run(directory)
    loaded, _ = settings.load(os.environ, None)
    sidecar = launch.launch(run.writer.path, directory.root, loaded, 79) if plan.get("sidecar", True) else None
    print(json.dumps({"run_id": run.run_id, "sidecar": sidecar.pid if sidecar else None}), flush=True)
    run.record(plan["tasks"], plan.get("pause", 0.0))
    if plan.get("orphan"):
        _leave_orphan(run, directory.root / "last-word")
    if plan["end"] == "hang":
        run.add(ev.TaskDefined(run.now(), plan["tasks"] + 1, 1, "open", "open", "command"))
        run.add(ev.TaskStarted(run.now(), plan["tasks"] + 1), ev.HostStarted(run.now(), 10**6, plan["tasks"] + 1, "h1"))
        print("recorded", flush=True)
        time.sleep(300)
    if plan["end"] == "told":
        print("recorded", flush=True)
        sys.stdin.readline()
    run.add(ev.RunEnded(run.now(), "finished", {host: {"ok": plan["tasks"]} for host in HOSTS}))
    if plan["end"] == "finished":
        print("recorded", flush=True)
    if sidecar is not None:
        before = time.monotonic()
        launch.wait([sidecar], loaded.exit_wait)
        print(time.monotonic() - before, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
