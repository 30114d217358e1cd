"""Bars on a time axis, in characters: heavy where a host was at work, light where everybody waited.

A bar is drawn in half cells, so that a column of 40 characters tells 80 instants apart. What lasted less than a half
cell still shows as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Glyphs", "Interval", "Timeline", "merged"]

Interval = tuple[int, int]

_NONE, _LIGHT, _HEAVY = 0, 1, 2

# Steps of the axis in seconds: those that people count in.
_STEPS = (
    *(step * 10.0**power for power in range(-3, 1) for step in (1, 2, 5)),
    *(10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800),
)


class Glyphs(NamedTuple):
    """The characters of tree and bars; ``bar`` is indexed by the state of the left and the right half of a cell."""

    branch: str
    last: str
    through: str
    blank: str
    note: str
    more: str
    dot: str
    bar: tuple[tuple[str, str, str], ...]

    @classmethod
    def unicode(cls) -> Glyphs:
        """Return the characters for terminals that speak UTF-8."""
        return cls("├╴", "└╴", "│ ", "  ", "↳ ", "… ", " · ", ((" ", "╶", "╺"), ("╴", "─", "╼"), ("╸", "╾", "━")))

    @classmethod
    def ascii(cls) -> Glyphs:
        """Return the characters for all others."""
        return cls("|-", "`-", "| ", "  ", "> ", "... ", ", ", ((" ", "-", "="), ("-", "-", "="), ("=", "=", "=")))


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the intervals merged where they overlap, in order."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


class Timeline:
    """The time axis of one run, ``width`` characters wide, from ``start`` to ``end`` (Unix ns)."""

    def __init__(self, start: int, end: int, width: int, glyphs: Glyphs) -> None:
        self._start = start
        self._span = max(1, end - start)
        self._width = width
        self._glyphs = glyphs

    def _half(self, instant: int) -> float:
        return (instant - self._start) * 2 * self._width / self._span

    def bar(self, extent: Interval, busy: Sequence[Interval]) -> str:
        """Return a bar: light over ``extent``, heavy over the ``busy`` intervals, without trailing blanks."""
        halves = [_NONE] * (2 * self._width)
        for state, intervals in ((_LIGHT, (extent,)), (_HEAVY, busy)):
            for start, end in intervals:
                first = min(max(0, int(self._half(start))), len(halves) - 1)
                last = max(first + 1, min(len(halves), round(self._half(end))))
                halves[first:last] = [state] * (last - first)
        cells = (self._glyphs.bar[left][right] for left, right in zip(halves[::2], halves[1::2], strict=True))
        return "".join(cells).rstrip()

    def axis(self) -> str:
        """Return the axis' labels: seconds, minutes or hours since the start, about one in twelve characters."""
        seconds = self._span / 1e9
        room = max(1, self._width // 12)
        step = next((step for step in _STEPS if seconds / step <= room), seconds)
        line, tick = "", 0
        while tick * step <= seconds:
            at = int(tick * step / seconds * self._width)
            label = _label(tick * step, step)
            if at + len(label) > self._width:
                break
            if at >= len(line) + (1 if line else 0):
                line = line.ljust(at) + label
            tick += 1
        return line


def _label(seconds: float, step: float) -> str:
    if seconds == 0:
        return "0s"
    if step < 1:
        return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
    if step < 60 and seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if step < 60 or minutes < 60:
        return f"{minutes}m" + (f"{rest:02}" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h" + (f"{minutes:02}" if minutes else "")
