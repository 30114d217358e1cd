"""What runs of a kind spend their time on: the usual time of each task, role, play or host, its share, its trend."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..run.summary import Summary, TaskKey, Times

__all__ = ["BY", "Trend", "times_of", "trends"]

BY = ("task", "role", "play", "host")

_P95 = 0.95


@dataclass(frozen=True, slots=True)
class Trend:
    """One task (its key), role, play or host (its name) over several runs; durations are ns.

    ``median_ns`` and ``p95_ns`` are over the ``runs`` that had it, ``share`` is its part of the time of all runs, which
    for what happens at the same time add up to more than 1. ``change`` compares the later half with the earlier one
    (0.1: ten percent longer); None with fewer than four runs.
    """

    key: TaskKey | str
    runs: int
    median_ns: int
    p95_ns: int
    total_ns: int
    share: float
    change: float | None
    values: tuple[int, ...]


def trends(times: Times) -> list[Trend]:
    """Return what took longest in all first."""
    whole = sum(times.durations) or 1
    found = [_trend(key, [ns for _, ns in values], whole) for key, values in times.times.items() if values]
    return sorted(found, key=lambda trend: -trend.total_ns)


def _trend(key: TaskKey | str, values: Sequence[int], whole: int) -> Trend:
    ordered = sorted(values)
    half = len(values) // 2
    change = None
    if half >= 2 and (before := statistics.median(values[:half])):
        change = statistics.median(values[-half:]) / before - 1
    return Trend(
        key=key,
        runs=len(values),
        median_ns=round(statistics.median(ordered)),
        p95_ns=ordered[min(len(ordered) - 1, int(_P95 * len(ordered)))],
        total_ns=sum(values),
        share=sum(values) / whole,
        change=change,
        values=tuple(values),
    )


def times_of(summaries: Sequence[Summary], by: str, measure: str) -> Times:
    """Return the times of runs (in order of start) by task, role, play or host; ``measure`` of tasks: wall, hosts."""
    found: dict[TaskKey | str, list[tuple[int, int]]] = {}
    for number, summary in enumerate(summaries):
        for key, ns in _parts(summary, by, measure):
            found.setdefault(key, []).append((number, ns))
    return Times(tuple(summary.duration_ns for summary in summaries), found)


def _parts(summary: Summary, by: str, measure: str) -> Iterator[tuple[TaskKey | str, int]]:
    if by == "task":
        yield from ((task.key, task.hosts_ns if measure == "hosts" else task.wall_ns) for task in summary.tasks)
    elif by == "role":
        yield from ((role.role, role.own_ns) for role in summary.roles)
    elif by == "play":
        yield from ((play.play, play.wall_ns) for play in summary.plays)
    else:
        yield from ((host.host, host.busy_ns) for host in summary.hosts)
