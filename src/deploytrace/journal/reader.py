"""Reads a journal while it grows: every event once, in order, whatever else the file may hold.

A reader keeps a place of its own in a descriptor that it may share, so that several follow one open file, and go on
when the file is deleted. A line counts once its newline is there. A damaged line (torn by a full disk or a power cut,
overwritten, absurdly long) is skipped and counted; what follows it is read. Two readers of the same bytes see the same
events.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import JournalError
from ..events import Event, RunStarted
from .format import decode, decode_all, decode_header

__all__ = ["Reader", "first_event", "open_journal", "read_events"]

_CHUNK = 256 * 1024
_MAX_LINE = 4 * 1024 * 1024
_MAX_HEADER = 4096
_EVENT = b'{"e":"'
_RUN_ID = re.compile(r"[0-9a-f]{32}")


def open_journal(path: Path, *, write: bool = False) -> int:
    """Return a descriptor of a journal; with ``write`` what is written goes to its end.

    Raises `OSError`, or `JournalError` for what is no regular file. A fifo or a device in the journal's place is
    neither waited for nor read.
    """
    mode = os.O_RDWR | os.O_APPEND if write else os.O_RDONLY
    descriptor = os.open(path, mode | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise JournalError(f"{path} is not a deploytrace journal (it is no regular file); move it elsewhere.")
    return descriptor


class Reader:
    """Reads the events of one journal through a descriptor, and closes it if told to."""

    def __init__(self, descriptor: int, name: str, *, chunk: int = _CHUNK) -> None:
        """``name`` is the file's, for sentences; ``chunk`` is how many bytes one `read` takes."""
        self.run_id: str | None = None  # known once the header is read
        self.damaged = 0  # lines that could not be read
        self.unknown = 0  # events of a newer deploytrace
        self.at_end = False  # whether the last `read` met the end of what is there by now
        self._descriptor = descriptor
        self._name = name
        self._chunk = chunk
        self._offset = 0
        self._rest = b""
        self._overlong = False

    def read(self) -> list[Event]:
        """Return the next events that are complete by now, a few thousand at most; none does not mean the end.

        Raises `JournalError` where the first line is not the header of a journal that can be read.
        """
        chunk = os.pread(self._descriptor, self._chunk, self._offset)
        self._offset += len(chunk)
        self.at_end = len(chunk) < self._chunk
        complete, newline, rest = (self._rest + chunk).rpartition(b"\n") if b"\n" in chunk else (b"", b"", b"")
        if not newline:
            self._keep(self._rest + chunk)
            return []
        self._rest = rest
        lines = complete.split(b"\n")
        if self._overlong:  # the end of a line whose beginning was let go
            self._overlong = False
            del lines[0]
        if self.run_id is None and lines:
            self._take_header(lines.pop(0))
        return self._decode(lines)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def _keep(self, line: bytes) -> None:
        if self.run_id is None and len(line) > _MAX_HEADER:
            self._take_header(line[:_MAX_HEADER])
        if self._overlong or len(line) > _MAX_LINE:
            self.damaged += not self._overlong
            self._overlong = True
            line = b""
        self._rest = line

    def _take_header(self, line: bytes) -> None:
        run_id = decode_header(line, self._name)
        if not _RUN_ID.fullmatch(run_id):  # it becomes part of file names
            raise JournalError(f"{self._name} is not a deploytrace journal (its run id is none); move it elsewhere.")
        self.run_id = run_id

    def _decode(self, lines: list[bytes]) -> list[Event]:
        try:
            found = decode_all(lines)
        except ValueError:
            found = list(self._one_by_one(lines))
        events = []
        for event in found:
            if event is None:
                self.unknown += 1
            elif isinstance(event, RunStarted) and event.run_id != self.run_id:
                self.damaged += 1
            else:
                events.append(event)
        return events

    def _one_by_one(self, lines: list[bytes]) -> Iterator[Event | None]:
        for line in lines:
            try:
                yield decode(line)
            except ValueError:
                self.damaged += 1
                if (event := _after_torn(line)) is not None:
                    yield event


def _after_torn(line: bytes) -> Event | None:
    """Return the event that stands behind a torn one on its line: a disk was full for a moment, say."""
    try:
        return decode(line[line.index(_EVENT, 1) :])  # within a text its quotes would be escaped
    except ValueError:
        return None


def read_events(path: Path) -> Iterator[Event]:
    """Yield all events that a journal holds by now. Raises `OSError` and `JournalError` (also for an empty file)."""
    reader = Reader(open_journal(path), str(path))
    try:
        while not reader.at_end:
            yield from reader.read()
        if reader.run_id is None:
            raise JournalError(f"{path} is not a deploytrace journal (it has no complete first line).")
    finally:
        reader.close()


def first_event(descriptor: int, name: str) -> RunStarted | None:
    """Return how the run began, or None where that is not on record (yet). Raises `JournalError`."""
    reader = Reader(descriptor, name, chunk=_MAX_HEADER)
    for _ in range(_MAX_LINE // _MAX_HEADER):
        events = reader.read()
        if events:
            return events[0] if isinstance(events[0], RunStarted) else None
        if reader.at_end:
            break
    return None
