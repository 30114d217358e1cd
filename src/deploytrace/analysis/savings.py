"""What a run would be shorter by without a task: the question that says which one is worth optimising.

In lockstep that is what the task takes from barrier to barrier, so one look at each task is enough. Where hosts go at
their own pace the whole batch is played again; beyond a bounded number of works that is estimated instead.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..run.model import Outcome
from .plan import Plan
from .schedule import Strategy
from .simulation import PlannedBatch, PlannedStep, PlannedWork, duration, step_duration

__all__ = ["Saving", "capped", "savings"]

_REGULAR = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.SKIPPED})
_PLAYED = 200_000  # works that are played again in one run, at about 1 µs each


@dataclass(slots=True)
class Saving:
    """``whole_ns``: without the task; ``median_ns``: if it took no host longer than the median host like it."""

    whole_ns: int = 0
    median_ns: int = 0


def savings(plan: Plan, tasks: Iterable[str]) -> dict[str, Saving]:
    """Return the savings of the tasks with these stable ids; those that stand first are played most exactly."""
    wanted = list(dict.fromkeys(tasks))
    found: defaultdict[str, Saving] = defaultdict(Saving)
    left = _PLAYED
    for batch in plan.batches:
        if batch.strategy is Strategy.LINEAR:
            _in_lockstep(batch, set(wanted), found)
            continue
        size = sum(len(step.works) for step in batch.steps)
        here = {step.step.detail.stable_id for step in batch.steps}
        among = [task for task in wanted if task in here]
        exact = max(1, left // (2 * max(1, size)))
        left -= 2 * size * min(exact, len(among))
        _played(batch, among[:exact], found)
        _estimated(batch, set(among[exact:]), found)
    return dict(found)


def capped(step: PlannedStep) -> PlannedStep:
    """Return a task as if no host took longer than the median host of those in which it came to the same."""
    medians = {outcome: _median(step.works, outcome) for outcome in {work.outcome for work in step.works}}
    works = []
    for work in step.works:
        median = medians[work.outcome]
        works.append(PlannedWork(work.host, median, *work[2:]) if work.duration > median else work)
    return step._replace(works=tuple(works))


def _median(works: Sequence[PlannedWork], outcome: Outcome) -> int:
    """Return what the median host took of those with an outcome; of all that did something, where it is a failure.

    One that changes something takes longer than one that finds nothing to do, or that skips: it is not slow for that.
    """
    alike = [work.duration for work in works if work.outcome is outcome]
    if outcome not in _REGULAR:
        alike = [work.duration for work in works if work.outcome is not Outcome.SKIPPED]
    return statistics.median_low(alike)


def _in_lockstep(batch: PlannedBatch, wanted: set[str], found: defaultdict[str, Saving]) -> None:
    for step in batch.steps:
        task = step.step.detail.stable_id
        if task in wanted:
            whole = step_duration(step, batch.workers)
            found[task].whole_ns += whole
            found[task].median_ns += max(0, whole - step_duration(capped(step), batch.workers))


def _played(batch: PlannedBatch, tasks: list[str], found: defaultdict[str, Saving]) -> None:
    now = duration([batch]) if tasks else 0
    for task in tasks:
        others = tuple(step for step in batch.steps if step.step.detail.stable_id != task)
        median = tuple(capped(step) if step.step.detail.stable_id == task else step for step in batch.steps)
        found[task].whole_ns += max(0, now - duration([batch._replace(steps=others)]))
        found[task].median_ns += max(0, now - duration([batch._replace(steps=median)]))


def _estimated(batch: PlannedBatch, tasks: set[str], found: defaultdict[str, Saving]) -> None:
    """Estimate by what a batch takes at least: its busiest host's work, or all work shared by all slots."""
    by_host: Counter[str] = Counter()
    whole: defaultdict[str, Counter[str]] = defaultdict(Counter)  # what each host would save, by task
    median: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for step in batch.steps:
        task = step.step.detail.stable_id
        even = capped(step).works if task in tasks else step.works
        for work, evened in zip(step.works, even, strict=True):
            by_host[work.host] += work.duration
            if task in tasks:
                whole[task][work.host] += work.duration
                median[task][work.host] += work.duration - evened.duration

    def least(saved: Counter[str]) -> int:
        left = [ns - saved[host] for host, ns in by_host.items()]
        return max(max(left, default=0), sum(left) // batch.slots)

    now = least(Counter())
    for task in whole:
        found[task].whole_ns += now - least(whole[task])
        found[task].median_ns += now - least(median[task])
