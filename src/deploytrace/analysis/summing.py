"""Sums a run up (`run.summary`), node by node; what is kept grows with the tasks and the hosts only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..events import RunStarted
from ..identity import trace_id
from ..kinds import clean, environment, playbook_name, run_kind
from ..run.containers import gravest
from ..run.model import HostDetail, Node, Outcome, PlayDetail, RunDetail, TaskDetail
from ..run.summary import Context, HostTime, PlayTime, RoleTime, Summary, TaskKey, TaskTime
from .ranking import RankedTask, Ranking

__all__ = ["Summing", "context_of", "numbered", "summary_of"]


@dataclass(slots=True)
class _Task:
    key: TaskKey
    line: int
    results: int = 0
    outcome: Outcome | None = None
    passes: list[tuple[int, int]] = field(default_factory=list)


class Summing:
    """Takes the nodes of one run, children before their parents, as replay gives them."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self.ranking = Ranking()
        self._tasks: dict[str, _Task] = {}
        self._hosts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._connections: dict[str, str | None] = {}
        self._plays: Counter[str] = Counter()
        self._strategies: dict[str, None] = {}
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        """Take in a node that has ended."""
        self.ranking.add(node)
        detail = node.detail
        if isinstance(detail, HostDetail):
            host = self._hosts[detail.host]
            host[0] += node.end - node.start
            host[1] += 1
            if detail.seen is not None:
                self._connections[detail.host] = detail.seen.connection
        elif isinstance(detail, TaskDetail):
            self._add_task(node, detail)
        elif isinstance(detail, PlayDetail):
            self._plays[detail.started.name] += node.end - node.start
            self._strategies[detail.started.strategy] = None

    def _add_task(self, node: Node, detail: TaskDetail) -> None:
        definition = detail.definition
        if definition.meta:
            return
        task = self._tasks.get(detail.stable_id)
        if task is None:
            role = clean(definition.role_fqcn or definition.role or "")
            key = TaskKey(clean(detail.play), role, clean(detail.place, 4096), clean(definition.name))
            task = self._tasks[detail.stable_id] = _Task(key, definition.line or 0)
        task.results += sum(detail.hosts.values())
        task.outcome = gravest(task.outcome, node.outcome)
        task.passes.append((min(detail.announced, node.start), node.end))

    def summary(self) -> Summary | None:
        """Return the run in short, None before its own node came."""
        run = self.ranking.run
        if run is None or not isinstance(run.detail, RunDetail):
            return None
        started = run.detail.started
        return Summary(
            run_id=started.run_id,
            trace_id=trace_id(started.run_id, started.traceparent, started.join_trace),
            start=run.start,
            duration_ns=run.end - run.start,
            outcome=run.outcome.value,
            context=context_of(started, run.detail.hosts.get("total", 0), tuple(self._strategies)),
            tasks=self._task_times(run.start),
            roles=tuple(RoleTime(clean(role.role), role.own_ns, role.inclusive_ns) for role in self.ranking.roles()),
            plays=tuple(PlayTime(clean(play), wall) for play, wall in self._plays.items()),
            hosts=tuple(
                HostTime(clean(host), busy, results, self._connections.get(host))
                for host, (busy, results) in self._hosts.items()
            ),
        )

    def _task_times(self, start: int) -> tuple[TaskTime, ...]:
        ranked = {task.stable_id: task for task in self.ranking.tasks(order="none") if task.stable_id in self._tasks}
        keys = numbered({name: (self._tasks[name].key, self._tasks[name].line) for name in ranked})
        return tuple(self._task_time(keys[name], self._tasks[name], task, start) for name, task in ranked.items())

    @staticmethod
    def _task_time(key: TaskKey, task: _Task, ranked: RankedTask, start: int) -> TaskTime:
        return TaskTime(
            key=key,
            stable_id=ranked.stable_id,
            line=task.line,
            wall_ns=ranked.wall_ns,
            hosts_ns=ranked.hosts_ns,
            count=ranked.count,
            results=task.results,
            outcome=(task.outcome or Outcome.OK).value,
            passes=tuple((begin - start, end - start) for begin, end in task.passes),
        )


def numbered(tasks: dict[str, tuple[TaskKey, int]]) -> dict[str, TaskKey]:
    """Return the keys of a run's tasks, with their ``nth`` by line; the dictionary is by any name of a task."""
    seen: Counter[TaskKey] = Counter()
    keys = {}
    for name, (key, _) in sorted(tasks.items(), key=lambda item: item[1][1]):
        seen[key] += 1
        keys[name] = key._replace(nth=seen[key])
    return keys


def context_of(started: RunStarted, hosts: int, strategies: tuple[str, ...]) -> Context:
    """Return the circumstances of a run with so many hosts."""
    return Context(
        kind=run_kind(started),
        playbook=clean(playbook_name(started)),
        environment=environment(started),
        check_mode=started.check_mode,
        forks=started.forks,
        hosts=hosts,
        limit=started.limit,
        tags=tuple(started.tags),
        skip_tags=tuple(started.skip_tags),
        ansible_version=started.ansible_version,
        python_version=started.python_version,
        deploytrace_version=started.deploytrace_version,
        revision=started.resource.get("vcs.ref.head.revision"),
        controller=started.host_name,
        strategies=strategies,
    )


def summary_of(nodes: Iterable[Node]) -> Summary:
    """Return a whole run in short. Raises `ValueError` where the run's own node is not among the nodes."""
    summary = Summing(nodes).summary()
    if summary is None:
        raise ValueError("These are not all nodes of a run.")
    return summary
