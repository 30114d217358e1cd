"""Reads runs in short (`run.summary`) from the history: one by its id, those of a kind, what they took."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ..kinds import VARIABLES
from ..run.summary import Context, HostTime, PlayTime, RoleTime, Summary, TaskKey, TaskTime
from .entries import OUTCOME_CODES
from .schema import definitions, host_times, hosts, plays, role_times, runs, task_times, tasks

__all__ = ["kin", "read_definitions", "read_summaries"]


def kin(connection: Connection, kind: str, before_ns: int, limit: int) -> list[int]:
    """Return the keys of the latest runs of a kind that went well and began before a Unix time, oldest first."""
    query = select(runs.c.key).where(runs.c.kind == kind, runs.c.started_ns < before_ns, runs.c.outcome == "ok")
    return list(connection.scalars(query.order_by(runs.c.started_ns.desc()).limit(limit)))[::-1]


def read_summaries(connection: Connection, keys: Sequence[int]) -> list[Summary]:
    """Return the runs with these keys in short, in order of start; a run that goes on has no tasks yet."""
    found = list(connection.execute(select(runs).where(runs.c.key.in_(keys)).order_by(runs.c.started_ns, runs.c.key)))
    known = read_definitions(connection, keys)
    times = _task_times(connection, keys, known)
    roles = _grouped(connection, select(role_times.c.run, role_times).where(role_times.c.run.in_(keys)))
    played = _grouped(connection, select(plays.c.run, plays).where(plays.c.run.in_(keys)).order_by(plays.c.play))
    busy = select(host_times.c.run, hosts.c.name, host_times).join(hosts, host_times.c.host == hosts.c.key)
    worked = _grouped(connection, busy.where(host_times.c.run.in_(keys)))
    return [
        Summary(
            run_id=row.run_id,
            trace_id=row.trace_id,
            start=row.started_ns,
            duration_ns=row.duration_ns or 0,
            outcome=row.outcome or "running",
            context=_context(row, played[row.key]),
            tasks=tuple(times[row.key]),
            roles=tuple(RoleTime(each.role, each.own_ns, each.inclusive_ns) for each in roles[row.key]),
            plays=_play_times(played[row.key]),
            hosts=tuple(HostTime(each.name, each.busy_ns, each.results, each.connection) for each in worked[row.key]),
        )
        for row in found
    ]


def read_definitions(connection: Connection, keys: Sequence[int]) -> dict[int, Any]:
    """Return the definitions of the tasks of these runs by their keys."""
    wanted = select(task_times.c.definition).where(task_times.c.run.in_(keys)).distinct()
    query = select(definitions).where(definitions.c.key.in_(wanted))
    return {row.key: row for row in connection.execute(query)}


def _task_times(
    connection: Connection, keys: Sequence[int], known: Mapping[int, Any]
) -> defaultdict[int, list[TaskTime]]:
    """Return the tasks of each run in the order in which they were first announced."""
    found: defaultdict[int, list[TaskTime]] = defaultdict(list)
    row = task_times.c
    query = select(row.run, row.definition, row.nth, row.wall_ns, row.hosts_ns, row.passes, row.results, row.outcome)
    names = {key: TaskKey(what.play, what.role, what.place or "", what.name) for key, what in known.items()}
    passes = _passes(connection, keys)
    for run, definition, nth, wall, busy, count, results, outcome in connection.execute(query.where(row.run.in_(keys))):
        what, key = known[definition], names[definition]._replace(nth=nth)
        when = tuple(passes.get((run, definition), ()))
        found[run].append(
            TaskTime(key, what.stable_id, what.line, wall, busy, count, results, OUTCOME_CODES[outcome], when)
        )
    for times in found.values():
        times.sort(key=lambda time: time.passes[:1])
    return found


def _passes(connection: Connection, keys: Sequence[int]) -> Mapping[tuple[int, int], Sequence[tuple[int, int]]]:
    """Return from when to when each task went, each time, by run and definition."""
    found: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    row = tasks.c
    query = select(row.run, row.definition, row.announced_ns, row.started_ns, row.duration_ns)
    for run, definition, announced, started, duration in connection.execute(query.where(row.run.in_(keys))):
        found[run, definition].append((min(announced, started), started + duration))
    return {place: sorted(each) for place, each in found.items()}


def _grouped(connection: Connection, query: Any) -> defaultdict[int, list[Any]]:
    """Return the rows of a query by their first column, a run."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row[0]].append(row)
    return found


def _play_times(rows: Iterable[Any]) -> tuple[PlayTime, ...]:
    walls: dict[str, int] = {}
    for row in rows:
        walls[row.name] = walls.get(row.name, 0) + row.duration_ns
    return tuple(PlayTime(play, wall) for play, wall in walls.items())


def _context(row: Any, played: Iterable[Any]) -> Context:
    variables = json.loads(row.context)
    named = [row.environment or "", *(str(variables.get(name, "")) for name in VARIABLES)]
    return Context(
        kind=row.kind or "",
        playbook=row.playbook,
        environment="/".join(dict.fromkeys(filter(None, named))),
        check_mode=row.check_mode,
        forks=row.forks,
        hosts=json.loads(row.hosts).get("total", 0),
        limit=row.host_limit,
        tags=tuple(json.loads(row.tags)),
        skip_tags=tuple(json.loads(row.skip_tags)),
        ansible_version=row.ansible_version,
        python_version=row.python_version,
        deploytrace_version=row.deploytrace_version,
        revision=row.revision,
        controller=row.controller,
        strategies=tuple(dict.fromkeys(each.strategy for each in played)),
    )
