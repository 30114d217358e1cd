"""When a run in progress should be over, by the runs like it: known anew with each task that hosts come to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..events import RunStarted
from ..kinds import run_kind, task_hash, usual_file
from ..run.model import Node, TaskDetail

__all__ = ["Progress"]

_MS = 1_000_000  # ns


class Progress:
    """Takes the nodes of a run. ``ends`` is when it should end, by half and by nine of ten runs (Unix ns), if known."""

    def __init__(self, started: RunStarted, state_dir: Path | None) -> None:
        self.ends: tuple[int, int] | None = None
        self._left: Mapping[str, Sequence[Sequence[int]]] = {}
        self._met: dict[str, int] = {}
        found = None if state_dir is None else _read(state_dir, started)
        if found is not None:
            whole, self._left = found
            self._expect(started.wall_ns, whole)

    def take(self, node: Node) -> None:
        """Take in a node that has ended: of a task it is known what was left when it began."""
        detail = node.detail
        if not isinstance(detail, TaskDetail) or not self._left:
            return
        what = detail.definition
        key = task_hash(detail.play, what.role_fqcn or what.role or "", detail.place, what.name)
        number = self._met[key] = self._met.get(key, 0) + 1
        left = self._left.get(key, ())
        if number <= len(left):
            self._expect(detail.announced, left[number - 1])

    def _expect(self, begun: int, left: Sequence[int]) -> None:
        half, most = (begun + ms * _MS for ms in left)
        self.ends = half, most


def _read(state_dir: Path, started: RunStarted) -> tuple[Sequence[int], Mapping[str, Sequence[Sequence[int]]]] | None:
    try:
        with usual_file(state_dir, run_kind(started)).open("rb") as file:
            found = json.loads(file.readline())
        return found["whole"], found["left"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
