"""A run as Ansible scheduled it: which task ran on which hosts, in which batch, under which strategy, with which forks.

The one model that the critical path, where the time went, and what-if share. All times are ns since the run's start.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import accumulate
from operator import attrgetter
from typing import NamedTuple

from ..events import PlayStarted
from ..run.load import children_first
from ..run.model import HostDetail, Kind, Node, PlayDetail, RunDetail, TaskDetail, Tree
from ..run.scope import in_lockstep

__all__ = ["Batch", "Schedule", "Step", "Strategy", "Work", "schedule"]

_start = attrgetter("start")
_PINNED = frozenset({"host_pinned", "mitogen_host_pinned"})


class Strategy(str, Enum):
    """How Ansible hands out tasks: all hosts at one task; each at its own pace; likewise, but few hosts at a time."""

    LINEAR = "linear"
    FREE = "free"
    HOST_PINNED = "host_pinned"

    @classmethod
    def named(cls, name: str) -> Strategy:
        """Return the one that a strategy plugin's name stands for; one that is not known is taken for free."""
        if in_lockstep(name):
            return cls.LINEAR
        return cls.HOST_PINNED if name.rpartition(".")[2] in _PINNED else cls.FREE


class Work(NamedTuple):
    """One task on one host: a worker's life. ``announced`` is when its result was; ``told`` when its task was."""

    node: Node
    detail: HostDetail
    host: str
    start: int
    end: int
    announced: int
    told: int


class Step(NamedTuple):
    """A task of a batch, or one flush of a handler, with its work in order of start; there is some.

    ``throttle`` is how many hosts may be at it at once; 0: as many as there are forks.
    """

    node: Node
    detail: TaskDetail
    works: tuple[Work, ...]
    throttle: int

    def slots(self, of: int) -> int:
        """Return how many of so many forks it may take."""
        return min(of, self.throttle) if self.throttle else of


class Batch(NamedTuple):
    """A play, or one serial batch of it. ``hosts`` are in Ansible's order; ``slots`` is how many can be at work.

    That order is the play's ``order`` (shuffled, say), in which a task that all of them do is started.
    """

    play: Node
    strategy: Strategy
    hosts: tuple[str, ...]
    slots: int
    steps: tuple[Step, ...]


class Schedule(NamedTuple):
    """A run; a batch in which no host was at work is left out. ``start`` is Unix ns.

    ``forks`` are the most workers that there were at once, where Ansible did not tell.
    """

    start: int
    duration: int
    forks: int
    batches: tuple[Batch, ...]


def schedule(tree: Tree) -> Schedule:
    """Return how a run was scheduled."""
    run = tree.node
    forks = run.detail.started.forks if isinstance(run.detail, RunDetail) else 0
    forks = forks or _most_at_once(tree)
    batches = []
    for play in tree.children:
        if isinstance(play.node.detail, PlayDetail):
            parts = [child for child in play.children if child.node.kind is Kind.BATCH]
            started = play.node.detail.started
            batches += [_batch(play.node, started, part, not parts, forks, run.start) for part in (play, *parts)]
    batches = [batch for batch in batches if batch.steps]
    return Schedule(run.start, run.end - run.start, forks, tuple(batches))


def _batch(play: Node, started: PlayStarted, part: Tree, whole: bool, forks: int, base: int) -> Batch:
    steps = [
        Step(task.node, detail, tuple(sorted(_works(task, base), key=_start)), max(0, detail.definition.throttle))
        for task, detail in _tasks(part)
        if any(child.node.kind is Kind.HOST for child in task.children)
    ]
    steps.sort(key=lambda step: step.works[0].start)
    widest = max(steps, key=lambda step: len(step.works), default=None)
    first = dict.fromkeys(work.host for work in widest.works) if widest is not None else {}
    told = dict.fromkeys(started.hosts or ()) if whole else {}
    met = dict.fromkeys(work.host for step in steps for work in step.works)
    hosts = tuple({**first, **told, **met})
    return Batch(
        play=play,
        strategy=Strategy.named(started.strategy),
        hosts=hosts,
        slots=forks,
        steps=tuple(steps),
    )


def _tasks(tree: Tree) -> Iterator[tuple[Tree, TaskDetail]]:
    for child in tree.children:
        if isinstance(child.node.detail, TaskDetail):
            yield child, child.node.detail
        elif child.node.kind in (Kind.ROLE, Kind.BLOCK):
            yield from _tasks(child)


def _works(task: Tree, base: int) -> Iterator[Work]:
    for child in task.children:
        node, detail = child.node, child.node.detail
        if isinstance(detail, HostDetail):
            start, end = node.start - base, node.end - base
            announced = end if detail.announced is None else max(end, detail.announced - base)
            yield Work(node, detail, detail.host, start, end, announced, start - detail.waited_ns)


def _most_at_once(tree: Tree) -> int:
    """Return how many hosts were at work at once at most; at least 1."""
    works = [node for node in children_first(tree) if node.kind is Kind.HOST]
    changes = sorted([*((node.start, 1) for node in works), *((node.end, -1) for node in works)])
    return max(1, *accumulate(change for _, change in changes)) if works else 1
