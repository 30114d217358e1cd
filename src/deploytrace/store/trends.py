"""What took longest in many runs together, and how long in each: asked so that a long history answers at once.

First everything is added up, in the database; only of what comes out on top are the times of each run read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Union

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ..run.summary import TaskKey, Times
from .schema import definitions, host_times, hosts, plays, role_times, runs, task_times

__all__ = ["longest"]

Name = Union[TaskKey, str]  # noqa: UP007 - Python 3.10 evaluates it


def longest(connection: Connection, keys: Sequence[int], by: str, measure: str, limit: int | None) -> Times:
    """Return what took longest in these runs: ``by`` task, role, play or host; ``measure``: wall or hosts (of tasks).

    A task is named by its `TaskKey`, the others by their names. Of roles their own time counts.
    """
    query = select(runs.c.key, runs.c.duration_ns).where(runs.c.key.in_(keys)).order_by(runs.c.started_ns, runs.c.key)
    found = list(connection.execute(query))
    places = {row.key: place for place, row in enumerate(found)}
    durations = tuple(row.duration_ns or 0 for row in found)
    measured = task_times.c.hosts_ns if measure == "hosts" else task_times.c.wall_ns
    group, column, name = {
        "task": ((task_times.c.definition, task_times.c.nth), measured, _task_names(connection)),
        "role": ((role_times.c.role,), role_times.c.own_ns, _itself),
        "play": ((plays.c.name,), plays.c.duration_ns, _itself),
        "host": ((host_times.c.host,), host_times.c.busy_ns, _host_names(connection)),
    }[by]
    run = column.table.c.run
    everything = len(keys) >= (connection.scalar(select(func.count()).select_from(runs)) or 0)
    wanted: Any = None if everything else run.in_(keys)
    parts = defaultdict(list)
    sums: dict[Name, int] = defaultdict(int)
    for *group_key, total in connection.execute(_where(select(*group, func.sum(column)).group_by(*group), wanted)):
        named = name(tuple(group_key))
        parts[named].append(tuple(group_key))
        sums[named] += int(total)
    top = sorted(sums, key=lambda each: -sums[each])[:limit]
    times: dict[Name, list[tuple[int, int]]] = {}
    for each in top:
        walls: dict[int, int] = defaultdict(int)
        for values in parts[each]:
            same: list[ColumnElement[bool]] = [part == value for part, value in zip(group, values, strict=True)]
            for key, ns in connection.execute(_where(select(run, column).where(*same), wanted)):
                walls[places[key]] += ns
        times[each] = sorted(walls.items())
    return Times(durations, times)


def _where(query: Select[Any], wanted: Any) -> Select[Any]:
    return query if wanted is None else query.where(wanted)


def _itself(values: tuple[Any, ...]) -> Name:
    return str(values[0])


def _task_names(connection: Connection) -> Callable[[tuple[Any, ...]], Name]:
    known = {
        row.key: TaskKey(row.play, row.role, row.place or "", row.name)
        for row in connection.execute(select(definitions))
    }
    return lambda values: known[values[0]]._replace(nth=values[1])


def _host_names(connection: Connection) -> Callable[[tuple[Any, ...]], Name]:
    known = {row.key: row.name for row in connection.execute(select(hosts))}
    return lambda values: str(known[values[0]])
