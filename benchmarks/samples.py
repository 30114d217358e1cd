"""The statistics: repetitions alternate, are compared in pairs, and medians are taken, since machines are noisy."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Spread", "differences", "ratios", "spread"]


@dataclass(frozen=True)
class Spread:
    """What repetitions gave: their median, and between ``low`` and ``high`` the middle half of them."""

    median: float
    low: float
    high: float
    count: int

    def __format__(self, spec: str) -> str:
        """Show the median and, where there are several values, the middle half."""
        if self.count == 1:
            return format(self.median, spec)
        return f"{self.median:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    low, median, high = quartiles
    return Spread(median, low, high, len(values))


def differences(values: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Return how much more each repetition took than the baseline's repetition beside it."""
    return spread([value - base for value, base in zip(values, baseline, strict=True)])


def ratios(values: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Return how many times as much each repetition took as the baseline's repetition beside it."""
    return spread([value / base for value, base in zip(values, baseline, strict=True)])
