"""How much durations scatter from run to run, and from where on a difference is more than that.

The scatter of a task is estimated by the median absolute deviation of its durations, which a few odd runs do not
disturb, and, since a handful of runs tells little, by that of all tasks of the playbook. The less is known the further
away the limit is put (Student's t), and the more is looked at, so that a run in which nothing has changed raises a
false alarm in less than one case of a hundred, however many tasks it has. Durations are not normal, though: now and
then one is far too long by itself. So a difference must also go far beyond the *spikes* that were seen before.

What most tasks of a run have in common (the controller was busy, say) is no change of any of them: the *shift*. And
in a run in which most tasks scatter more than they usually do (a *wild* one), a single one must stand out from that.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["MEASURABLE_NS", "Noise", "Scatter", "noise_of", "scatter_of", "shift_of", "spike_of", "wildness_of"]

MEASURABLE_NS = 100_000_000
"""What takes less, and is no module then, has no part in a shift (ns)."""

_FALSE_ALARMS = 0.005  # share of unchanged runs in which something may pass for a change; half of what is promised
_SPIKE = 1.8  # times the spikes seen before is what a change must exceed
_LEAST, _LEAST_NS = 0.1, 50_000_000  # less than a tenth, or than 50 ms, is of no interest
_START_NS, _RELATIVE = 100_000_000, 0.04  # the scatter that is assumed: starting a task (ns), and of its duration
_ASSUMED_SPIKE_NS = 1_000_000_000  # what a task takes too long now and then, where no history tells
_ASSUMED_FREEDOM, _COMMON_FREEDOM = 4.0, 3.0  # how firmly that is assumed, and what all tasks show of a single one
_NORMAL = 1.4826  # times the median absolute deviation is the standard deviation, where the scatter is normal
_EFFICIENCY = 0.37  # how much a median absolute deviation tells of n values, beside their standard deviation
_FEW = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
# By what it is too small for few values: Croux and Rousseeuw, Time-Efficient Algorithms for Two Highly Robust
# Estimators of Scale (1992).
_COMMON_TASKS = 5  # that it takes to tell what tasks have in common
_WILD_BY_CHANCE = 1.2  # divided by the root of their number: by how much more they may scatter without being wild


@dataclass(frozen=True, slots=True)
class Scatter:
    """Around which duration (ns) values lie, and how far: ``sigma`` (ns), known with ``freedom`` degrees.

    ``spike`` is by how much (ns) a single value lay above its neighbours, at most.
    """

    median: float
    sigma: float
    freedom: float
    spike: float = 0.0

    def limit(self, tests: int, *, of: float = 1.0) -> float:
        """Return how far (ns) from the median a value may lie by chance, where ``tests`` values are looked at at once.

        ``of``: times the scatter; the square root of 2 for the difference of two values.
        """
        chance = _student(1 - _FALSE_ALARMS / max(1, tests), self.freedom) * self.sigma * of
        return max(chance, _SPIKE * self.spike, _LEAST * self.median, _LEAST_NS)


@dataclass(frozen=True, slots=True)
class Noise:
    """The scatter that all tasks of a playbook have in common: ``factor`` times what is assumed of any playbook.

    ``spike`` (ns) is what a task may take too long now and then.
    """

    factor: float = 1.0
    freedom: float = _ASSUMED_FREEDOM
    spike: float = _ASSUMED_SPIKE_NS

    def around(self, ns: float) -> Scatter:
        """Return the scatter to be assumed of a task that takes so long (ns); of one that takes none, of its start."""
        return Scatter(ns, self.factor * _assumed(ns), self.freedom, self.spike)


def noise_of(samples: Iterable[Sequence[float]]) -> Noise:
    """Return the noise that tasks show in common; each sample is a task's durations (ns) in several runs."""
    found = []
    freedom = 0.0
    for sample in samples:
        if len(sample) >= 2:
            middle = statistics.median(sample)
            found.append(_deviation(sample, middle) / _assumed(middle))
            freedom += _EFFICIENCY * (len(sample) - 1)
    if not found:
        return Noise()
    square = (_ASSUMED_FREEDOM + freedom * statistics.median(found) ** 2) / (_ASSUMED_FREEDOM + freedom)
    return Noise(math.sqrt(square), _ASSUMED_FREEDOM + freedom)


def scatter_of(sample: Sequence[float], noise: Noise) -> Scatter:
    """Return the scatter of one task's durations (ns, at least one, in the order of the runs)."""
    middle = statistics.median(sample)
    assumed = noise.around(middle)
    own = _EFFICIENCY * (len(sample) - 1)
    common = min(assumed.freedom, _COMMON_FREEDOM)
    freedom = own + common
    square = (own * _deviation(sample, middle) ** 2 + common * assumed.sigma**2) / freedom
    return Scatter(middle, math.sqrt(square), freedom, spike_of(sample))


def spike_of(sample: Sequence[float]) -> float:
    """Return by how much a value lay above both its neighbours, at most; a task that has become slow makes no spike."""
    around = zip(sample, sample[1:], sample[2:], strict=False)
    return max((min(here - before, here - after) for before, here, after in around), default=0.0)


def shift_of(differences: Sequence[float]) -> float:
    """Return by how much (ns) three of four tasks are slower, at least, or faster (negative), else 0."""
    if len(differences) < _COMMON_TASKS:
        return 0.0
    ordered = sorted(differences)
    quarter = len(ordered) // 4
    return max(0.0, ordered[quarter]) + min(0.0, ordered[-1 - quarter])


def wildness_of(deviations: Sequence[float]) -> float:
    """Return how many times as much as usual (at least 1) a run's tasks scatter, told by half of them.

    ``deviations`` are those of its tasks from what is usual, each in its own scatter.
    """
    if len(deviations) < _COMMON_TASKS:
        return 1.0
    by_chance = 1 + _WILD_BY_CHANCE / math.sqrt(len(deviations))
    return max(1.0, _NORMAL * statistics.median(map(abs, deviations)) / by_chance)


def _assumed(ns: float) -> float:
    return math.hypot(_START_NS, _RELATIVE * ns)


def _deviation(sample: Sequence[float], middle: float) -> float:
    count = len(sample)
    few = _FEW.get(count, count / (count - 0.8))
    return _NORMAL * few * statistics.median(abs(value - middle) for value in sample)


def _student(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t, by Wallace's approximation (Biometrika 46, 1959), good to a few percent."""
    normal = statistics.NormalDist().inv_cdf(probability) * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(normal**2 / freedom))
