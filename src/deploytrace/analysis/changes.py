"""Changes to a run's plan: other forks, another strategy, other batches, tasks left out or made faster."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from .plan import Plan
from .schedule import Step, Strategy
from .simulation import PlannedBatch, PlannedStep, PlannedWork

__all__ = ["Changes", "Faster", "changed"]


class Faster(NamedTuple):
    """A task takes ``share`` of its time on each host (0.5: half as long), or at most ``most_ns``."""

    task: str
    share: float = 1.0
    most_ns: int | None = None

    def of(self, ns: int) -> int:
        """Return what is left of a duration, ns."""
        shorter = round(ns * self.share)
        return shorter if self.most_ns is None else min(shorter, self.most_ns)


class Changes(NamedTuple):
    """What is to be different; tasks are named by their stable ids. ``serial`` as in a play: numbers, percentages.

    ``plays`` are the ids of those whose strategy and batches change; none: all. ``throttle`` is how many hosts may be
    at a task at once, 0: as many as there are forks.
    """

    forks: int | None = None
    strategy: Strategy | None = None
    serial: tuple[str, ...] = ()
    plays: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    faster: tuple[Faster, ...] = ()
    throttle: tuple[tuple[str, int], ...] = ()

    @property
    def scheduling(self) -> bool:
        """Whether more than the works themselves changes."""
        return bool(self.forks or self.strategy or self.serial or self.throttle)

    def concern(self, play: str) -> bool:
        """Return whether a play's strategy and batches change."""
        return not self.plays or play in self.plays


def changed(plan: Plan, changes: Changes) -> Plan:
    """Return the plan with the changes made."""
    batches = plan.batches
    if changes.serial:
        batches = tuple(
            part
            for play in _plays(batches)
            for part in (_split(_joined(play), play, changes.serial) if changes.concern(play[0].play) else play)
        )
    return Plan(tuple(_changed(batch, changes) for batch in batches), plan.tail)


def _changed(batch: PlannedBatch, changes: Changes) -> PlannedBatch:
    steps = [step for step in batch.steps if step.step.detail.stable_id not in changes.without]
    for faster in changes.faster:
        steps = [_mapped(step, faster.of) if step.step.detail.stable_id == faster.task else step for step in steps]
    for task, throttle in changes.throttle:
        steps = [step._replace(throttle=throttle) if step.step.detail.stable_id == task else step for step in steps]
    strategy = (changes.strategy if changes.concern(batch.play) else None) or batch.strategy
    if strategy is not batch.strategy and strategy is Strategy.LINEAR:
        steps = list(_in_lockstep(steps, batch.hosts))
    elif batch.strategy is Strategy.LINEAR and strategy is not Strategy.LINEAR:
        steps = [_on_every_host(step, batch.hosts) if step.step.detail.definition.run_once else step for step in steps]
    return batch._replace(steps=tuple(steps), strategy=strategy, slots=changes.forks or batch.slots)


def _mapped(step: PlannedStep, change: Callable[[int], int]) -> PlannedStep:
    return step._replace(works=tuple(work._replace(duration=change(work.duration)) for work in step.works))


def _in_lockstep(steps: Sequence[PlannedStep], hosts: Sequence[str]) -> Iterator[PlannedStep]:
    """Yield tasks as they would run in lockstep: all hosts at one, in their order, and once where it is to.

    Hosts at their own pace that include the same file at different times run it as tasks of their own.
    """
    own: dict[str, list[tuple[PlannedStep, PlannedWork]]] = {host: [] for host in hosts}
    for step in steps:
        for work in step.works:
            own[work.host].append((step, work))
    found: defaultdict[_Key, list[tuple[PlannedStep, PlannedWork]]] = defaultdict(list)
    sequences = [_numbered(step for step, _ in works) for works in own.values()]
    for works, keys in zip(own.values(), sequences, strict=True):
        for key, each in zip(keys, works, strict=True):
            found[key].append(each)
    for key in _merged(sequences):
        step = found[key][0][0]
        once = step.step.detail.definition.run_once
        yield step._replace(works=tuple(work for _, work in found[key][: 1 if once else None]))


def _on_every_host(step: PlannedStep, hosts: Sequence[str]) -> PlannedStep:
    """Return a task that ran once as it would run outside lockstep, where Ansible heeds no run_once."""
    template = step.works[0]
    return step._replace(works=tuple(template._replace(host=host) for host in hosts))


def _plays(batches: Sequence[PlannedBatch]) -> Iterator[list[PlannedBatch]]:
    for _, group in groupby(batches, lambda batch: batch.play):
        yield list(group)


def _joined(play: Sequence[PlannedBatch]) -> list[list[PlannedStep]]:
    """Return the tasks of a play in order, each with what it was in the batches that had it."""
    found: defaultdict[_Key, list[PlannedStep]] = defaultdict(list)
    sequences = [_numbered(batch.steps) for batch in play]
    for batch, keys in zip(play, sequences, strict=True):
        for key, step in zip(keys, batch.steps, strict=True):
            found[key].append(step)
    return [found[key] for key in _merged(sequences)]


_Key = tuple[str, int]
"""A task's stable id, and the how many-eth of that id it is."""


def _numbered(steps: Iterable[PlannedStep]) -> list[_Key]:
    seen: Counter[str] = Counter()
    keys = []
    for step in steps:
        name = step.step.detail.stable_id
        seen[name] += 1
        keys.append((name, seen[name]))
    return keys


def _merged(sequences: Iterable[Iterable[_Key]]) -> list[_Key]:
    """Return all that the sequences hold, each once, in an order that fits theirs."""
    order: list[_Key] = []
    known: set[_Key] = set()
    for sequence in sequences:
        place = 0
        for key in sequence:
            if key not in known:
                known.add(key)
                order.insert(place, key)
            elif order[place : place + 1] != [key]:
                place = order.index(key)
            place += 1
    return order


def _split(
    joined: Sequence[Sequence[PlannedStep]], play: Sequence[PlannedBatch], serial: Sequence[str]
) -> Iterator[PlannedBatch]:
    hosts = list(dict.fromkeys(host for batch in play for host in batch.hosts))
    lead = sorted(batch.lead for batch in play)[(len(play) - 1) // 2]
    start = 0
    for size in _sizes(serial, len(hosts)):
        part = hosts[start : start + size]
        steps = (_part(parts, part) for parts in joined)
        kept = tuple(step for step in steps if step.works)
        yield play[0]._replace(lead=play[0].lead if start == 0 else lead, hosts=tuple(part), steps=kept)
        start += size


def _part(parts: Sequence[PlannedStep], hosts: Sequence[str]) -> PlannedStep:
    step: Step = parts[0].step
    works: list[PlannedWork] = [work for part in parts for work in part.works]
    if step.detail.definition.run_once:
        chosen = [works[0]._replace(host=hosts[0])]
    else:
        chosen = [work for work in works if work.host in set(hosts)]
    return PlannedStep(step, parts[0].lead, tuple(chosen), parts[0].throttle)


def _sizes(serial: Sequence[str], hosts: int) -> Iterator[int]:
    """Yield the batches' sizes as Ansible makes them: the last one named goes on until no host is left."""
    left, place = hosts, 0
    while left > 0:
        text = serial[min(place, len(serial) - 1)]
        size = int(float(text[:-1]) * hosts / 100) if text.endswith("%") else int(text)
        size = min(left, max(1, size))
        yield size
        left -= size
        place += 1
