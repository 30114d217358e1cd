"""The hot path: the two hooks that come with every worker, for one recording, where nothing is out of the ordinary.

Ansible forks a worker for every task on every host, and each page of memory that its main process touches afterwards is
copied then, for which a reference count in it is enough: that costs more than the work itself. So these two touch one
object of ours and call nothing of ours. What is not ordinary (a host's first worker, a task that is new or delegated)
goes to the recorder, which does all of it, ordinary or not.
"""

from __future__ import annotations

from os import write
from time import monotonic_ns
from typing import Any, Protocol

from ..journal.writer import no_space
from .extract import reader
from .lines import HOST_FINISHED, HOST_STARTED
from .recording import Recording

__all__ = ["HotPath"]


class _Recorder(Protocol):
    """Who does what is not ordinary; its methods never raise."""

    def host_started(self, host: Any, task: Any, /) -> None:
        """A worker for a task on a host is about to be forked."""

    def host_succeeded(self, result: Any, /) -> None:
        """A host's result is announced: ok or changed."""

    def give_up(self, error: BaseException) -> None:
        """Switch off for good and say why, once."""


class HotPath:
    """Stands in for ``v2_runner_on_start`` and, where the details of no success are wanted, ``v2_runner_on_ok``.

    Both are called in the main thread alone. There a KeyboardInterrupt is the user's and passes, see `guard`.
    """

    __slots__ = ("_callback", "_descriptor", "_mono_ns", "_ordinary", "_read", "_recorder", "_recording", "_slots")

    def __init__(self, recorder: _Recorder, recording: Recording, callback: Any) -> None:
        self._recorder = recorder
        self._recording = recording
        self._callback = callback
        self._slots = recording.forked_slots
        self._ordinary = recording.ordinary_tasks
        self._mono_ns = recording.mono_ns
        self._descriptor = recording.writer.descriptor
        self._read: Any = None

    def take(self, *, starts: bool, successes: bool) -> None:
        """Have the callback's hooks come here."""
        if starts:
            self._callback.v2_runner_on_start = self.host_started
        if successes:
            self._callback.v2_runner_on_ok = self.host_succeeded

    def leave(self) -> None:
        """Have them go their usual way again."""
        vars(self._callback).pop("v2_runner_on_start", None)
        vars(self._callback).pop("v2_runner_on_ok", None)

    def host_started(self, host: Any, task: Any) -> None:
        """A worker for a task on a host is about to be forked."""
        began = monotonic_ns()
        try:
            slot = self._slots[host.name]
            number = self._ordinary[task._uuid]
            recording = self._recording
            recording.executions = slot.execution = execution = recording.executions + 1
            slot.task = number
            slot.finished = False
            line = HOST_STARTED % (began - self._mono_ns, execution, number, slot.quoted)
            if write(self._descriptor, line) != len(line):
                raise no_space()
            recording.spent_ns += monotonic_ns() - began
        except KeyError:
            self._recorder.host_started(host, task)
        except Exception as error:  # noqa: BLE001 - the law of guard.py
            self._give_up(error)

    def host_succeeded(self, result: Any) -> None:
        """A host's result is announced: ok or changed."""
        began = monotonic_ns()
        try:
            if self._read is None:
                self._read = reader(result)
            host, task = self._read(result)
            slot = self._slots[host.name]
            number = self._ordinary[task._uuid]
            if slot.finished or slot.task != number:
                self._recorder.host_succeeded(result)
                return
            status = b"changed" if result.is_changed() else b"ok"
            slot.finished = True
            line = HOST_FINISHED % (began - self._mono_ns, slot.execution, number, slot.quoted, status, b"")
            if write(self._descriptor, line) != len(line):
                raise no_space()
            self._recording.spent_ns += monotonic_ns() - began
        except KeyError:
            self._recorder.host_succeeded(result)
        except Exception as error:  # noqa: BLE001 - the law of guard.py
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if isinstance(error, OSError):
            error = self._recording.writer.named(error)
        self._recorder.give_up(error)
