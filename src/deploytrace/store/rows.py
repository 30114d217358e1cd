"""Writes rows of the history, many at a time; names become numbers on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert, select, tuple_, update

from .entries import (
    ContainerRow,
    DowntimeRow,
    HostResultRow,
    HostTimeRow,
    PlayRow,
    RoleRow,
    RoleTimeRow,
    Row,
    RunEnd,
    ServiceDowntimeRow,
    TaskRow,
    TaskTimeRow,
)
from .schema import (
    containers,
    definitions,
    downtimes,
    failures,
    host_results,
    host_times,
    hosts,
    plays,
    role_times,
    roles,
    runs,
    service_downtimes,
    task_times,
    tasks,
)

__all__ = ["write_rows"]

_AT_ONCE = 400  # names asked for in one statement
_AS_THEY_ARE: Mapping[type, Table] = {
    ContainerRow: containers,
    RoleRow: roles,
    RoleTimeRow: role_times,
    DowntimeRow: downtimes,
    ServiceDowntimeRow: service_downtimes,
}


def write_rows(connection: Connection, run: int, playbook: str, rows: Iterable[Row]) -> None:
    """Write rows of the run with this key."""
    found: dict[type, list[Any]] = {}
    for row in rows:
        found.setdefault(type(row), []).append(row)
    results: list[HostResultRow] = found.get(HostResultRow, [])
    done: list[TaskRow] = found.get(TaskRow, [])
    times: list[HostTimeRow] = found.get(HostTimeRow, [])
    played: list[PlayRow] = found.get(PlayRow, [])
    names = {row.host for row in results} | {row.host for row in times}
    names |= {row.delegate for row in results if row.delegate is not None}
    names |= {row.straggler for row in done if row.straggler is not None}
    names |= {host for row in played for host in row.hosts or ()}
    host_keys = _host_keys(connection, names)
    _write_results(connection, run, host_keys, results)
    if done:
        _write_tasks(connection, run, playbook, host_keys, done)
    if times:
        named = [{"run": run, **row._asdict(), "host": host_keys[row.host]} for row in times]
        connection.execute(insert(host_times), named)
    if played:
        connection.execute(insert(plays), [_play(run, row, host_keys) for row in played])
    if TaskTimeRow in found:
        _write_task_times(connection, run, playbook, found[TaskTimeRow])
    for kind, table in _AS_THEY_ARE.items():
        if kind in found:
            connection.execute(insert(table), [{"run": run, **row._asdict()} for row in found[kind]])
    for end in found.get(RunEnd, ()):
        connection.execute(update(runs).where(runs.c.key == run).values(**end._asdict()))


def _write_results(
    connection: Connection, run: int, host_keys: Mapping[str, int], results: Sequence[HostResultRow]
) -> None:
    if not results:
        return
    connection.execute(
        insert(host_results),
        [
            {
                "run": run,
                "execution": row.execution,
                "task": row.task,
                "occurrence": row.occurrence,
                "host": host_keys[row.host],
                "started_ns": row.started_ns,
                "duration_ns": row.duration_ns,
                "outcome": row.outcome,
                "attempts": row.attempts,
                "loop_items": row.items,
                "late_ns": row.late_ns,
                "waited_ns": row.waited_ns,
                "own_ns": row.own_ns,
                "delegate": None if row.delegate is None else host_keys[row.delegate],
            }
            for row in results
        ],
    )
    failed = [
        {"run": run, "execution": row.execution, "error_type": row.error_type, "message": row.message}
        for row in results
        if row.error_type is not None
    ]
    if failed:
        connection.execute(insert(failures), failed)


def _write_tasks(
    connection: Connection, run: int, playbook: str, host_keys: Mapping[str, int], done: Sequence[TaskRow]
) -> None:
    keys = _definition_keys(connection, playbook, done)
    connection.execute(
        insert(tasks),
        [
            {
                "run": run,
                "task": row.task,
                "occurrence": row.occurrence,
                "definition": keys[row.stable_id],
                "play": row.play,
                "announced_ns": row.announced_ns,
                "started_ns": row.started_ns,
                "duration_ns": row.duration_ns,
                "busy_ns": row.busy_ns,
                "straggler_ns": row.straggler_ns,
                "straggler": None if row.straggler is None else host_keys[row.straggler],
                "outcome": row.outcome,
                "results": row.results,
                "container": row.container,
                "told_ns": row.told_ns,
                "written": row.written,
            }
            for row in done
        ],
    )


def _write_task_times(connection: Connection, run: int, playbook: str, rows: Sequence[TaskTimeRow]) -> None:
    keys = _ask({row.stable_id for row in rows}, _known_definitions(connection, playbook))
    made = []
    for row in rows:
        columns = row._asdict()
        made.append({"run": run, "definition": keys[columns.pop("stable_id")], **columns})
    connection.execute(insert(task_times), made)


def _play(run: int, row: PlayRow, host_keys: Mapping[str, int]) -> dict[str, Any]:
    hosts_ = None if row.hosts is None else json.dumps([host_keys[host] for host in row.hosts], separators=(",", ":"))
    return {"run": run, **row._asdict(), "hosts": hosts_}


def _host_keys(connection: Connection, names: set[str]) -> dict[str, int]:
    def known(some: Sequence[str]) -> Iterable[tuple[str, int]]:
        return ((name, key) for name, key in connection.execute(select(hosts.c.name, hosts.c.key).where(
            hosts.c.name.in_(some))))  # fmt: skip

    keys = _ask(names, known)
    missing = sorted(names - keys.keys())
    if missing:
        connection.execute(insert(hosts), [{"name": name} for name in missing])
        keys |= _ask(missing, known)
    return keys


def _definition_keys(connection: Connection, playbook: str, done: Sequence[TaskRow]) -> dict[str, int]:
    """Return the keys of the definitions by their stable ids."""
    known = _known_definitions(connection, playbook)
    rows = {row.stable_id: row for row in done}
    keys = _ask(rows, known)
    missing = sorted(rows.keys() - keys.keys())
    if missing:
        connection.execute(insert(definitions), [_definition(playbook, rows[stable_id]) for stable_id in missing])
        keys |= _ask(missing, known)
    return keys


def _known_definitions(connection: Connection, playbook: str) -> Callable[[Sequence[str]], Iterable[tuple[str, int]]]:
    """Return what gives the keys of those definitions of a playbook that are there."""
    table = definitions.c

    def known(some: Sequence[str]) -> Iterable[tuple[str, int]]:
        named = tuple_(table.playbook, table.stable_id).in_([(playbook, stable_id) for stable_id in some])
        return ((stable_id, key) for stable_id, key in connection.execute(
            select(table.stable_id, table.key).where(named)))  # fmt: skip

    return known


def _definition(playbook: str, row: TaskRow) -> dict[str, Any]:
    return {
        "playbook": playbook,
        "stable_id": row.stable_id,
        "play": row.play_name,
        "role": row.role,
        "name": row.name,
        "action": row.action,
        "handler": row.handler,
        "path": row.path,
        "line": row.line,
        "place": row.place,
    }


def _ask(names: Iterable[str], known: Callable[[Sequence[str]], Iterable[tuple[str, int]]]) -> dict[str, int]:
    found: dict[str, int] = {}
    pending = iter(sorted(names))
    while some := list(islice(pending, _AT_ONCE)):
        found.update(known(some))
    return found
