"""Commits a run to the store: that it is there, that it goes on, and its entries, each exactly once.

A run's entries are counted in the table ``applied``, in the transaction that writes them and adds what they count for.
Whatever is killed at whatever moment, an entry is either in the store with all its consequences or not at all; what
comes again is left out by its number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ..events import RunStarted
from ..identity import trace_id
from ..kinds import run_kind
from .accumulators import Series, TraceRef, accumulate, give_birth, upsert
from .catalogue import OUTCOMES, RESULTS, metrics_of
from .database import Store
from .entries import Entry, Observation
from .names import clean, playbook_label
from .rows import write_rows
from .schema import applied, runs

__all__ = ["Recording"]

_BORN_RESULTS = ("success", "failure")  # the ends whose duration is likely to be seen; others are born when they come


@dataclass(frozen=True)
class Recording:
    """One run on its way into the store.

    ``level`` is the ``metrics_level`` whose series are born, ``limit`` how many label sets a family may have;
    ``traced`` says whether exemplars have a trace to lead to.
    """

    started: RunStarted
    level: str
    limit: int
    traced: bool

    def beat(self, store: Store, now_ns: int, ends: tuple[int, int] | None = None) -> None:
        """Put down that the run goes on; the first time, that it is there. ``now_ns`` is Unix time.

        ``ends`` is when it should be over, by half of the runs like it and by nine of ten (Unix ns).

        Raises `StoreUnavailable`, `StoreError`.
        """
        with store.writing() as connection:
            key = self._register(connection, now_ns)
            going_on = (runs.c.key == key) & runs.c.result.is_(None)
            values = {"heartbeat_ns": now_ns}
            if ends is not None:
                values |= {"expected_end_ns": ends[0], "latest_end_ns": ends[1]}
            connection.execute(update(runs).where(going_on).values(**values))

    def commit(self, store: Store, entries: Sequence[Entry], now_ns: int) -> None:
        """Write those entries that are not there yet. Raises `StoreUnavailable`, `StoreError`: then nothing is."""
        run_id = self.started.run_id
        with store.writing() as connection:
            already = connection.scalar(select(applied.c.entries).where(applied.c.run_id == run_id)) or 0
            fresh = [entry for entry in entries if entry.number > already]
            if not fresh:
                return
            key = self._register(connection, now_ns)
            mark = {"run_id": run_id, "entries": fresh[-1].number, "changed_ns": now_ns}
            upsert(connection, applied, ("run_id",), [mark])
            rows = [row for entry in fresh for row in (*entry.beside, entry.row)]
            write_rows(connection, key, playbook_label(self.started), rows)
            observations = [observation for entry in fresh for observation in entry.observations]
            self._accumulate(connection, observations, now_ns)

    def _accumulate(self, connection: Connection, observations: Sequence[Observation], now_ns: int) -> None:
        started = self.started
        trace = trace_id(started.run_id, started.traceparent, started.join_trace)
        reference = TraceRef(started.run_id, trace) if self.traced else None
        accumulate(connection, observations, reference, now_ns, self.limit)

    def _register(self, connection: Connection, now_ns: int) -> int:
        """Return the run's key; where it is not there yet, it is put down and its series are born."""
        run_id = self.started.run_id
        key = connection.scalar(select(runs.c.key).where(runs.c.run_id == run_id))
        if key is not None:
            return int(key)
        key = connection.scalar(insert(runs).values(**self._row(now_ns)).returning(runs.c.key))
        self._bear(connection, now_ns)
        return int(key or 0)

    def _bear(self, connection: Connection, now_ns: int) -> None:
        """Let the series that this run may touch begin at 0, so that they are seen there while it goes on."""
        playbook = playbook_label(self.started)
        wanted: list[Series] = [("ansible_playbook_runs_total", (playbook, result)) for result in RESULTS]
        wanted += [("ansible_playbook_duration_seconds", (playbook, result)) for result in _BORN_RESULTS]
        wanted += [("ansible_host_results_total", (playbook, outcome)) for outcome in OUTCOMES]
        waits = ("straggler", "host_idle", "host_fork_wait")
        for name in ("ansible_task_retries", *(f"ansible_{wait}_seconds" for wait in waits)):
            wanted.append((f"{name}_total", (playbook,)))
        give_birth(connection, [one for one in wanted if one[0] in metrics_of(self.level)], now_ns, self.limit)
        if not self.started.check_mode:
            start = self.started.wall_ns
            begun = Observation("ansible_playbook_last_start_timestamp_seconds", (playbook,), start, start)
            self._accumulate(connection, [begun], now_ns)

    def _row(self, now_ns: int) -> dict[str, Any]:
        started = self.started
        return {
            "run_id": started.run_id,
            "trace_id": trace_id(started.run_id, started.traceparent, started.join_trace),
            "playbook": playbook_label(started),
            "playbook_path": clean(started.playbook_path, 4096),
            "started_ns": started.wall_ns,
            "heartbeat_ns": now_ns,
            "command_id": started.command_id,
            "sequence": started.sequence,
            "front_end": started.front_end,
            "controller": clean(started.host_name),
            "boot_id": started.boot_id,
            "user": clean(started.user),
            "check_mode": started.check_mode,
            "diff_mode": started.diff_mode,
            "forks": started.forks,
            "host_limit": None if started.limit is None else clean(started.limit, 1024),
            "tags": _json(started.tags),
            "skip_tags": _json(started.skip_tags),
            "inventory": _json(started.inventory),
            "ansible_version": started.ansible_version,
            "python_version": started.python_version,
            "deploytrace_version": started.deploytrace_version,
            "environment": _text(started.resource.get("deployment.environment.name")),
            "revision": _text(started.resource.get("vcs.ref.head.revision")),
            "context": _json(dict(started.context_vars)),
            "resource": _json(dict(started.resource)),
            "hosts": "{}",
            "tasks_total": 0,
            "results_total": 0,
            "pruned": False,
            "straggler_ns": 0,
            "idle_ns": 0,
            "callback_ns": 0,
            "kind": run_kind(started),
        }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))  # ASCII: every database takes it


def _text(value: str | None) -> str | None:
    return None if value is None else clean(value)
