"""A journal that this process alone feeds from: opened, locked, and ended where Ansible could not end it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from ..events import ControllerSeen, RunEnded, RunLost, RunStarted
from ..journal.ending import EndWatch, last_time
from ..journal.format import encode
from ..journal.owner import boot_id
from ..journal.reader import Reader, first_event, open_journal

__all__ = ["HeldJournal", "hold"]


class HeldJournal:
    """An open journal with its lock, which goes with the process, however it ends, or once all is closed."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = EndWatch(descriptor)
        self._size = 0  # bytes, when last looked at

    def reader(self) -> Reader:
        """Return a new reader, at the journal's start. It keeps the journal held until it is closed."""
        return Reader(os.dup(self._descriptor), str(self.path))

    def started(self) -> RunStarted | None:
        """Return how the run began, or None where that is not on record (yet). Raises `errors.JournalError`."""
        return first_event(self._descriptor, str(self.path))

    def ending(self) -> RunEnded | RunLost | None:
        """Return the run's end record once it is there."""
        return self._end.look()

    def cut_short(self) -> bool:
        """Return whether the file has lost some of what it held when last looked at; a journal only grows."""
        before, self._size = self._size, os.fstat(self._descriptor).st_size
        return self._size < before

    def tell_controller(self, started: RunStarted, ip: str | None) -> None:
        """Put the controller's address on record. Raises `OSError`."""
        self._append(encode(ControllerSeen(max(0, time.monotonic_ns() - started.mono_ns), ip)))

    def end_as_lost(self, started: RunStarted, *, just_now: bool) -> None:
        """Put on record that Ansible is gone without a word. Raises `OSError`.

        ``just_now``: this process was watching and has seen it go. Otherwise nobody knows when it went, and the run
        ends with its last event.
        """
        t = last_time(self._descriptor)
        if just_now and started.boot_id == boot_id():
            t = max(t, time.monotonic_ns() - started.mono_ns)
        self._append(encode(RunLost(t)))

    def close(self) -> None:
        """Let the journal go, as far as its readers have been closed."""
        os.close(self._descriptor)

    def _append(self, line: bytes) -> None:
        if os.write(self._descriptor, line) != len(line):
            raise OSError(f"{self.path} takes no more: the disk is full.")


def hold(path: Path, *, wait: float = 0.0) -> HeldJournal | None:
    """Open and lock a journal; None where another process holds it, still after ``wait`` seconds.

    Raises `OSError` or `errors.JournalError` where it cannot be opened.
    """
    descriptor = open_journal(path, write=True)
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return HeldJournal(path, descriptor)
