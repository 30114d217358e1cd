"""The workers: Ansible forks one for every task on every host, and each says by itself when that began and ended.

A worker inherits the recorder, which knows the moment of the fork, and the journal's descriptor. ``multiprocessing``
calls `_in_worker` right after the fork and `_say_end` when the worker's work is done and sent; a worker that is killed
says no end, its result's announcement stands then. What a worker writes costs Ansible's main process nothing, and no
hook need say that a host begins (``v2_runner_on_start``): to be told by Ansible takes 20 µs, by the fork itself one.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.process
import multiprocessing.util
import os
import time
from typing import Any, Protocol

from ..events import HostSeen
from . import lines
from .propagate import Propagation
from .recording import Recording
from .redact import is_vaulted

__all__ = ["HasRecording", "watch_forks"]


class HasRecording(Protocol):
    """Who knows the run that is being recorded now, if any, unless it is switched off."""

    off: bool
    recording: Recording | None
    propagation: Propagation | None
    forked_ns: int
    """When this process was last about to fork, on the monotonic clock."""


def watch_forks(recorder: HasRecording) -> None:
    """Have every worker that is forked from now on report to the recording of the moment."""

    def about_to_fork() -> None:
        recorder.forked_ns = time.monotonic_ns()

    os.register_at_fork(before=about_to_fork)
    multiprocessing.util.register_after_fork(recorder, _in_worker)


def _in_worker(recorder: HasRecording) -> None:
    process: Any = multiprocessing.current_process()
    recording = recorder.recording
    if recording is None or recorder.off or type(process).__name__ != "WorkerProcess":
        return  # the last: some other plugin's process, not a task on a host
    with contextlib.suppress(Exception):  # the law of guard.py; main will meet the same full disk, and say so
        _say_start(recording, recorder.forked_ns - recording.mono_ns, process, recorder.propagation)


def _say_start(recording: Recording, t: int, process: Any, propagation: Propagation | None) -> None:
    host, task = str(process._host.name), process._task
    number = recording.task_numbers.get(task._uuid)
    if number is None:
        return  # Ansible announced no such task to callbacks
    execution = process._identity[-1]  # the count of processes that multiprocessing keeps, for their names
    recording.write(lines.host_started(t, execution, number, host))
    multiprocessing.util.Finalize(None, _say_end, args=(recording, execution), exitpriority=0)
    if propagation is not None:
        propagation.hand_to(task, execution)
    if recording.introductions.first(host):
        recording.emit(_host_seen(recording, host, process))


def _host_seen(recording: Recording, host: str, process: Any) -> HostSeen:
    """Return how a host is reached. Its worker has its variables at hand; the main process would have to merge them."""
    variables = process._task_vars
    connection = _plain(variables.get("ansible_connection")) or _plain(getattr(process._task, "connection", None))
    port = _plain(variables.get("ansible_port"))
    return HostSeen(
        t=recording.now(),
        host=host,
        address=_plain(variables.get("ansible_host")),
        port=int(port) if port is not None and port.isdigit() else None,
        connection=connection,
    )


def _plain(value: Any) -> str | None:
    """Return a variable's value where it is a plain one; templates are left unevaluated and vaulted texts alone."""
    if is_vaulted(value) or not isinstance(value, (str, int)):
        return None
    text = str(value)
    return text if text and "{{" not in text else None


def _say_end(recording: Recording, execution: int) -> None:
    with contextlib.suppress(OSError):
        recording.write(lines.worker_ended(time.monotonic_ns() - recording.mono_ns, execution, os.getpid()))
