"""From a run as it was scheduled to a plan that can be played again: waiting left out, the controller's time kept.

What the controller takes is measured from the run's own gaps: what passed between two of its actions and was not
spent waiting for a work's end, it was busy itself (`analysis.controller`).
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from .controller import Action, actions
from .schedule import Batch, Schedule, Strategy, Work
from .simulation import PlannedBatch, PlannedStep, PlannedWork

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's batches, and the controller's time after the last of them (ns)."""

    batches: tuple[PlannedBatch, ...]
    tail: int


@dataclass(slots=True)
class _Costs:
    """What the controller took for one work, as far as it can be seen; None where it can not."""

    prepare: int | None = None
    launch: int | None = None
    relaunch: int | None = None
    announce: int = 0


def plan(schedule: Schedule, done: Sequence[Action] | None = None) -> Plan:
    """Return the plan that a run followed; ``done`` are its actions, where they are known already."""
    done = actions(schedule) if done is None else done
    by_batch = {number: list(group) for number, group in groupby(done, key=lambda action: id(action.batch))}
    batches = tuple(_planned(batch, by_batch[id(batch)], schedule.start) for batch in schedule.batches)
    return Plan(batches, max(0, schedule.duration - (done[-1].t if done else 0)))


def _planned(batch: Batch, done: Sequence[Action], base: int) -> PlannedBatch:
    lockstep = batch.strategy is Strategy.LINEAR
    lead = min(max(0, batch.steps[0].detail.announced - base - done[0].since), done[0].t - done[0].since)
    costs: defaultdict[str, _Costs] = defaultdict(_Costs)
    for action in done:
        since = action.since + (lead if action is done[0] else 0)
        _look(action, since, costs[action.work.node.id], lockstep)
    firsts = {step.works[0].node.id for step in batch.steps} if lockstep else set()
    seen = [cost for node, cost in costs.items() if node not in firsts]
    prepare = _median(cost.prepare for cost in seen)
    launch = _median(cost.launch for cost in costs.values())
    relaunch = _median((cost.relaunch for cost in costs.values()), launch)

    def planned(work: Work, first: bool) -> PlannedWork:
        cost = costs[work.node.id]
        prepared = prepare if cost.prepare is None else min(cost.prepare, prepare) if first else cost.prepare
        return PlannedWork(
            work.host,
            work.end - work.start,
            prepared,
            launch if cost.launch is None else cost.launch,
            relaunch if cost.relaunch is None else cost.relaunch,
            cost.announce,
            work.node.outcome,
        )

    steps = []
    for step in batch.steps:
        before = max(0, (costs[step.works[0].node.id].prepare or 0) - prepare) if lockstep else 0
        works = tuple(planned(work, lockstep and number == 0) for number, work in enumerate(step.works))
        steps.append(PlannedStep(step, before, works, step.throttle))
    return PlannedBatch(batch.play.id, batch.strategy, lead, batch.slots, batch.hosts, tuple(steps))


def _look(action: Action, since: int, cost: _Costs, lockstep: bool) -> None:
    """Read from an action what the controller took for it."""
    if not action.starts:
        cost.announce = action.t - (since if action.awaited is None else max(since, action.awaited.end))
        return
    told = since if lockstep else min(max(since, action.work.told), action.t)  # in lockstep no host is told by itself
    if action.awaited is not None and not lockstep and action.awaited.end <= told:  # it was throttled
        cost.prepare, cost.launch = told - max(since, action.awaited.end), action.t - told
    elif action.awaited is not None:
        cost.relaunch = action.t - max(told, action.awaited.end)
        cost.prepare = None if lockstep or action.step.throttle else told - since
    elif lockstep:
        cost.prepare, cost.launch = action.t - since, 0
    else:
        cost.prepare, cost.launch = told - since, action.t - told


def _median(values: Iterable[int | None], default: int = 0) -> int:
    """Return the lower median of those that are known, else ``default``."""
    known = [value for value in values if value is not None]
    return statistics.median_low(known) if known else default
