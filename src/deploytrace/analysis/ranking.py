"""Which tasks and roles a run's time went to.

A task's time is that in which at least one host was at work on it (DESIGN.md 4), which is right under every strategy;
beside it stands the time of all hosts added up. The same task in several batches, includes or flushes is one line with
a count; tasks of one name in different places are different lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..events import TaskDefined
from ..run.model import Kind, Node, TaskDetail
from .intervals import Intervals

__all__ = ["RankedRole", "RankedTask", "Ranking"]


@dataclass(frozen=True, slots=True)
class RankedTask:
    """A task of one run; times in ns. ``count`` is how often it was run: in batches, includes, flushes."""

    stable_id: str
    play: str
    role: str | None
    task: str
    wall_ns: int
    hosts_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class RankedRole:
    """All invocations of a role; ``own_ns`` leaves out the roles that it includes or depends on."""

    role: str
    own_ns: int
    inclusive_ns: int


@dataclass(slots=True)
class _Task:
    definition: TaskDefined
    play: str
    wall: Intervals = field(default_factory=Intervals)
    hosts_ns: int = 0
    count: int = 0


@dataclass(slots=True)
class _Role:
    own: Intervals = field(default_factory=Intervals)
    inclusive: Intervals = field(default_factory=Intervals)


class Ranking:
    """Takes the nodes of one run, children before their parents, as replay gives them; grows with the tasks only."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.run: Node | None = None
        """The run's own node, once it is over."""
        self._at_work: dict[str | None, list[tuple[int, int]]] = defaultdict(list)  # by the task's node
        self._tasks: dict[str, _Task] = {}
        self._roles: dict[str, _Role] = {}
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        """Take in a node that has ended."""
        if node.kind is Kind.HOST:
            self._at_work[node.parent].append((node.start, node.end))
        elif isinstance(node.detail, TaskDetail):
            self._add_task(node.detail, self._at_work.pop(node.id, []))
        elif node.kind is Kind.RUN:
            self.run = node

    def _add_task(self, detail: TaskDetail, at_work: list[tuple[int, int]]) -> None:
        if not at_work:
            return
        definition = detail.definition
        task = self._tasks.setdefault(detail.stable_id, _Task(definition, detail.play))
        task.count += 1
        within = {str(each["name"]) for each in definition.ancestors if each.get("kind") == "role"}
        within |= {definition.role} if definition.role else set()  # a handler's role is not around it
        around = [self._roles.setdefault(name, _Role()) for name in within]
        own = self._roles[definition.role] if definition.role else None
        for start, end in at_work:
            task.wall.add(start, end)
            task.hosts_ns += end - start
            for role in around:
                role.inclusive.add(start, end)
            if own is not None:
                own.own.add(start, end)

    def tasks(
        self, *, measure: str = "wall", order: str = "descending", minimum_ns: int = 0, limit: int | None = None
    ) -> list[RankedTask]:
        """Return the slowest tasks by ``measure`` (wall or hosts), at most ``limit`` of those that took ``minimum_ns``.

        ``order``: descending, ascending (the slowest last), or none (as they were first run). Ties keep that order too.
        """
        ranked = [
            RankedTask(
                stable_id=stable_id,
                play=task.play,
                role=task.definition.role,
                task=task.definition.name,
                wall_ns=task.wall.length,
                hosts_ns=task.hosts_ns,
                count=task.count,
            )
            for stable_id, task in self._tasks.items()
        ]

        def seconds(task: RankedTask) -> int:
            return task.hosts_ns if measure == "hosts" else task.wall_ns

        slowest = sorted((task for task in ranked if seconds(task) >= minimum_ns), key=seconds, reverse=True)[:limit]
        if order == "none":
            places = {task.stable_id: place for place, task in enumerate(ranked)}
            return sorted(slowest, key=lambda task: places[task.stable_id])
        return slowest if order == "descending" else slowest[::-1]

    def roles(self) -> list[RankedRole]:
        """Return all roles, the one with the most time inside it first."""
        ranked = [RankedRole(name, role.own.length, role.inclusive.length) for name, role in self._roles.items()]
        return sorted(ranked, key=lambda role: role.inclusive_ns, reverse=True)

    def total_ns(self, measure: str = "wall") -> int:
        """Return the time of all tasks added up, by ``measure``."""
        return sum(task.hosts_ns if measure == "hosts" else task.wall.length for task in self._tasks.values())
