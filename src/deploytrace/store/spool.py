"""What waits in a state directory: runs of which something is not delivered, by destination."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from ..journal.cursor import Cursor
from ..journal.directory import Directory

__all__ = ["Waiting", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many runs wait for a destination, and the size of their journals in bytes."""

    runs: int
    size: int


def waiting(directory: Directory) -> dict[str, Waiting]:
    """Return what waits by signal (name of the sink). A destination that a run has, and has all of, waits with 0."""
    found: dict[str, Waiting] = {}
    for run_id, path in directory.journal_files():
        cursor = Cursor(directory.cursor(run_id))
        for signal, position in cursor.positions.items():
            before = found.get(signal, Waiting(0, 0))
            found[signal] = before
            if not (position.complete or cursor.complete):
                with contextlib.suppress(OSError):
                    found[signal] = Waiting(before.runs + 1, before.size + path.stat().st_size)
    return found
