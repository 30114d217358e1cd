"""Runs inside Ansible: ``drive.py CONTROL ansible-playbook's arguments``, a real run that can be asked to do it again.

Everything that Ansible sends to its callbacks passes through here. When the run's statistics are about to be shown, the
driver holds the run up and answers requests over the socket CONTROL (a descriptor; JSON lines): it sends the events of
a task that really ran again, as a new task on every host of the inventory, through Ansible's own dispatch, and says
what CPU time that took. Ansible's versions, whatever their objects look like inside, so measure themselves.

Requests: ``{"do": "dispatch", "task": NAME, "tasks": N}``, ``{"do": "fork", "times": N}``, ``{"do": "memory"}`` and
``{"do": "finish"}``, which shows the statistics. Answers are in ns of CPU and in bytes. It ends by being killed.
"""

from __future__ import annotations

import copy
import dataclasses
import gc
import json
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import Any

from ansible.cli.playbook import main
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.inventory.host import Host
from ansible.playbook.task import Task
from ansible.plugins.callback import CallbackBase
from ansible.utils.multiprocessing import context as multiprocessing

Sent = tuple[str, tuple[Any, ...], dict[str, Any]]

_send_callback = TaskQueueManager.send_callback
_load_callbacks = TaskQueueManager.load_callbacks


def resident() -> int:
    """Return this process's resident memory."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def children_cpu() -> int:
    """Return the CPU time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((usage.ru_utime + usage.ru_stime) * 1e9)


def _threads() -> None:
    sys.exit(len(list(Path("/proc/self/task").iterdir())))


class WorkerProcess(multiprocessing.Process):  # type: ignore[misc]
    """A fork like Ansible's workers, by name too, with nothing to do but count its threads."""


class Drive:
    """One run, what it has sent, and the requests about it."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control.makefile("rw")
        self.loading: dict[str, Any] = {}
        self.sent: dict[str, list[Sent]] = {}
        self.statistics: tuple[Any, ...] = ()
        self.tasks = 0

    def load_callbacks(self, tqm: Any) -> None:
        """Load the callbacks and note what that takes."""
        if not self.loading:
            with self._noted():
                _load_callbacks(tqm)
        else:
            _load_callbacks(tqm)

    def send(self, tqm: Any, method: str, *args: Any, **kwargs: Any) -> None:
        """Pass an event on to Ansible's own dispatch, and keep it if it belongs to a task's first host."""
        if method == "v2_playbook_on_start":
            with self._noted():
                _send_callback(tqm, method, *args, **kwargs)
            return
        if method == "v2_playbook_on_stats":
            self.statistics = (method, *args)
            self.serve(tqm)
        task = next((found for arg in args if (found := _part(arg, Task)) is not None), None)
        if task is not None:
            self.sent.setdefault(str(task.name), []).append((method, args, kwargs))
        _send_callback(tqm, method, *args, **kwargs)

    def serve(self, tqm: Any) -> None:
        """Answer requests for as long as somebody asks."""
        self._say({**self.loading, "hooks": _hooks(tqm._callback_plugins[-1]) if tqm._callback_plugins else []})
        for line in self.control:
            request = json.loads(line)
            match request["do"]:
                case "dispatch":
                    self._say({"cpu": sum(self._dispatch(tqm, request["task"]) for _ in range(request["tasks"]))})
                case "fork":
                    self._say(self._fork(tqm, request["times"]))
                case "memory":
                    gc.collect()
                    self._say({"memory": resident()})
                case "finish":
                    began = time.process_time_ns()
                    _send_callback(tqm, *self.statistics)
                    self._say({"cpu": time.process_time_ns() - began})

    def _dispatch(self, tqm: Any, name: str) -> int:
        events = self._anew(name, _all_hosts(tqm))
        began = time.thread_time_ns()
        for method, args, kwargs in events:
            _send_callback(tqm, method, *args, **kwargs)
        return time.thread_time_ns() - began

    def _fork(self, tqm: Any, times: int) -> dict[str, Any]:
        parent = child = threads = 0
        host = _all_hosts(tqm)[0]
        announced, started, *_, finished = self._anew("ok", [host])
        _send_callback(tqm, announced[0], *announced[1], **announced[2])
        for _ in range(times):
            _send_callback(tqm, started[0], *started[1], **started[2])
            worker = WorkerProcess(target=_threads)
            worker._host = host  # as Ansible's worker has it
            before = time.thread_time_ns(), children_cpu()
            worker.start()
            worker.join()
            parent += time.thread_time_ns() - before[0]
            child += children_cpu() - before[1]
            threads = max(threads, worker.exitcode)
            _send_callback(tqm, finished[0], *finished[1], **finished[2])
        return {"parent": parent, "child": child, "threads": threads}

    def _anew(self, name: str, hosts: list[Host]) -> list[Sent]:
        """Return a task's events once more: as a task of its own, its start first, then host after host."""
        self.tasks += 1
        uuid = f"{os.getpid()}-{self.tasks}"
        announced, *others = self.sent[name]
        first = next(_part(arg, Host) for _, args, _ in others for arg in args if _part(arg, Host))
        of_first = [sent for sent in others if any(_part(arg, Host) is first for arg in sent[1])]
        tasks: dict[int, Task] = {}
        return [_renewed(announced, first, uuid, tasks)] + [
            _renewed(sent, host, uuid, tasks) for host in hosts for sent in of_first
        ]

    def _say(self, answer: dict[str, Any]) -> None:
        self.control.write(json.dumps(answer) + "\n")
        self.control.flush()

    def _noted(self) -> _Noting:
        return _Noting(self.loading)


class _Noting:
    """Adds the CPU time and memory that a ``with`` block takes to what is noted already."""

    def __init__(self, noted: dict[str, Any]) -> None:
        self._noted = noted

    def __enter__(self) -> None:
        self._before = time.process_time_ns(), resident()

    def __exit__(self, *_: object) -> None:
        cpu, memory = time.process_time_ns() - self._before[0], resident() - self._before[1]
        self._noted["cpu"] = self._noted.get("cpu", 0) + cpu
        self._noted["memory"] = self._noted.get("memory", 0) + memory


def _all_hosts(tqm: Any) -> list[Host]:
    """Return the inventory's hosts, whatever the play is restricted to."""
    return list(tqm._inventory.get_hosts(ignore_restrictions=True))


def _part(arg: Any, kind: type[Host] | type[Task]) -> Any:
    """Return the host or task that an argument is or, if it is a result, that it is about; else None."""
    if isinstance(arg, kind):
        return arg
    if not _is_result(arg):
        return None
    name = "host" if kind is Host else "task"
    return getattr(arg, name, None) or getattr(arg, f"_{name}")  # the latter before 2.19


def _is_result(value: Any) -> bool:
    return type(value).__name__.endswith("TaskResult")


def _renewed(sent: Sent, host: Host, uuid: str, tasks: dict[int, Task]) -> Sent:
    """Return an event about another host and another task; ``tasks`` holds what the tasks were replaced with."""

    def task_like(task: Task) -> Task:
        if id(task) not in tasks:
            tasks[id(task)] = copy.copy(task)
            tasks[id(task)]._uuid = uuid
        return tasks[id(task)]

    def renewed(value: Any) -> Any:
        if isinstance(value, Task):
            return task_like(value)
        if isinstance(value, Host):
            return host
        if not _is_result(value):
            return value
        if dataclasses.is_dataclass(value) and not isinstance(value, type):  # 2.21 and later
            return dataclasses.replace(value, host=host, task=task_like(_part(value, Task)))
        clone = copy.copy(value)
        vars(clone).update({key: renewed(part) for key, part in vars(value).items() if isinstance(part, (Task, Host))})
        return clone

    method, args, kwargs = sent
    return method, tuple(map(renewed, args)), kwargs


def _hooks(plugin: Any) -> list[str]:
    """Return the hooks that a callback overrides."""
    names = [name for name in dir(plugin) if name.startswith("v2_")]
    return [name for name in names if getattr(type(plugin), name) is not getattr(CallbackBase, name)]


def install(drive: Drive) -> None:
    """Put the driver between Ansible and its callbacks."""
    TaskQueueManager.send_callback = lambda tqm, method, *args, **kwargs: drive.send(tqm, method, *args, **kwargs)
    TaskQueueManager.load_callbacks = lambda tqm: drive.load_callbacks(tqm)


if __name__ == "__main__":
    install(Drive(socket.socket(fileno=int(sys.argv.pop(1)))))
    main(["ansible-playbook", *sys.argv[1:]])
