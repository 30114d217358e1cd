"""Ansible's scheduling, played through: how long a run takes, given how long its works and the controller do.

A plan is a schedule in which everything that waits is left out, and only what takes time by itself is kept. Played with
nothing changed, it takes as long as the run did; with a task left out, more forks or another strategy, as long as the
run would have. What is played is what ansible-core's strategy plugins do (2.17 to 2.22: lib/ansible/plugins/strategy).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from ..run.model import Outcome
from .schedule import Step, Strategy

__all__ = ["PlannedBatch", "PlannedStep", "PlannedWork", "duration", "step_duration"]

_DRAIN = 0.1  # linear: results taken in after each start, as a share of the forks


class PlannedWork(NamedTuple):
    """One task on one host: ``duration``, and what the controller takes for it, all in ns.

    ``prepare``: before it looks for a free fork; ``launch``: from then to the start; ``relaunch``: the same where it
    had to wait, from the end of the work that made room; ``announce``: to take in the result. ``outcome`` is how it
    ended.
    """

    host: str
    duration: int
    prepare: int
    launch: int
    relaunch: int
    announce: int
    outcome: Outcome


class PlannedStep(NamedTuple):
    """A task with its works in the order in which they are started; ``lead`` is the controller's time before it.

    ``throttle`` is how many hosts may be at it at once; 0: as many as there are forks.
    """

    step: Step
    lead: int
    works: tuple[PlannedWork, ...]
    throttle: int


class PlannedBatch(NamedTuple):
    """A play or serial batch: ``lead`` is the controller's time before it, ``slots`` how many hosts can be at work.

    ``hosts`` are in the order in which Ansible looks at them.
    """

    play: str
    strategy: Strategy
    lead: int
    slots: int
    hosts: tuple[str, ...]
    steps: tuple[PlannedStep, ...]

    @property
    def workers(self) -> int:
        """How many workers Ansible makes room for."""
        return min(self.slots, len(self.hosts))


def duration(batches: Sequence[PlannedBatch]) -> int:
    """Return how long the batches take one after the other, ns."""
    return sum(batch.lead + _batch(batch) for batch in batches)


def _batch(batch: PlannedBatch) -> int:
    if batch.strategy is Strategy.LINEAR:
        return sum(step_duration(step, batch.workers) for step in batch.steps)
    return _at_own_pace(batch)


def step_duration(step: PlannedStep, workers: int) -> int:
    """Return how long a task takes in lockstep: from the results of the one before to the last of its own, ns."""
    t = step.lead
    slots = min(workers, step.throttle) if step.throttle else workers
    drained = max(1, int(workers * _DRAIN))
    running: list[tuple[int, int]] = []  # a heap of works that hold a slot: end, announce
    over: deque[tuple[int, int]] = deque()  # ended, not yet announced; in order of end
    for _, lasts, prepare, launch, relaunch, announce, _ in step.works:
        t += prepare
        while running and running[0][0] <= t:
            over.append(heappop(running))
        t = max(t, running[0][0]) + relaunch if len(running) >= slots else t + launch
        heappush(running, (t + lasts, announce))
        while running and running[0][0] <= t:
            over.append(heappop(running))
        if over:
            for _ in range(min(drained, len(over))):
                t += over.popleft()[1]
    for end, announce in (*over, *sorted(running)):
        t = (end if end > t else t) + announce
    return t


def _at_own_pace(batch: PlannedBatch) -> int:
    """Return how long a batch takes under free or host_pinned.

    Ansible goes over the hosts again and again, from the first on, and starts the next task of each that has none;
    where all forks are taken it stands still there. Only after each round it takes in results. A host whose task is
    throttled ends the round, and the next one begins with it: until it is started, nobody is.
    """
    pinned = batch.strategy is Strategy.HOST_PINNED
    queues: list[deque[tuple[PlannedWork, _Throttle | None]]] = [deque() for _ in batch.hosts]
    places = {host: place for place, host in enumerate(batch.hosts)}
    for step in batch.steps:
        throttle = _Throttle(step.throttle) if step.throttle else None
        for work in step.works:
            queues[places[work.host]].append((work, throttle))
    ready = [place for place, queue in enumerate(queues) if queue]  # a heap: hosts that can be given a task
    unannounced: list[tuple[int, int, int]] = []  # end, place, announce
    running: list[int] = []  # ends of the works that hold a slot
    free = batch.workers
    t = first = 0  # places are counted from the first host that is looked at
    while ready or unannounced:
        while ready and not (pinned and free <= 0):
            work, throttle = queues[(ready[0] + first) % len(queues)][0]
            if throttle is not None and throttle.holds(t):
                shift = ready[0]
                ready = [place - shift for place in ready]
                first = (first + shift) % len(queues)
                break
            place = (heappop(ready) + first) % len(queues)
            queues[place].popleft()
            t = _start(work, t, batch.workers, running)
            heappush(running, t + work.duration)
            heappush(unannounced, (t + work.duration, place, work.announce))
            if throttle is not None:
                throttle.start(t + work.duration)
            free -= 1
        if unannounced and unannounced[0][0] > t:
            t = unannounced[0][0]
        while unannounced and unannounced[0][0] <= t:
            _, place, announce = heappop(unannounced)
            t += announce
            free += 1
            if queues[place]:
                heappush(ready, (place - first) % len(queues))
    return t


class _Throttle:
    """How many hosts may be at a task at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: list[int] = []  # ends

    def start(self, end: int) -> None:
        """One more is at it, until then."""
        heappush(self._running, end)

    def holds(self, t: int) -> bool:
        """Return whether there are as many as there may be."""
        while self._running and self._running[0] <= t:
            heappop(self._running)
        return len(self._running) >= self._most


def _start(work: PlannedWork, t: int, slots: int, running: list[int]) -> int:
    """Return when a work is started whose host is given it at ``t``; ``running`` loses those that have ended."""
    t += work.prepare
    while running and running[0] <= t:
        heappop(running)
    return max(t, running[0]) + work.relaunch if len(running) >= slots else t + work.launch
