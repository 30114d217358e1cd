"""The hot path: the hook that comes with every plain success.

Ansible forks a worker for every task on every host, and each page of memory that its main process touches afterwards is
copied then, for which a reference count in it is enough: that costs more than the work itself. So this hook is a method
of the callback, which Ansible touches anyway, with all that it needs at hand there, and makes its line of one constant.
It calls nothing else of ours and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import write
from time import monotonic_ns
from typing import Any, Protocol

from ..journal.writer import Writer, no_space
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
    """The part of a callback that says of ordinary tasks (`Recording.ordinary_tasks`) that they succeeded.

    Everything else goes to the recorder: what is not ordinary (a task that is delegated, say), and all of it unless
    `take_hot_path` was called. The hook is called in the main thread alone. There a KeyboardInterrupt is the user's and
    passes, see `guard`.
    """

    _recorder: _Recorder
    _writer: Writer
    _descriptor: int

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._mono_ns = 0
        self._sampled_ns = 0
        self._ordinary: Mapping[str, int] = {}

    def take_hot_path(self, recording: Recording) -> None:
        """Be the hot path of this recording, where the details of no success are wanted."""
        self._writer = recording.writer
        self._descriptor = recording.writer.descriptor
        self._mono_ns = recording.mono_ns
        self._ordinary = recording.ordinary_tasks

    def leave_hot_path(self) -> int:
        """Have the recorder do it all again. Returns what was spent here meanwhile, ns, by one call in sixteen."""
        self._ordinary = {}
        spent_ns, self._sampled_ns = self._sampled_ns * (_SAMPLED + 1), 0
        return spent_ns

    def v2_runner_on_ok(self, result: Any) -> None:
        """A host's result is announced: ok or changed."""
        began = monotonic_ns()
        try:
            # What `lines.host_finished` says, here with the fewest objects in between: each has a page of its own.
            line = '{"e":"host_finished","t":%d,"task":%d,"host":%s,"status":"%s"}\n' % (  # noqa: UP031 - one constant
                began - self._mono_ns,
                self._ordinary[result.task._uuid],
                quoted(result.host.name),
                "changed" if result.is_changed() else "ok",
            )
            if write(self._descriptor, line.encode()) != len(line):
                raise no_space()
            if not began & _SAMPLED:
                self._sampled_ns += monotonic_ns() - began
        except (KeyError, AttributeError):  # the latter until 2.18, which has other names
            self._recorder.host_succeeded(result)
        except Exception as error:  # noqa: BLE001 - the law of guard.py
            self._recorder.give_up(self._writer.named(error) if isinstance(error, OSError) else error)
