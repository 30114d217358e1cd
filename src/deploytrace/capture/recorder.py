"""The recorder: Ansible's hooks in, events out; one per process, however many callbacks feed it.

The law of the hot path: a hook never raises, never blocks, keeps nothing per result, and reads a result only where an
event needs what is in it. What comes with every worker touches little: each page of memory that it touches after a fork
is copied then, which costs more than the work itself. On its first own failure the recorder says so once and is silent
from then on.
"""

from __future__ import annotations

import atexit
import os
from typing import Any

from ..events import (
    HostFinished,
    HostsExhausted,
    Included,
    NoHostsMatched,
    Notified,
    PromptShown,
    Signalled,
)
from . import lines
from .command import Command
from .extract import host_and_task, raw_name
from .guard import hook
from .propagate import Propagation
from .recording import Recording
from .results import Results
from .signals import watch_signals
from .surroundings import Surroundings
from .tasks import play_started, task_defined
from .worker import watch_forks

__all__ = ["Recorder", "enable"]

_shared: Recorder | None = None


def enable(callback: str, surroundings: Surroundings) -> Recorder:
    """Return this process's recorder, made at the first call, and tell it that a callback of this name is enabled."""
    global _shared
    if _shared is None:
        _shared = Recorder(Command(surroundings))
    _shared.enable(callback)
    return _shared


class Recorder:
    """Turns hooks into events. Its methods take Ansible's own objects; ``callback`` is the one that passes them on.

    Where several callbacks feed it, the first that brings a playbook or play is heard, the others are disabled.
    """

    def __init__(self, command: Command) -> None:
        self.off = False
        self.spent_ns = 0
        self.recording: Recording | None = None
        self._command = command
        self._settings = command.settings
        self._redactor = command.redactor
        self._secrets = command.secrets
        self._declarations = command.declarations
        self._results = Results(command.settings.results, command.redactor, command.secrets)
        self._timestamps = command.timestamps
        self.propagation: Propagation | None = None
        self._pid = os.getpid()
        self.forked_ns = 0
        self._stopped: str | None = None
        self._watching = False
        self._playbook: Any = None
        self._play: Any = None
        self._callback: Any = None
        self._deleted = False

    def enable(self, callback: str) -> None:
        """Make of the runs what this callback of ours stands for, too."""
        self._command.enable(callback)

    # -- the run

    @hook
    def playbook_started(self, t: int, callback: Any, playbook: Any) -> None:
        """A playbook begins."""
        if playbook is self._playbook:
            callback.disabled = True
            return
        if self._timestamps is not None:
            self._timestamps.playbook_started()
        plays = playbook.get_plays()
        self._begin(callback, playbook, plays[0].get_variable_manager() if plays else None)

    @hook
    def play_started(self, t: int, callback: Any, play: Any) -> None:
        """A play, or the next batch of it, begins; in ansible-console, a command."""
        if play is self._play and callback is not self._callback:
            callback.disabled = True
            return
        if self.recording is None or callback is not self._callback:
            self._begin(callback, None, play.get_variable_manager())
        if self._timestamps is not None:
            self._timestamps.play_started(play)
        self._play = play
        self._secrets.play(play)
        recording = self._current()
        event = play_started(self._redactor, recording.now(), recording.plays + 1, play)
        recording.begin_play(event.hosts or ())
        recording.emit(event)

    @hook
    def prompt_shown(self, t: int, name: str, private: bool, default: Any) -> None:
        """A play asks for a variable; the answer to a private prompt is secret, and so is its default."""
        recording = self._current()
        if private:
            self._secrets.prompted(str(name), default)
        recording.emit(PromptShown(t - recording.mono_ns, self._redactor.name(name)))

    @hook
    def no_hosts_matched(self, t: int) -> None:
        """The play has no hosts."""
        recording = self._current()
        recording.emit(NoHostsMatched(t - recording.mono_ns))

    @hook
    def hosts_exhausted(self, t: int) -> None:
        """No hosts are left."""
        recording = self._current()
        recording.emit(HostsExhausted(t - recording.mono_ns))

    def stats_shown(self, stats: Any) -> None:
        """The playbook is over. Runs also when the recorder is off: whoever follows the journal shall know."""
        try:
            if self._timestamps is not None:
                self._timestamps.ended()
            if self.recording is not None:
                self._end("finished", stats)
                self._command.report()
        except Exception as error:  # noqa: BLE001 - the law of guard.py
            self.give_up(error)

    # -- tasks

    @hook
    def task_started(self, t: int, task: Any, handler: bool) -> None:
        """A task is announced; under free, for each host."""
        if self._timestamps is not None:
            self._timestamps.task_started(task)
        recording = self._current()
        number = recording.task_numbers.get(task._uuid)
        if number is None:
            number = self._define(recording, t, task, handler)
        recording.write(lines.task_started(t - recording.mono_ns, number))
        if not self._deleted and recording.writer.deleted():
            self._deleted = True
            self._command.warn(
                f"deploytrace's journal {recording.writer.path} was deleted while the run goes on: what is not "
                "delivered by its end is lost. Leave the files of a run in place until it is over."
            )

    @hook
    def host_succeeded(self, t: int, result: Any) -> None:
        """A host's result is announced: ok or changed."""
        recording = self._current()
        host, task = host_and_task(result)
        number = self._number(recording, t, task)
        status = "changed" if result.is_changed() else "ok"
        ordinary = task._uuid in recording.ordinary_tasks
        detail = self._results.told(host, task, result, status, ordinary=ordinary)
        recording.write(lines.host_finished(t - recording.mono_ns, number, host.name, status, detail))

    @hook
    def host_failed(self, t: int, result: Any, ignored: bool) -> None:
        """A host's result is announced: failed."""
        self._finish(self._current(), t, result, "failed", ignored=bool(ignored))

    @hook
    def host_unreachable(self, t: int, result: Any) -> None:
        """A host's result is announced: unreachable."""
        _, task = host_and_task(result)
        ignored = getattr(task, "ignore_unreachable", False) is True
        self._finish(self._current(), t, result, "unreachable", ignored=ignored)

    @hook
    def host_skipped(self, t: int, result: Any) -> None:
        """A host's result is announced: skipped."""
        self._finish(self._current(), t, result, "skipped")

    # -- within a task; these come from the results thread

    @hook
    def item_finished(self, t: int, result: Any, status: str) -> None:
        """A loop item ended: ok, failed or skipped."""
        recording = self._current()
        host, task = host_and_task(result)
        t -= recording.mono_ns
        if status == "failed":
            event = self._results.failed_item(t, result)
            recording.item_failed(recording.task_numbers.get(task._uuid, 0), event)
            recording.emit(event)
            return
        if status == "ok" and result.is_changed():
            status = "changed"
        label = self._results.quoted_label(host, result)
        ordinary = task._uuid in recording.ordinary_tasks or status == "skipped"
        detail = self._results.told(host, task, result, status, ordinary=ordinary)
        recording.write(lines.item_finished(t, host.name, status, label, detail))

    @hook
    def attempt_failed(self, t: int, result: Any) -> None:
        """A try failed, another follows."""
        recording = self._current()
        recording.emit(self._results.attempt(t - recording.mono_ns, result))

    @hook
    def async_polled(self, t: int, result: Any, status: str) -> None:
        """An asynchronous job was looked after: running, ok or failed."""
        recording = self._current()
        recording.emit(self._results.poll(t - recording.mono_ns, result, status))

    @hook
    def diff_shown(self, t: int, result: Any) -> None:
        """A diff is shown."""
        recording = self._current()
        event = self._results.diff(t - recording.mono_ns, result)
        if event is not None:
            recording.emit(event)

    @hook
    def included(self, t: int, included_file: Any) -> None:
        """An include was loaded for some hosts."""
        recording = self._current()
        number = recording.task_numbers.get(included_file._task._uuid)
        if number is not None:
            recording.emit(
                Included(
                    t=t - recording.mono_ns,
                    task=number,
                    file=self._redactor.name(str(included_file._filename), 1024),
                    hosts=tuple(str(host.name) for host in included_file._hosts),
                    role=bool(included_file._is_role),
                )
            )

    @hook
    def notified(self, t: int, handler: Any, host: Any) -> None:
        """A handler will run for a host."""
        recording = self._current()
        name = self._redactor.name(raw_name(handler))
        recording.emit(Notified(t - recording.mono_ns, str(handler._uuid), str(host.name), name))

    # -- inside

    def give_up(self, error: BaseException) -> None:
        """Switch off for good: warn once, and note why for the run's last event."""
        self.off = True
        try:
            self._leave_hot_path()
            self._stopped = self._command.complain(error)
        except Exception:  # noqa: BLE001 - there is nobody left to tell
            self._stopped = type(error).__name__

    def _current(self) -> Recording:
        if self.recording is None:
            raise RuntimeError("Ansible called a hook before the run's start")
        return self.recording

    def _begin(self, callback: Any, playbook: Any, variable_manager: Any) -> None:
        if self.recording is not None:
            self._end("finished", None)
        self._playbook, self._callback, self._play = playbook, callback, None
        self.recording = self._command.begin(playbook, variable_manager)
        self._results = Results(self._command.results, self._redactor, self._secrets)
        self.propagation = Propagation(self.recording.started) if self._settings.propagate_env else None
        if not self._watching:
            self._watching = True
            watch_forks(self)
            atexit.register(self._at_exit)
        watch_signals(self._signalled)
        if not {"ok", "changed"} & self._results.wanted:
            callback.take_hot_path(self.recording)

    def _end(self, reason: str, stats: Any) -> None:
        self._leave_hot_path()
        recording, self.recording = self._current(), None
        counted = self._command.stats(stats) if stats is not None else {}
        self._command.end(recording, reason, counted, spent_ns=self.spent_ns, stopped=self._stopped)
        recording.introductions.close()
        self.spent_ns = 0

    def _leave_hot_path(self) -> None:
        if self._callback is not None:
            self.spent_ns += self._callback.leave_hot_path()

    def _at_exit(self) -> None:
        if os.getpid() != self._pid:
            return
        try:
            if self.recording is not None:
                over = self.recording.started.front_end == "console"
                ended = "interrupted" if self.recording.signalled else "finished" if over else "aborted"
                self._end(ended, None)
            self._command.wait()
        except (Exception, KeyboardInterrupt):  # noqa: BLE001, S110 - the process ends here, quietly
            pass

    def _signalled(self, number: int) -> None:
        recording = self.recording
        if recording is not None and not self.off:
            recording.signalled = True
            recording.emit(Signalled(recording.now(), number))

    def _define(self, recording: Recording, t: int, task: Any, handler: bool) -> int:
        number = recording.number_task(task._uuid)
        declared = self._declarations.of(task)
        self._secrets.task(task, declared.names)
        event = task_defined(
            self._redactor,
            t - recording.mono_ns,
            task,
            number,
            recording.plays,
            handler=handler,
            args=self._settings.task_args,
            secret=declared,
        )
        if event.delegate_to is None or "{{" not in event.delegate_to or event.no_log:
            recording.ordinary_tasks[task._uuid] = number
        recording.emit(event)
        return number

    def _number(self, recording: Recording, t: int, task: Any) -> int:
        """Return the number of a task, which is met here for the first time where it was not announced (meta tasks)."""
        number = recording.task_numbers.get(task._uuid)
        return self._define(recording, t, task, handler=False) if number is None else number

    def _finish(self, recording: Recording, t: int, result: Any, status: str, *, ignored: bool = False) -> None:
        """Record a result with all there is to say about it."""
        host, task = host_and_task(result)
        number, name = self._number(recording, t, task), str(host.name)
        failed = status in ("failed", "unreachable")
        detail = self._results.details(host, task, result, failed=failed) if status in self._results.wanted else {}
        if detail:
            detail.update(recording.failed_items(number, name))
        t -= recording.mono_ns
        recording.emit(HostFinished(t, number, name, status, ignored=ignored, detail=detail or None))
