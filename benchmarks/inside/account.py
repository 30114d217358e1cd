"""Runs inside Ansible: ``account.py FILE ansible-playbook's arguments``, a real run that accounts for its callbacks.

Everything that Ansible sends to its callbacks passes through here. Its own output comes first and is not counted: a
hook counts from the moment the output is done until the last callback is, so that nothing but the callbacks and
Ansible's dispatch to them is in it.

FILE is JSON, CPU in ns: ``loading``, from before the callbacks are loaded until they have been told of the playbook;
``hooks``, by name how often each was sent, the CPU of the thread that sent it and its page faults, all together;
``end``, the CPU of all threads in telling them of the statistics and in what is registered with ``atexit``; ``cpu`` and
``faults``, the whole process's; ``workers``, the CPU of the workers.
"""

from __future__ import annotations

import atexit
import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_FILE = Path(sys.argv.pop(1))


class _Since(threading.local):
    """From where on a thread counts."""

    process_ns = 0

    def mark(self) -> None:
        """Count from now on."""
        self.process_ns = time.process_time_ns()
        self.faults = _faults(resource.RUSAGE_THREAD)
        self.ns = time.thread_time_ns()


class Account:
    """What one run's callbacks take."""

    def __init__(self) -> None:
        self.loading = 0
        self.hooks: dict[str, list[int]] = {}
        self.end = 0
        self.workers = 0
        self._since = _Since()
        self._began = 0

    def load_callbacks(self, tqm: Any) -> None:
        """Load the callbacks, and have the output say whenever it is done; only the first time there is work."""
        first = not self._began
        self._began = self._began or time.process_time_ns()
        _load_callbacks(tqm)
        if first:
            output = getattr(tqm, "_stdout_callback", None) or tqm._callback_plugins[0]  # the former before 2.19
            for name in dir(output):
                if name.startswith("v2_"):
                    setattr(output, name, self._marking(getattr(output, name)))

    def send(self, tqm: Any, method: str, *args: Any, **kwargs: Any) -> None:
        """Pass an event on to Ansible's own dispatch, and count."""
        since = self._since
        if method == "v2_playbook_on_stats":
            self.workers += _children_cpu()  # all have ended; the callbacks may wait for processes of their own
        since.mark()
        _send_callback(tqm, method, *args, **kwargs)
        ns = time.thread_time_ns() - since.ns
        faults = _faults(resource.RUSAGE_THREAD) - since.faults
        if method == "v2_playbook_on_start":
            self.loading = time.process_time_ns() - self._began
            self.workers -= _children_cpu()
        elif method == "v2_playbook_on_stats":
            self.end = time.process_time_ns() - since.process_ns
            atexit.register(since.mark)  # runs before all others
        else:
            counted = self.hooks.setdefault(method, [0, 0, 0])
            counted[0] += 1
            counted[1] += ns
            counted[2] += faults

    def write(self) -> None:
        """Write all of it; registered before all others, so it runs after them."""
        cpu = time.process_time_ns()
        self.end += cpu - self._since.process_ns
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        _FILE.write_text(json.dumps({**own, "cpu": cpu, "faults": _faults(resource.RUSAGE_SELF)}), encoding="utf-8")

    def _marking(self, method: Callable[..., Any]) -> Callable[..., None]:
        def hook(*args: Any, **kwargs: Any) -> None:
            method(*args, **kwargs)
            self._since.mark()

        return hook


def _faults(of: int) -> int:
    return resource.getrusage(of).ru_minflt


def _children_cpu() -> int:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((usage.ru_utime + usage.ru_stime) * 1e9)


account = Account()
atexit.register(account.write)

from ansible.cli.playbook import main  # noqa: E402 - what Ansible registers with atexit runs before what is above
from ansible.executor.task_queue_manager import TaskQueueManager  # noqa: E402

_send_callback = TaskQueueManager.send_callback
_load_callbacks = TaskQueueManager.load_callbacks


def install(account: Account) -> None:
    """Put the account between Ansible and its callbacks."""
    TaskQueueManager.send_callback = lambda tqm, method, *args, **kwargs: account.send(tqm, method, *args, **kwargs)
    TaskQueueManager.load_callbacks = lambda tqm: account.load_callbacks(tqm)


if __name__ == "__main__":
    install(account)
    main(["ansible-playbook", *sys.argv[1:]])
