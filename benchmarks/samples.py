"""The statistics of repetitions that alternate between contestants on a machine that others use too.

CPU time is compared by the fastest repetition of each: what else the machine does only ever adds to it, by caches and
shared cores, and the more repetitions the surer one of them is undisturbed. Wall time is compared by the median, since
there the variation belongs to what is measured.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Measured", "cpu_above", "cpu_ratio", "share", "single", "wall", "wall_above"]


@dataclass(frozen=True)
class Measured:
    """What repetitions gave: the figure that counts, and between ``low`` and ``high`` the middle half of them."""

    value: float
    low: float
    high: float
    count: int

    def __format__(self, spec: str) -> str:
        """Show the figure and, where there are several repetitions, the middle half."""
        if self.count == 1:
            return format(self.value, spec)
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


def single(value: float) -> Measured:
    """Return something that was measured once."""
    return Measured(value, value, value, 1)


def cpu_above(values: Sequence[float], baseline: Sequence[float]) -> Measured:
    """Return how much more CPU the fastest repetition took than the baseline's fastest one."""
    return _measured(min(values) - min(baseline), [value - base for value, base in _pairs(values, baseline)])


def cpu_ratio(values: Sequence[float], baseline: Sequence[float]) -> Measured:
    """Return how many times as much CPU the fastest repetition took as the baseline's fastest one."""
    return _measured(min(values) / min(baseline), [value / base for value, base in _pairs(values, baseline)])


def share(values: Sequence[float], baseline: Sequence[float], wholes: Sequence[float]) -> Measured:
    """Return what percentage of the whole beside it each repetition took beyond the baseline beside it: the median.

    What makes a repetition dearer makes the whole dearer too, so there is no fastest one to look for.
    """
    beside = zip(_pairs(values, baseline), wholes[: len(values)], strict=True)
    return wall([(value - base) / whole * 100 for (value, base), whole in beside])


def wall(values: Sequence[float]) -> Measured:
    """Return the median."""
    return _measured(statistics.median(values), values)


def wall_above(values: Sequence[float], baseline: Sequence[float]) -> Measured:
    """Return by how much each repetition lasted longer than the baseline's repetition beside it: the median."""
    return wall([value - base for value, base in _pairs(values, baseline)])


def _pairs(values: Sequence[float], baseline: Sequence[float]) -> list[tuple[float, float]]:
    """Pair repetitions that were made one after the other; the baseline may have been repeated more often."""
    return list(zip(values, baseline[: len(values)], strict=True))


def _measured(value: float, values: Sequence[float]) -> Measured:
    quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Measured(value, quartiles[0], quartiles[2], len(values))
