"""Reads the history: runs, their tasks and host results, and what tasks add up to over many runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from .entries import OUTCOME_CODES
from .schema import definitions, host_results, hosts, runs, tasks

__all__ = [
    "HostResultRecord",
    "RunRecord",
    "TaskRecord",
    "TaskTotal",
    "read_host_results",
    "read_runs",
    "read_tasks",
    "read_totals",
]


_META = ("meta", "ansible.builtin.meta", "ansible.legacy.meta")  # no task of people's: they are there for the tree


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of the history; ``key`` names it in the store. ``duration_ns`` and ``result`` are None without its end.

    ``heartbeat_ns`` is when it was last known to go on (Unix time), ``boot_id`` the boot of its controller.
    """

    key: int
    run_id: str
    trace_id: str
    playbook: str
    started_ns: int
    heartbeat_ns: int
    duration_ns: int | None
    outcome: str | None
    result: str | None
    check_mode: bool
    forks: int
    controller: str
    boot_id: str
    environment: str | None
    revision: str | None
    ansible_version: str
    hosts: Mapping[str, int]
    pruned: bool


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task of a run, or one flush of a handler. Times are ns since the run's start."""

    task: int
    occurrence: int
    stable_id: str
    play: str
    role: str
    name: str
    action: str
    handler: bool
    announced_ns: int
    started_ns: int
    duration_ns: int
    busy_ns: int
    straggler_ns: int
    straggler: str | None
    outcome: str
    results: int


class HostResultRecord(NamedTuple):
    """One task on one host. Times are ns since the run's start."""

    execution: int
    task: int
    occurrence: int
    host: str
    started_ns: int
    duration_ns: int
    outcome: str
    attempts: int
    items: int


@dataclass(frozen=True, slots=True)
class TaskTotal:
    """What a task took over several runs: ``busy_ns`` in all and at most, in ``runs`` runs, ``count`` times."""

    playbook: str
    stable_id: str
    play: str
    role: str
    name: str
    action: str
    busy_ns: int
    longest_ns: int
    count: int
    runs: int


def read_runs(
    connection: Connection, *, playbook: str | None = None, since_ns: int = 0, limit: int = 1000
) -> list[RunRecord]:
    """Return runs, newest first: of one playbook (as the metrics name it), or all; ``since_ns`` is Unix time."""
    query = select(runs).where(runs.c.started_ns >= since_ns)
    if playbook is not None:
        query = query.where(runs.c.playbook == playbook)
    query = query.order_by(runs.c.started_ns.desc(), runs.c.key.desc()).limit(limit)
    return [
        RunRecord(
            row.key,
            row.run_id,
            row.trace_id,
            row.playbook,
            row.started_ns,
            row.heartbeat_ns,
            row.duration_ns,
            row.outcome,
            row.result,
            row.check_mode,
            row.forks,
            row.controller,
            row.boot_id,
            row.environment,
            row.revision,
            row.ansible_version,
            json.loads(row.hosts),
            row.pruned,
        )
        for row in connection.execute(query)
    ]


def read_tasks(connection: Connection, run: int) -> list[TaskRecord]:
    """Return the tasks of the run with this key, in order of start."""
    what, whose = definitions.c, tasks.c
    query = (
        select(
            whose.task,
            whose.occurrence,
            what.stable_id,
            what.play,
            what.role,
            what.name,
            what.action,
            what.handler,
            whose.announced_ns,
            whose.started_ns,
            whose.duration_ns,
            whose.busy_ns,
            whose.straggler_ns,
            hosts.c.name,
            whose.outcome,
            whose.results,
        )
        .join_from(tasks, definitions, whose.definition == what.key)
        .outerjoin(hosts, whose.straggler == hosts.c.key)
        .where(whose.run == run, what.action.not_in(_META))
        .order_by(whose.started_ns, whose.task)
    )
    return [TaskRecord(*row) for row in _tuples(connection, query)]


def read_host_results(connection: Connection, run: int) -> list[HostResultRecord]:
    """Return the host results of the run with this key, in order of start; none where they are pruned."""
    one = host_results.c
    query = (
        select(
            one.execution,
            one.task,
            one.occurrence,
            hosts.c.name,
            one.started_ns,
            one.duration_ns,
            one.outcome,
            one.attempts,
            one.loop_items,
        )
        .join_from(host_results, hosts, one.host == hosts.c.key)
        .where(one.run == run)
        .order_by(one.started_ns, one.execution)
    )
    return [HostResultRecord._make((*row[:6], OUTCOME_CODES[row[6]], *row[7:])) for row in _tuples(connection, query)]


def read_totals(connection: Connection, keys: Sequence[int] | None = None) -> list[TaskTotal]:
    """Return what each task took over the runs with these keys, or over all, longest in all first; skipped ones out."""
    sums = select(
        tasks.c.definition,
        func.sum(tasks.c.busy_ns).label("busy"),
        func.max(tasks.c.busy_ns).label("longest"),
        func.count().label("count"),
        func.count(tasks.c.run.distinct()).label("runs"),
    ).where(tasks.c.outcome != "skipped")
    if keys is not None:
        sums = sums.where(tasks.c.run.in_(keys))
    added = sums.group_by(tasks.c.definition).subquery()
    what = definitions.c
    query = (
        select(
            what.playbook,
            what.stable_id,
            what.play,
            what.role,
            what.name,
            what.action,
            added.c.busy,
            added.c.longest,
            added.c.count,
            added.c.runs,
        )
        .join_from(added, definitions, added.c.definition == what.key)
        .where(what.action.not_in(_META))
        .order_by(added.c.busy.desc(), what.key)
    )
    # PostgreSQL's sums are Decimals.
    return [TaskTotal(*(*row[:6], int(row[6]), *row[7:])) for row in _tuples(connection, query)]


def _tuples(connection: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row) for row in connection.execute(query))
