"""When hosts of a batch had to queue because all forks were taken, or a throttle's; when others were at work."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator
from itertools import pairwise

from .schedule import Batch

__all__ = ["Occupancy", "Stretches"]


class Stretches:
    """Disjoint intervals in order, of which any cut can be measured quickly."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._before: list[int] = []  # length of all that stand before
        self._length = 0

    def append(self, start: int, end: int) -> None:
        """Add an interval behind the others."""
        if end > start:
            self._starts.append(start)
            self._ends.append(end)
            self._before.append(self._length)
            self._length += end - start

    def within(self, start: int, end: int) -> int:
        """Return how much of this time is in the intervals."""
        if end <= start or not self._starts:
            return 0
        place = bisect.bisect_left(self._starts, end) - 1
        if place >= 0 and self._starts[place] <= start:  # as nearly always; saves a second search
            return max(0, min(end, self._ends[place]) - start)
        return self._until(end) - self._until(start)

    def _until(self, t: int) -> int:
        place = bisect.bisect_right(self._starts, t) - 1
        return self._before[place] + min(t, self._ends[place]) - self._starts[place] if place >= 0 else 0


class Occupancy:
    """Of one batch from ``start`` to ``end`` (ns since the run's start).

    ``others`` is when somebody was at work, and nobody had to queue.
    """

    def __init__(self, batch: Batch, start: int, end: int) -> None:
        self.others = Stretches()
        self._taken = Stretches()
        self._held = Stretches()
        working = throttled = 0
        begun = since = start
        at_last: Stretches | None = None
        last: dict[str, int] = {}
        for step in batch.steps:
            for work in step.works:
                last[work.host] = max(work.end, last.get(work.host, 0))
        busy_hosts = len(last)
        changes = [*_changes(batch), *((t, 0, 1, 0) for t in last.values()), *_throttled(batch), (end, 0, 0, 0)]
        for t, change, done, stopped in sorted(changes):
            if t > since:
                at: Stretches | None = None
                if working >= batch.slots < busy_hosts:
                    at = self._taken
                elif working:
                    at = self._held if throttled else self.others
                if at is not at_last:
                    if at_last is not None:
                        at_last.append(begun, since)
                    at_last, begun = at, since
                since = t
            working += change
            busy_hosts -= done
            throttled += stopped
        if at_last is not None:
            at_last.append(begun, since)

    def queued(self, start: int, end: int) -> tuple[int, int]:
        """Return how long of this time hosts queued for forks, and how long because of a throttle, ns.

        For forks: all were taken while more hosts than forks still had work to do. Because of a throttle: forks there
        were, but as many hosts were at a task as its throttle allows, while more had it to do.
        """
        return self._taken.within(start, end), self._held.within(start, end)


_Change = tuple[int, int, int, int]
"""When; by how much more works run, hosts are done, throttled tasks are at their limit."""


def _changes(batch: Batch) -> Iterator[_Change]:
    for step in batch.steps:
        for work in step.works:
            yield work.start, 1, 0, 0
            yield work.end, -1, 0, 0


def _throttled(batch: Batch) -> Iterator[_Change]:
    """Yield when a throttled task is at its limit: until each start from when so many are at it already."""
    for step in batch.steps:
        if not 0 < step.throttle < min(len(step.works), batch.slots):
            continue
        ends: list[int] = []
        for before, work in pairwise(step.works):
            heapq.heappush(ends, before.end)
            while ends and ends[0] <= before.start:
                heapq.heappop(ends)
            if len(ends) >= step.throttle:
                yield before.start, 0, 0, 1
                yield min(ends[0], work.start), 0, 0, -1
