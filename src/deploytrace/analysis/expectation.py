"""How much of a run is left when a task begins, told by the runs like it that are over.

Of each announcement of a task (the first, the second... of the run) it is known how long those runs still took from
there; half of them took no longer than the first figure, nine of ten no longer than the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kinds import task_hash
from ..run.summary import Summary

__all__ = ["FEWEST", "Left", "left_of"]

FEWEST = 2
"""So many comparable runs are needed before anything is expected of the next."""

_SHARES = (0.5, 0.9)

Pair = tuple[int, int]
"""What half of the runs, and what nine of ten, took at most (ns)."""


@dataclass(frozen=True, slots=True)
class Left:
    """``whole`` is how long runs take; ``tasks`` how long from each announcement of a task, by `kinds.task_hash`."""

    runs: int
    whole: Pair
    tasks: Mapping[str, tuple[Pair, ...]]


def left_of(history: Sequence[Summary]) -> Left | None:
    """Return what is left of runs like these; None of fewer than two."""
    if len(history) < FEWEST:
        return None
    found: dict[str, list[list[int]]] = defaultdict(list)
    for summary in history:
        begins: dict[str, list[int]] = defaultdict(list)
        for task in summary.tasks:
            key = task.key
            begins[task_hash(key.play, key.role, key.place, key.name)] += [begin for begin, _ in task.passes]
        for name, starts in begins.items():
            rows = found[name]
            for number, start in enumerate(sorted(starts)):
                if number == len(rows):
                    rows.append([])
                rows[number].append(summary.duration_ns - start)
    tasks = {name: tuple(_pair(values) for values in rows) for name, rows in found.items()}
    return Left(len(history), _pair([summary.duration_ns for summary in history]), tasks)


def _pair(values: Sequence[int]) -> Pair:
    """Return the quantiles of some values, between two of them where they lie between."""
    ordered = sorted(values)
    found = []
    for share in _SHARES:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(round(ordered[below] + (ordered[above] - ordered[below]) * (place - below)))
    return found[0], found[1]
