"""From a run as it was scheduled to a plan that can be played again: waiting left out, the controller's time kept.

What the controller takes is measured from the run's own gaps: what passed between two of its actions and was not
spent waiting for a work's end, it was busy itself (`analysis.controller`).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from .controller import Action, actions
from .schedule import Batch, Schedule, Strategy
from .simulation import PlannedBatch, PlannedStep, PlannedWork

__all__ = ["Plan", "plan"]


class Plan(NamedTuple):
    """A run's batches, and the controller's time after the last of them (ns)."""

    batches: tuple[PlannedBatch, ...]
    tail: int


_Cost = tuple[int | None, int | None, int | None]
"""What the controller took to start a work: prepare, launch, relaunch; None where that can not be seen."""


def plan(schedule: Schedule, done: Sequence[Action] | None = None) -> Plan:
    """Return the plan that a run followed; ``done`` are its actions, where they are known already."""
    done = actions(schedule) if done is None else done
    by_batch = {id(batch): list(group) for batch, group in groupby(done, attrgetter("batch"))}
    batches = tuple(_planned(batch, by_batch[id(batch)], schedule.start) for batch in schedule.batches)
    return Plan(batches, max(0, schedule.duration - (done[-1].t if done else 0)))


def _planned(batch: Batch, done: list[Action], base: int) -> PlannedBatch:
    lockstep = batch.strategy is Strategy.LINEAR
    first = done[0]
    lead = min(max(0, batch.steps[0].detail.announced - base - first.since), first.t - first.since)
    done[0] = first._replace(since=first.since + lead)
    started: dict[str, _Cost] = {}
    announced: dict[str, int] = {}
    for action in done:
        t, since, starts, work, _, _, awaited = action
        if not starts:
            announced[work.node.id] = t - (since if awaited is None else max(since, awaited.end))
        elif lockstep and awaited is None:  # there no host is told by itself
            started[work.node.id] = t - since, 0, None
        else:
            started[work.node.id] = _starting(action, lockstep)
    firsts = {step.works[0].node.id for step in batch.steps} if lockstep else set()
    prepare = _median([cost[0] for node, cost in started.items() if node not in firsts])
    launch = _median([cost[1] for cost in started.values()])
    relaunch = _median([cost[2] for cost in started.values()], launch)
    steps = []
    for step in batch.steps:
        works = []
        for work in step.works:
            node = work.node.id
            prepares, launches, relaunches = started[node]
            if prepares is None or (node in firsts and prepares > prepare):
                prepares = prepare
            launches = launch if launches is None else launches
            relaunches = relaunch if relaunches is None else relaunches
            lasts, outcome = work.end - work.start, work.node.outcome
            works.append(PlannedWork(work.host, lasts, prepares, launches, relaunches, announced[node], outcome))
        before = max(0, (started[step.works[0].node.id][0] or 0) - prepare) if lockstep else 0
        steps.append(PlannedStep(step, before, tuple(works), step.throttle))
    return PlannedBatch(batch.play.id, batch.strategy, lead, batch.slots, batch.hosts, tuple(steps))


def _starting(action: Action, lockstep: bool) -> _Cost:
    """Return what the controller took to start a work."""
    t, since, _, work, step, _, awaited = action
    told = since if lockstep else min(max(since, work.told), t)
    if awaited is None:
        return told - since, t - told, None
    if not lockstep and awaited.end <= told:  # it was throttled
        return told - max(since, awaited.end), t - told, None
    return None if lockstep or step.throttle else told - since, None, t - max(told, awaited.end)


def _median(values: Iterable[int | None], default: int = 0) -> int:
    """Return the lower median of those that are known, else ``default``."""
    known = [value for value in values if value is not None]
    return statistics.median_low(known) if known else default
