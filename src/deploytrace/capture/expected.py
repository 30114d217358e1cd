"""How much of a run is left, by the runs like it: read once, at its start, from a small file that the last one left.

Nothing here waits or asks the store; a file that is not there, or makes no sense, means that nothing is said.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

from ..events import RunStarted
from ..kinds import place, run_kind, task_hash, usual_file
from .ancestry import fqcn
from .extract import location, raw_name, strings, task_name

__all__ = ["Expected"]

_LARGEST = 256 * 1024  # bytes; a larger file would cost more than it tells
_MS = 1_000_000  # ns


class Expected:
    """When the run should be over: by half of the runs like it, and by nine of ten of them. Times are monotonic, ns."""

    def __init__(self, whole: list[int], left: dict[str, list[list[int]]], begun_ns: int, project: PurePath) -> None:
        """``whole`` and ``left`` are as in the file (`sinks.expectations`), in ms."""
        self._left = left
        self._project = project
        self._met: dict[str, int] = {}
        self._ends = self._from(begun_ns, whole)

    @classmethod
    def read(cls, state_dir: Path, started: RunStarted) -> Expected | None:
        """Return what is expected of a run, None where nothing is known of its like."""
        try:
            with usual_file(state_dir, run_kind(started)).open("rb") as file:
                found = json.loads(file.readline(_LARGEST))
            project = PurePath(started.playbook_path).parent
            return cls(found["whole"], found["left"], started.mono_ns, project)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def task_started(self, t: int, play: Any, task: Any) -> None:
        """A task is announced, for the first time: what is left from there is known anew."""
        role = getattr(task, "_role", None)
        owner = fqcn(role) if role is not None else ""
        name = raw_name(play) or ",".join(strings(getattr(play, "hosts", None)))
        key = task_hash(name, owner, place(location(task)[0], self._project), task_name(task))
        number = self._met[key] = self._met.get(key, 0) + 1
        left = self._left.get(key, ())
        if number <= len(left):
            self._ends = self._from(t, left[number - 1])

    def left(self, t: int) -> tuple[float, float]:
        """Return how much is left (s) by half of the runs, and by nine of ten."""
        half, most = self._ends
        return max(0, half - t) / 1e9, max(0, most - t) / 1e9

    @staticmethod
    def _from(t: int, pair: list[int]) -> tuple[int, int]:
        half, most = pair
        return t + half * _MS, t + most * _MS
