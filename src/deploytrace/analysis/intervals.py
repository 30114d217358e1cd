"""A union of time intervals that grows: tasks of many hosts overlap, and what overlaps counts once."""

from __future__ import annotations

import bisect

__all__ = ["Intervals"]


class Intervals:
    """Intervals in one unit, kept as the disjoint stretches that they cover."""

    __slots__ = ("_ends", "_starts", "length")

    def __init__(self) -> None:
        self.length = 0
        """The length of what is covered."""
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Cover an interval; one that ends before it starts covers nothing."""
        if end <= start:
            return
        first = bisect.bisect_left(self._ends, start)  # the first stretch that it touches or comes before
        after = bisect.bisect_right(self._starts, end)  # the first stretch beyond it
        for index in range(first, after):
            self.length -= self._ends[index] - self._starts[index]
        if first < after:
            start, end = min(start, self._starts[first]), max(end, self._ends[after - 1])
        self._starts[first:after] = [start]
        self._ends[first:after] = [end]
        self.length += end - start
