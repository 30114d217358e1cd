"""When nobody of a batch was at work, and when hosts had to queue because all forks were taken."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from .schedule import Batch

__all__ = ["Occupancy"]


class _Stretches:
    """Disjoint intervals in order, of which any cut can be measured quickly."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []  # length of all that stand before
        self._length = 0

    def append(self, start: int, end: int) -> None:
        if end > start:
            self._starts.append(start)
            self._ends.append(end)
            self._before.append(self._length)
            self._length += end - start

    def within(self, start: int, end: int) -> int:
        return self._until(end) - self._until(start) if end > start else 0

    def _until(self, t: int) -> int:
        place = bisect.bisect_right(self._starts, t) - 1
        return self._before[place] + min(t, self._ends[place]) - self._starts[place] if place >= 0 else 0


class Occupancy:
    """Of one batch from ``start`` to ``end`` (ns since the run's start)."""

    def __init__(self, batch: Batch, start: int, end: int) -> None:
        self._idle = _Stretches()
        self._taken = _Stretches()
        working, since = 0, start
        last: dict[str, int] = {}
        for step in batch.steps:
            for work in step.works:
                last[work.host] = max(work.end, last.get(work.host, 0))
        busy_hosts = len(last)
        for t, change, done in sorted([*_changes(batch), *((t, 0, 1) for t in last.values()), (end, 0, 0)]):
            if t > since:
                if not working:
                    self._idle.append(since, t)
                elif working >= batch.slots < busy_hosts:
                    self._taken.append(since, t)
                since = t
            working += change
            busy_hosts -= done

    def idle(self, start: int, end: int) -> int:
        """Return how long of this time nobody was at work, ns."""
        return self._idle.within(start, end)

    def taken(self, start: int, end: int) -> int:
        """Return how long of this time all forks were taken while more hosts than forks still had work to do, ns."""
        return self._taken.within(start, end)


def _changes(batch: Batch) -> Iterable[tuple[int, int, int]]:
    for step in batch.steps:
        for work in step.works:
            yield work.start, 1, 0
            yield work.end, -1, 0
