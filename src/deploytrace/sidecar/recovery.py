"""Delivers what earlier sidecars left behind: runs whose destination was dead, or whose sidecar was killed.

Where Ansible is gone without a word too, the run is ended first. A journal that another process holds is its business.
A destination that does not answer is tried for one run only; what is for it waits on.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import Event
from typing import Any

from ..errors import JournalError
from ..events import RunStarted
from ..journal.cursor import Cursor, Position
from ..journal.directory import Directory, State
from ..journal.owner import is_alive
from ..settings import Settings
from ..sinks.contract import Sink
from .attendance import Attendance
from .delivery import Course
from .fanout import Fanout
from .held_journal import HeldJournal, hold
from .log import LOGGER

__all__ = ["Fate", "Leftover", "OpenSinks", "Recovery", "lock_trouble", "recovery_turn"]

OpenSinks = Callable[[Settings, RunStarted, Path, Mapping[str, str]], Sequence[Sink[Any]]]
"""How the sinks of a run are opened: `sinks.registry.open_sinks`."""


_VAIN_PATIENCE = 3.0
_LOCK_FLAGS = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Fate(str, Enum):
    """What became of a run that was found."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    RUNNING = "running"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A run that was found and what became of it, in words."""

    run_id: str
    started: RunStarted | None
    fate: Fate
    text: str


@dataclass
class Recovery:
    """One pass over what was left behind in a state directory.

    ``wait`` is how many seconds another process may keep a journal that has ended; ``until`` is when the pass is to end
    (monotonic clock, s), None: when it is through.
    """

    directory: Directory
    settings: Settings
    environ: Mapping[str, str]
    open_sinks: OpenSinks
    wait: float = 0.0
    until: float | None = None
    dismissed: Event = field(default_factory=Event)
    _dead: dict[str, str] = field(default_factory=dict)  # destinations that did not answer, and why

    def recover(self) -> Iterator[Leftover]:
        """Deliver what waits, oldest run first; yield what became of each run."""
        waiting = []
        for run_id, path in self.directory.journal_files():
            if Cursor(self.directory.cursor(run_id)).complete:
                continue
            with contextlib.suppress(FileNotFoundError):
                waiting.append((path.stat().st_mtime_ns, run_id, path))
        for _, run_id, path in sorted(waiting):
            if self.dismissed.is_set() or (self.until is not None and time.monotonic() > self.until):
                return
            try:
                leftover = self._recover_one(run_id, path)
            except JournalError as error:
                leftover = Leftover(run_id, None, Fate.UNREADABLE, str(error))
            except OSError as error:
                text = f"{path} cannot be opened ({error.strerror or error})"
                leftover = Leftover(run_id, None, Fate.UNREADABLE, text)
            if leftover is not None:
                yield leftover

    def _recover_one(self, run_id: str, path: Path) -> Leftover | None:
        """Return None where there is nothing to recover: a journal without a beginning."""
        journal = hold(path)
        if journal is None:
            run = self.directory.find(run_id)
            if self.directory.state(run) is State.RUNNING:
                return Leftover(run_id, run.started, Fate.RUNNING, "it is still running")
            journal = hold(path, wait=self.wait)
            if journal is None:
                return Leftover(run_id, run.started, Fate.WAITING, "another process is delivering it")
        try:
            started = journal.started()
            if started is None:
                return None
            if journal.ending() is None and is_alive(started):
                return Leftover(run_id, started, Fate.RUNNING, "it is still running")
            cursor = Cursor(self.directory.cursor(run_id))
            if cursor.complete:
                return Leftover(run_id, started, Fate.DELIVERED, "delivered by another process")
            return Leftover(run_id, started, *self._deliver(journal, started, cursor))
        finally:
            journal.close()

    def _deliver(self, journal: HeldJournal, started: RunStarted, cursor: Cursor) -> tuple[Fate, str]:
        """Return what became of a held run, in words too."""
        obstacles: list[str] = []
        sinks: list[Sink[Any]] = []
        for sink in self.open_sinks(self.settings, started, self.directory.root, self.environ):
            if sink.destination in self._dead:
                obstacles.append(self._dead[sink.destination])
            elif not _has_all(cursor, sink):
                sinks.append(sink)
                continue
            sink.close()
        before = {sink.name: cursor.positions.get(sink.name, Position()).items for sink in sinks}
        fanout = Fanout(journal, sinks, cursor, Course(), self.directory.root)
        complete = Attendance(
            journal,
            started,
            fanout,
            process=None,
            patience=max(self.settings.delivery_wait, _VAIN_PATIENCE),
            vain_patience=_VAIN_PATIENCE,
            live=False,
            dismissed=self.dismissed,
            say=lambda _: None,
        ).attend()
        self._dead.update(fanout.dead)
        if obstacles or not complete:
            return Fate.WAITING, "; ".join([*obstacles, *fanout.troubles]) or "the delivery was broken off"
        with contextlib.suppress(OSError):  # it is delivered once more then, with the same ids
            cursor.finish()
        after = cursor.positions
        sent = [f"{sink.name} to {sink.destination}: {after[sink.name].items - before[sink.name]}" for sink in sinks]
        return Fate.DELIVERED, ", ".join(sent) or "nothing was left to send"


def _has_all(cursor: Cursor, sink: Sink[Any]) -> bool:
    position = cursor.positions.get(sink.name)
    return position is not None and position.complete and position.destination == sink.destination


@contextlib.contextmanager
def recovery_turn(directory: Directory) -> Iterator[bool]:
    """Give true to one process at a time, and false to the others: many sidecars need not all look for leftovers.

    Where the lock cannot be opened it is everybody's turn: each journal has a lock of its own.
    """
    try:
        descriptor = os.open(directory.recovery_lock, _LOCK_FLAGS | os.O_CREAT, 0o600)
    except OSError as error:
        LOGGER.warning("%s", _without_turns(directory, error))
        yield True
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = True
        except BlockingIOError:
            mine = False
        yield mine
    finally:
        os.close(descriptor)


def lock_trouble(directory: Directory) -> str | None:
    """Return why sidecars cannot take turns, in a sentence, and None where they can; looking creates nothing."""
    try:
        os.close(os.open(directory.recovery_lock, _LOCK_FLAGS))
    except FileNotFoundError:
        return None
    except OSError as error:
        return _without_turns(directory, error)
    return None


def _without_turns(directory: Directory, error: OSError) -> str:
    return (
        f"{directory.recovery_lock} cannot be opened ({error.strerror or error}), so that all sidecars look for what "
        "was left behind at the same time: remove it; the next run makes it anew."
    )
