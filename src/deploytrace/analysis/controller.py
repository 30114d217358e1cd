"""What Ansible's main process did when, and what it waited for: the thread that all hosts' work hangs on.

It starts one worker after the other and takes in their results; between two such actions it is either busy itself or
waits: at a start for a free fork, at a result for the work to end. So every moment of a run has one explanation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from .schedule import Batch, Schedule, Step, Strategy, Work

__all__ = ["Action", "actions"]


class Action(NamedTuple):
    """The start of a work (``starts``), or the announcement of its result, at ``t``; the action before was ``since``.

    ``awaited`` is the work whose end the controller waited for before it; None where it was busy itself. Before a start
    that is a work that held the last free fork, or all that the task's throttle allows.
    """

    t: int
    since: int
    starts: bool
    work: Work
    step: Step
    batch: Batch
    awaited: Work | None


_Ending = tuple[int, int, Work]
"""When a work ends, a number, the work."""


def actions(schedule: Schedule) -> list[Action]:
    """Return all actions of a run, in order."""
    found: list[Action] = []
    for batch in schedule.batches:
        found.extend(_of_batch(batch, found[-1].t if found else 0))
    return found


def _of_batch(batch: Batch, since: int) -> Iterator[Action]:
    lockstep = batch.strategy is Strategy.LINEAR
    entries: list[tuple[int, int, int, Work, Step]] = []
    for step in batch.steps:
        for work in step.works:
            number, start, announced = len(entries), work.start, work.announced
            entries.append((start, 1, number, work, step))
            # At one instant results come before starts, save those of a work that took no time.
            entries.append((announced, 0 if announced > start else 2, number, work, step))
    entries.sort()
    running: list[_Ending] = []
    alike: defaultdict[int, list[_Ending]] = defaultdict(list)  # those of a throttled task
    for t, rank, number, work, step in entries:
        awaited = None
        if t < since:
            t = since
        if rank == 1:
            if lockstep:
                awaited = _awaited(running, step.slots(batch.slots), since, t)
            else:  # a host is told its task before a fork is looked for, but after the throttle
                awaited = _awaited(running, batch.slots, max(since, work.told), t)
                if step.throttle:
                    awaited = awaited or _awaited(alike[id(step)], step.throttle, since, t)
                    heappush(alike[id(step)], (work.end, number, work))
            heappush(running, (work.end, number, work))
        elif since < work.end and (not lockstep or since >= step.works[-1].start):
            awaited = work  # in lockstep only when all are started: before, results are taken in as they are there
        yield Action(t, since, rank == 1, work, step, batch, awaited)
        since = t


def _awaited(running: list[_Ending], most: int, since: int, t: int) -> Work | None:
    """Return the work whose end let another start at ``t``, if as many as may were running; forget what is over."""
    while running and running[0][0] <= since:
        heappop(running)
    return running[0][2] if len(running) >= most and running[0][0] <= t else None
