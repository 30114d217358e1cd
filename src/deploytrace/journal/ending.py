"""Finds how a journal ends without interpreting it: its end record, and the time of its last event."""

from __future__ import annotations

import os
import re

from ..events import RunEnded, RunLost, RunStarted
from .format import decode

__all__ = ["EndWatch", "last_time", "read_ending"]

_CHUNK = 256 * 1024
_MAX_LINE = 4 * 1024 * 1024
_TAILS = (64 * 1024, _MAX_LINE, 64 * 1024 * 1024)  # an end record is long where there are many hosts
_ENDINGS = re.compile(rb'\{"e":"run_(?:ended|lost)".*\n')  # also behind a torn line, as a reader sees it


class EndWatch:
    """Watches a growing journal for its end record without reading the rest, at a hundredth of a reader's cost."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._rest = b""
        self._ending: RunEnded | RunLost | None = None

    def look(self) -> RunEnded | RunLost | None:
        """Return the run's end record once there is a complete one: the first, as it is for the replay."""
        while self._ending is None and (chunk := os.pread(self._descriptor, _CHUNK, self._offset)):
            self._offset += len(chunk)
            if b"\n" not in chunk and len(self._rest) > _MAX_LINE:
                self._rest = b"\0"  # a line too long for a reader; it is not the end record
                continue
            complete, newline, rest = (self._rest + chunk).rpartition(b"\n")
            self._rest = rest
            self._ending = _first_ending(complete + newline)
        return self._ending


def read_ending(descriptor: int) -> RunEnded | RunLost | None:
    """Return the end record of a journal from its last part, without reading all of it; None where it has none."""
    size = os.fstat(descriptor).st_size
    for length in _TAILS:
        ending = _first_ending(_tail(descriptor, size, length))
        if ending is not None or length >= size:
            return ending
    return None


def last_time(descriptor: int) -> int:
    """Return the latest ``t`` among a journal's last events (ns since the run's start); 0 where there is none."""
    size = os.fstat(descriptor).st_size
    times = [0]
    for line in _tail(descriptor, size, _TAILS[1]).split(b"\n"):
        try:
            event = decode(line)
        except ValueError:
            continue
        if event is not None and not isinstance(event, RunStarted):
            times.append(event.t)
    return max(times)


def _tail(descriptor: int, size: int, length: int) -> bytes:
    """Return the complete lines among the last ``length`` bytes."""
    tail = os.pread(descriptor, length, max(0, size - length))
    if length < size:
        tail = tail.partition(b"\n")[2]
    return tail[: tail.rfind(b"\n") + 1]


def _first_ending(lines: bytes) -> RunEnded | RunLost | None:
    if b'{"e":"run_' not in lines:  # ten times as fast as the expression
        return None
    for match in _ENDINGS.finditer(lines):
        try:
            event = decode(match[0])
        except ValueError:
            continue
        if isinstance(event, (RunEnded, RunLost)):
            return event
    return None
