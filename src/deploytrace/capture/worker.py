"""The workers: Ansible forks one for every task on every host, and each says by itself when its work is done.

A worker inherits the recorder and the journal's descriptor. ``multiprocessing`` calls `_in_worker` right after the fork
and `_say_end` when the worker's work is done and sent; a worker that is killed says nothing, its result's announcement
stands then. What a worker writes costs Ansible's main process nothing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
import os
import time
from typing import Protocol

from . import lines
from .recording import Recording

__all__ = ["HasRecording", "watch_forks"]


class HasRecording(Protocol):
    """Who knows the run that is being recorded now, if any."""

    recording: Recording | None


def watch_forks(recorder: HasRecording) -> None:
    """Have every worker that is forked from now on report its end to the recording of the moment."""
    multiprocessing.util.register_after_fork(recorder, _in_worker)


def _in_worker(recorder: HasRecording) -> None:
    recording = recorder.recording
    if recording is None or recording.forking is None:
        return
    if type(multiprocessing.current_process()).__name__ != "WorkerProcess":
        return  # some other plugin's process, not a task on a host
    arguments = (recording, recording.forking)
    multiprocessing.util.Finalize(None, _say_end, args=arguments, exitpriority=0)


def _say_end(recording: Recording, execution: int) -> None:
    with contextlib.suppress(OSError):
        recording.write(lines.worker_ended(time.monotonic_ns() - recording.mono_ns, execution, os.getpid()))
