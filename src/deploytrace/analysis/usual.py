"""What the runs of a kind usually take: the whole run and each task, with how much that scatters.

Of a task that changed something only runs count in which it did so too, and likewise where it was skipped: installing a
package takes longer than finding that it is there.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..run.summary import Summary, TaskKey, TaskTime
from .noise import MEASURABLE_NS, Noise, Scatter, noise_of, scatter_of, shift_of

__all__ = ["FEWEST", "MOST", "Case", "Usual", "alike", "case_of", "comparable", "usual_of"]

FEWEST, MOST = 5, 30
"""So many comparable runs are needed before anything is called unusual, and so many of the latest are looked at."""

Case = tuple[TaskKey, str]
"""A task, and what it came to: changed, skipped, failed or ok."""

_GOOD = "ok"  # the outcome of a run in which nothing failed
_HOSTS = 0.25  # by how much of them the number of hosts may differ


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual. ``runs`` are the ids of the runs that tell it, ``hosts`` is how many hosts the last of them had.

    Medians of ``tasks`` are without what the tasks of a run had in common (`noise.shift_of`).
    """

    runs: tuple[str, ...]
    hosts: int
    whole: Scatter
    tasks: Mapping[Case, Scatter]
    noise: Noise


def case_of(task: TaskTime) -> Case:
    """Return what a task is compared with its like by."""
    special = task.outcome if task.outcome in ("changed", "skipped", "failed", "unreachable", "interrupted") else "ok"
    return task.key, special


def comparable(history: Iterable[Summary], summary: Summary, most: int = MOST) -> list[Summary]:
    """Return the latest runs that a run may be compared with: before it, of its kind, that went well."""
    found = [each for each in history if each.start < summary.start and each.run_id != summary.run_id]
    found = [each for each in found if each.outcome == _GOOD and each.context.kind == summary.context.kind]
    found = [each for each in found if alike(each.context.hosts, summary.context.hosts)]
    return sorted(found, key=lambda each: each.start)[-most:]


def alike(hosts: int, others: int) -> bool:
    """Return whether two numbers of hosts are similar: by a quarter at most they differ, or by one."""
    return abs(hosts - others) <= max(1, _HOSTS * max(hosts, others))


def usual_of(history: Sequence[Summary], fewest: int = FEWEST) -> Usual | None:
    """Return what runs that are comparable take (in order of start), None of fewer than ``fewest``."""
    if len(history) < max(1, fewest):
        return None
    walls = [{case_of(task): float(task.wall_ns) for task in summary.tasks} for summary in history]
    shifts = _shifts(walls)
    samples: dict[Case, list[float]] = defaultdict(list)
    for wall, shift in zip(walls, shifts, strict=True):
        for case, ns in wall.items():
            samples[case].append(ns - shift if ns >= MEASURABLE_NS else ns)
    enough = {case: sample for case, sample in samples.items() if len(sample) >= fewest}
    noise = noise_of(enough.values())
    tasks = {case: scatter_of(sample, noise) for case, sample in enough.items()}
    spike = _common_spike(tasks.values())
    tasks = {case: replace(each, spike=max(each.spike, spike * each.sigma)) for case, each in tasks.items()}
    noise = replace(noise, spike=spike * noise.around(0).sigma)
    whole = scatter_of([float(summary.duration_ns) for summary in history], noise)
    runs = tuple(summary.run_id for summary in history)
    return Usual(runs, history[-1].context.hosts, whole, tasks, noise)


def _shifts(walls: Sequence[Mapping[Case, float]]) -> list[float]:
    """Return each run's shift against the medians over all runs."""
    values: dict[Case, list[float]] = defaultdict(list)
    for wall in walls:
        for case, ns in wall.items():
            values[case].append(ns)
    medians = {case: statistics.median(each) for case, each in values.items()}
    return [
        shift_of([ns - medians[case] for case, ns in wall.items() if medians[case] >= MEASURABLE_NS]) for wall in walls
    ]


def _common_spike(scatters: Iterable[Scatter]) -> float:
    """Return the spikes that any task may have, in its own scatter; the worst of all is that task's own affair."""
    spikes = sorted(scatter.spike / scatter.sigma for scatter in scatters if scatter.sigma)
    return spikes[-2] if len(spikes) > 1 else 0.0
