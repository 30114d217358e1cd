"""A whole run from the history, as the tree that its journal would give: for runs whose journals are gone.

What the store does not keep is not in it: loop items, tries, what results said, arguments, links and moments, and above
the host results no reasons. All that tells what was run where, when, how it ended and what was waited for is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select

from .. import identity
from ..errors import NotKept
from ..events import HostSeen, PlayStarted, RunEnded, RunStarted, TaskDefined
from ..run.load import grow
from ..run.model import (
    BatchDetail,
    BlockDetail,
    DowntimeDetail,
    Failure,
    HostDetail,
    Kind,
    Node,
    Outcome,
    PlayDetail,
    RoleDetail,
    RunDetail,
    TaskDetail,
    Tree,
)
from ..run.scope import in_lockstep
from .entries import OUTCOME_CODES
from .schema import (
    containers,
    definitions,
    downtimes,
    failures,
    host_results,
    host_times,
    hosts,
    plays,
    runs,
    service_downtimes,
    tasks,
)

__all__ = ["read_tree"]

_OUTCOMES = tuple(map(Outcome, OUTCOME_CODES))
_CONTAINERS: Mapping[str, type[BatchDetail | RoleDetail | BlockDetail]] = {
    "batch": BatchDetail,
    "role": RoleDetail,
    "block": BlockDetail,
}
_ANY_SPAN = "0" * 15 + "1"  # in which span of its trace a run was started is not kept
_NOTHING: Mapping[str, Any] = {}


def read_tree(connection: Connection, run_id: str) -> Tree | None:
    """Return the run with this id, None where it is not in the history. Raises `NotKept` where not enough of it is."""
    run = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    if run is None:
        return None
    if run.outcome is None:
        raise NotKept(f"The history has no end of run {run_id[:8]}: its journal, on {run.controller}, would tell more.")
    short = f"The journal of run {run_id[:8]} is gone, and the history"
    if run.pruned:
        raise NotKept(
            f"{short} keeps only its sums (history_megabytes): `deploytrace diff`, `check` and `top --last` know them."
        )
    whole = select(func.count()).select_from(tasks).where(tasks.c.run == run.key, tasks.c.written.is_not(None))
    if connection.scalar(whole) != run.tasks_total:
        raise NotKept(
            f"{short} has it from an earlier deploytrace, which did not put down what hosts waited for: "
            "`deploytrace diff`, `check` and `top --last` know what its tasks took."
        )
    return grow(list(_Reading(connection, run).nodes()))


class _Task(NamedTuple):
    """What host results have from their task; ``told`` is Unix ns, ``outcomes`` counts them."""

    node: str
    definition: TaskDefined
    play: str
    told: int
    outcomes: Counter[str]


class _Reading:
    """One run that is there as a whole."""

    def __init__(self, connection: Connection, run: Any) -> None:
        self._connection = connection
        self._run = run
        self._base: int = run.started_ns
        self._failure = None if run.error_type is None else Failure(run.error_type, run.message or "")
        self._hosts: dict[int, str] = {row.key: row.name for row in connection.execute(select(hosts))}
        self._tasks: dict[tuple[int, int], _Task] = {}

    def nodes(self) -> Iterator[Node]:
        """Yield all nodes."""
        played = self._rows(plays)
        yield from map(self._play, played)
        stood = self._rows(containers)
        above = {row.number: row.node for row in stood}
        yield from (self._container(row, above) for row in stood)
        read = self._task_rows()
        self._tasks = {(row.task, row.occurrence): self._task(row) for row in read}
        yield from self._host_results()
        yield from (self._task_node(row, above) for row in read)
        windows = self._rows(downtimes)
        yield from map(self._window, windows)
        in_step = {row.play for row in played if in_lockstep(row.strategy)}
        straggler = sum(row.straggler_ns for row in read if row.play in in_step)
        yield self._whole(straggler, max((row.duration_ns for row in windows), default=None))

    def _rows(self, table: Table) -> Sequence[Any]:
        return self._connection.execute(select(table).where(table.c.run == self._run.key)).all()

    def _span(self, row: Any) -> tuple[int, int]:
        start = self._base + row.started_ns
        return start, start + row.duration_ns

    def _play(self, row: Any) -> Node:
        told = None if row.hosts is None else tuple(self._hosts[key] for key in json.loads(row.hosts))
        started = PlayStarted(row.started_ns, row.play, "", row.name, "", row.strategy, hosts=told)
        detail = PlayDetail(started, row.batches, in_lockstep(row.strategy))
        node_id = identity.play_node(row.play)
        return Node(node_id, identity.RUN_NODE, Kind.PLAY, row.name, *self._span(row), Outcome(row.outcome), detail)

    def _container(self, row: Any, above: Mapping[int, str]) -> Node:
        kind = row.node.partition("/")[0]
        detail = _CONTAINERS[kind](**json.loads(row.detail))
        return Node(
            row.node, self._parent(row, above), Kind(kind), row.name, *self._span(row), Outcome(row.outcome), detail
        )

    def _parent(self, row: Any, above: Mapping[int, str]) -> str:
        return identity.play_node(row.play) if row.container is None else above[row.container]

    def _task_rows(self) -> Sequence[Any]:
        what = definitions.c
        described = (what.stable_id, what.play.label("play_name"), what.name, what.handler, what.path, what.line)
        query = select(tasks, *described, what.place).join(definitions, tasks.c.definition == what.key)
        return self._connection.execute(query.where(tasks.c.run == self._run.key)).all()

    def _task(self, row: Any) -> _Task:
        written = json.loads(row.written)
        tags = tuple(written.pop("tags", ()))
        own = [written["role"]] if "role" in written else []
        roles = written.pop("roles", own)
        definition = TaskDefined(
            t=row.announced_ns,
            task=row.task,
            play=row.play,
            uuid="",
            name=row.name,
            handler=row.handler,
            path=row.path or None,
            line=row.line or None,
            tags=tags,
            ancestors=tuple({"kind": "role", "name": name} for name in roles),
            **written,
        )
        node_id = identity.task_node(row.task, row.occurrence)
        return _Task(node_id, definition, row.play_name, self._base + row.told_ns, Counter())

    def _task_node(self, row: Any, above: Mapping[int, str]) -> Node:
        task = self._tasks[row.task, row.occurrence]
        detail = TaskDetail(
            definition=task.definition,
            play=task.play,
            occurrence=row.occurrence,
            stable_id=row.stable_id,
            announced=self._base + row.announced_ns,
            busy_ns=row.busy_ns,
            hosts=dict(task.outcomes),
            straggler_host=None if row.straggler is None else self._hosts[row.straggler],
            straggler_ns=row.straggler_ns,
            place=row.place or "",
        )
        kind = Kind.HANDLER if row.handler else Kind.TASK
        return Node(task.node, self._parent(row, above), kind, row.name, *self._span(row), Outcome(row.outcome), detail)

    def _host_results(self) -> Iterator[Node]:
        failed = {row.execution: Failure(row.error_type, row.message) for row in self._rows(failures)}
        seen = {
            row.host: HostSeen(0, self._hosts[row.host], connection=row.connection)
            for row in self._rows(host_times)
            if row.connection is not None
        }
        one, base = host_results.c, self._base
        query = select(
            *(one.execution, one.task, one.occurrence, one.host, one.started_ns, one.duration_ns, one.outcome),
            *(one.attempts, one.loop_items, one.late_ns, one.waited_ns, one.own_ns, one.delegate),
        ).where(one.run == self._run.key)
        rows = self._connection.execute(query.order_by(one.execution))
        for execution, number, nth, host, started, duration, code, tries, items, late, waited, own, delegate in rows:
            task, outcome = self._tasks[number, nth], _OUTCOMES[code]
            start = base + started
            end = start + duration
            task.outcomes[OUTCOME_CODES[code]] += 1
            detail = HostDetail(
                self._hosts[host],
                task.definition,
                task.play,
                seen.get(host),
                None if late is None else end + late,
                "end" if late is None else "worker" if late > 0 else "announcement",
                start - task.told if waited is None else waited,
                tries,
                items,
                _NOTHING if own is None and delegate is None else self._said(own, delegate),
            )
            name, failure = task.definition.name, failed.get(execution)
            yield Node(identity.host_node(execution), task.node, Kind.HOST, name, start, end, outcome, detail, failure)

    def _said(self, own: int | None, delegate: int | None) -> Mapping[str, Any]:
        """Return what is kept of what a result said."""
        delta = {} if own is None else {"delta": own / 1e9}
        return delta if delegate is None else {**delta, "delegated_host": self._hosts[delegate]}

    def _window(self, row: Any) -> Node:
        detail = DowntimeDetail(
            row.host, row.service, row.duration_ns, row.at_least_ns, self._base + row.at_least_from_ns, row.open
        )
        start = self._base + row.started_ns
        broken = row.open and self._run.outcome == Outcome.INTERRUPTED.value
        return Node(
            id=identity.downtime_node(identity.host_node(row.execution), row.service),
            parent=identity.RUN_NODE if row.play is None else identity.play_node(row.play),
            kind=Kind.DOWNTIME,
            name=row.service,
            start=start,
            end=start + row.span_ns,
            outcome=Outcome.INTERRUPTED if broken else Outcome.OK,
            detail=detail,
            failure=self._failure if broken else None,
        )

    def _whole(self, straggler_ns: int, downtime_ns: int | None) -> Node:
        run = self._run
        reason = "interrupted" if run.outcome == Outcome.INTERRUPTED.value else "finished"
        detail = RunDetail(
            started=_started(run),
            ended=RunEnded(run.duration_ns, reason, callback_ns=run.callback_ns) if run.complete else None,
            result=run.result,
            hosts=json.loads(run.hosts),
            tasks_total=run.tasks_total,
            straggler_ns=straggler_ns,
            downtime_ns=downtime_ns,
            service_hosts={row.service: row.hosts for row in self._rows(service_downtimes)},
        )
        end, name = self._base + run.duration_ns, PurePath(run.playbook).name
        return Node(
            identity.RUN_NODE, None, Kind.RUN, name, self._base, end, Outcome(run.outcome), detail, self._failure
        )


def _started(run: Any) -> RunStarted:
    """Return how a run began, as far as its row tells."""
    joined = run.trace_id != run.run_id
    return RunStarted(
        run_id=run.run_id,
        wall_ns=run.started_ns,
        mono_ns=0,
        boot_id=run.boot_id,
        pid=0,
        pid_started=0,
        command_id=run.command_id,
        sequence=run.sequence,
        previous=None,
        front_end=run.front_end,
        playbook=run.playbook,
        playbook_path=run.playbook_path,
        ansible_version=run.ansible_version,
        python_version=run.python_version,
        deploytrace_version=run.deploytrace_version,
        user=run.user,
        host_name=run.controller,
        host_id=None,
        check_mode=run.check_mode,
        diff_mode=run.diff_mode,
        forks=run.forks,
        limit=run.host_limit,
        tags=tuple(json.loads(run.tags)),
        skip_tags=tuple(json.loads(run.skip_tags)),
        inventory=tuple(json.loads(run.inventory)),
        context_vars=json.loads(run.context),
        resource=json.loads(run.resource),
        traceparent=identity.traceparent(run.trace_id, _ANY_SPAN) if joined else None,
    )
