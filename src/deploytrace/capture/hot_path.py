"""The hot path: the hook that comes with every plain success, for one recording.

Ansible forks a worker for every task on every host, and each page of memory that its main process touches afterwards is
copied then, for which a reference count in it is enough: that costs more than the work itself. So this one touches one
object of ours, calls nothing of ours and keeps nothing. A result that is not ordinary (its task is delegated, say) goes
to the recorder, which does all of them.
"""

from __future__ import annotations

from os import write
from time import monotonic_ns
from typing import Any, Protocol

from ..journal.writer import no_space
from .lines import quoted
from .recording import Recording

__all__ = ["HotPath"]

_SAMPLED = 15  # of sixteen calls one is timed, whichever begins at such a nanosecond


class _Recorder(Protocol):
    """Who does what is not ordinary; its methods never raise."""

    def host_succeeded(self, result: Any, /) -> None:
        """A host's result is announced: ok or changed."""

    def give_up(self, error: BaseException) -> None:
        """Switch off for good and say why, once."""


class HotPath:
    """Stands in for a callback's ``v2_runner_on_ok``, where the details of no success are wanted.

    ``spent_ns`` is what successes took, by one call in sixteen. The hook is called in the main thread alone. There a
    KeyboardInterrupt is the user's and passes, see `guard`.
    """

    __slots__ = ("_callback", "_descriptor", "_mono_ns", "_ordinary", "_recorder", "_writer", "spent_ns")

    def __init__(self, recorder: _Recorder, recording: Recording, callback: Any) -> None:
        self._recorder = recorder
        self._callback = callback
        self._ordinary = recording.ordinary_tasks
        self._mono_ns = recording.mono_ns
        self._writer = recording.writer
        self._descriptor = recording.writer.descriptor
        self.spent_ns = 0
        callback.v2_runner_on_ok = self.host_succeeded

    def leave(self) -> None:
        """Have the hook go its usual way again."""
        vars(self._callback).pop("v2_runner_on_ok", None)

    def host_succeeded(self, result: Any) -> None:
        """A host's result is announced: ok or changed."""
        began = monotonic_ns()
        try:
            # What `lines.host_finished` says, here with the fewest objects in between: each has a page of its own.
            line = (
                f'{{"e":"host_finished","t":{began - self._mono_ns},"task":{self._ordinary[result.task._uuid]},'
                f'"host":{quoted(result.host.name)},"status":"{"changed" if result.is_changed() else "ok"}"}}\n'
            ).encode()
            if write(self._descriptor, line) != len(line):
                raise no_space()
            if not began & _SAMPLED:
                self.spent_ns += (monotonic_ns() - began) * (_SAMPLED + 1)
        except (KeyError, AttributeError):  # the latter until 2.18, which has other names
            self._recorder.host_succeeded(result)
        except Exception as error:  # noqa: BLE001 - the law of guard.py
            self._recorder.give_up(self._writer.named(error) if isinstance(error, OSError) else error)
