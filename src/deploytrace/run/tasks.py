"""A task while its hosts are at work on it: one occurrence of it, with the figures that its node gets."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping

from .. import identity
from ..events import TaskDefined
from ..kinds import task_hash
from .containers import Container, gravest
from .model import Failure, Kind, Link, Node, Outcome, TaskDetail

__all__ = ["Occurrence", "TaskState", "stable_id", "union"]

_MOST_LINKS = 128  # OpenTelemetry's default limit of links on a span


def stable_id(play: str, definition: TaskDefined, place: str) -> str:
    """Return a task's identity over runs: 16 hex digits of play, role, place in the project, and name as written."""
    return task_hash(play, definition.role_fqcn or "", f"{place}:{definition.line}", definition.name)


def union(intervals: list[tuple[int, int]]) -> int:
    """Return the length of the union of intervals, in their unit; reorders the list."""
    intervals.sort()
    total, reach = 0, -1
    for start, end in intervals:
        total += max(0, end - max(start, reach))
        reach = max(reach, end)
    return total


class TaskState:
    """What replay knows of one task of the play that is running."""

    __slots__ = (
        "announcements",
        "definition",
        "occurrences",
        "path",
        "place",
        "rescuable",
        "runs",
        "stable_id",
    )

    def __init__(self, definition: TaskDefined, path: tuple[Container, ...]) -> None:
        self.definition = definition
        self.path = path
        self.rescuable = definition.rescuable
        self.announcements = 0
        self.occurrences: dict[int, Occurrence] = {}
        self.runs: Counter[str] = Counter()  # by host; only for handlers outside lockstep
        self.stable_id = ""
        self.place = ""


class Occurrence(Container):
    """A task that is open, or one flush of a handler."""

    __slots__ = ("announced", "done", "hosts", "intervals", "notified_by", "number", "open", "play", "slowest", "state")

    def __init__(self, state: TaskState, number: int, play: str, announced: int) -> None:
        definition = state.definition
        kind = Kind.HANDLER if definition.handler else Kind.TASK
        node_id = identity.task_node(definition.task, number)
        super().__init__(node_id, kind, definition.name, state.path[-1], self._detail)
        self.state = state
        self.number = number
        self.play = play
        self.announced = announced  # Unix ns
        self.open = 0  # executions at work, or held because they are provisional
        self.done: set[str] = set()
        self.hosts: Counter[Outcome] = Counter()
        self.intervals: list[tuple[int, int]] = []
        self.slowest: tuple[int, str] | None = None
        self.notified_by: dict[str, None] = {}

    def take(self, node: Node, host: str, base: int) -> None:
        """Take in a host result that has ended."""
        start, end, outcome, failure = node.start - base, node.end - base, node.outcome, node.failure
        self.cover(start, end)
        self.intervals.append((start, end))
        self.hosts[outcome] += 1
        self.done.add(host)
        if outcome is not self.outcome:
            self.outcome = gravest(self.outcome, outcome)
        if failure is not None and outcome not in (Outcome.IGNORED, Outcome.RESCUED) and self.failure is None:
            self.failure = failure
        if self.slowest is None or end - start > self.slowest[0]:
            self.slowest = (end - start, host)

    def fail(self, failure: Failure | None, outcome: Outcome) -> None:
        """Count a failure that Ansible told after the host result had left."""
        self.outcome = gravest(self.outcome, outcome)
        self.failure = self.failure or failure

    def link(self, notifiers: Mapping[str, str]) -> None:
        """Tie a handler to the host results that notified it; the mapping is node id to task name."""
        for node_id, name in notifiers.items():
            self.notified_by[name] = None
            if len(self.links) < _MOST_LINKS:
                self.links.append(Link(node_id, "notify"))

    @property
    def straggler_ns(self) -> int:
        """How much longer the slowest host took than the median host, ns; 0 with fewer than two hosts."""
        if self.slowest is None or len(self.intervals) < 2:
            return 0
        return int(self.slowest[0] - statistics.median(end - start for start, end in self.intervals))

    def _detail(self, _: Container) -> TaskDetail:
        straggler = self.straggler_ns
        return TaskDetail(
            definition=self.state.definition,
            play=self.play,
            occurrence=self.number,
            stable_id=self.state.stable_id,
            place=self.state.place,
            announced=self.announced,
            busy_ns=union(self.intervals),
            hosts={outcome.value: count for outcome, count in self.hosts.items()},
            straggler_host=self.slowest[1] if self.slowest and straggler else None,
            straggler_ns=straggler,
            notified_by=tuple(self.notified_by),
        )
