"""What is removed and what stays; and our own health, which others count and the store takes over."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from deploytrace.errors import NotKept
from deploytrace.journal.cursor import Cursor, Position
from deploytrace.journal.directory import Directory
from deploytrace.journal.losses import add_loss
from deploytrace.settings import Settings
from deploytrace.sidecar.store_upkeep import tend_store
from deploytrace.store import schema
from deploytrace.store.database import Store, open_store
from deploytrace.store.health import Count, delivery_counts, loss_counts, take_counts
from deploytrace.store.retention import Pruned, prune_store, shrink, used
from deploytrace.store.runs import read_host_results, read_runs, read_tasks
from deploytrace.store.spool import waiting
from deploytrace.store.trees import read_tree

from .recorded import content, run_of, totals

DAY = 86_400 * 10**9


def _many(url: str, count: int, apart: int = DAY) -> int:
    """Commit so many runs, each some time after the one before; return when the last was (Unix time, ns)."""
    last = 0
    for number in range(count):
        run = run_of("serial-2.21")
        last = run.started.wall_ns + number * apart
        run = run_of("serial-2.21", run_id=f"{number:032x}", wall_ns=last)
        run.commit(url, clock=lambda last=last: last)
    return last


def test_old_runs_go(store: Store, url: str) -> None:
    """As a whole, and nothing else changes; what was delivered and comes again does not count again."""
    now = _many(url, 5)
    series = content(store)["series"]
    pruned = prune_store(store, Settings(history_days=2), now + DAY // 2)
    assert pruned.runs == 3
    with store.reading() as connection:
        assert [run.run_id for run in read_runs(connection)] == [f"{number:032x}" for number in (4, 3)]
        for table in (schema.plays, schema.tasks, schema.host_results):
            runs = set(connection.scalars(select(table.c.run)))
            assert len(runs) == 2
    run_of("serial-2.21", run_id=f"{0:032x}").commit(url)
    assert content(store)["series"] == series


def test_the_size_is_kept(store: Store, url: str) -> None:
    """The oldest lose their host results first, then go; the file becomes smaller, the metrics stay as they are."""
    now = _many(url, 30)
    series = content(store)["series"]
    with store.reading() as connection:
        before = store.size(connection)
        results = connection.scalar(select(func.count()).select_from(schema.host_results)) or 0
    pruned = prune_store(store, Settings(history_megabytes=0), now)
    assert (pruned.runs, pruned.emptied) == (30, 30)
    assert results > 300
    with store.reading() as connection:
        assert not read_runs(connection)
        if store.sqlite:
            assert store.size(connection) < before
    assert content(store)["series"] == series


def test_a_run_in_progress_stays(store: Store, url: str) -> None:
    """Whatever the limits are."""
    run = run_of("serial-2.21")
    start = run.started.wall_ns
    sink = run.sink(url, clock=lambda: start)
    sink.beat()
    prune_store(store, Settings(history_megabytes=0, history_days=0), start + 10 * 10**9)
    with store.reading() as connection:
        assert len(read_runs(connection)) == 1
    prune_store(store, Settings(history_megabytes=0, history_days=0), start + 60 * 10**9)
    with store.reading() as connection:
        assert not read_runs(connection)
    sink.close()


def test_series_go_when_nothing_touches_them(store: Store, url: str) -> None:
    """Those of a playbook as a whole stay while the playbook is run, whatever the result that is rare."""
    old = run_of("serial-2.21")
    start = old.started.wall_ns
    old.commit(url, clock=lambda: start)
    run_of("roles-2.21", wall_ns=start).commit(url, clock=lambda: start)
    later = start + 50 * DAY
    again = run_of("serial-2.17", wall_ns=later, check_mode=True)
    again.commit(url, clock=lambda: later)
    assert prune_store(store, Settings(), later).series > 0
    runs = totals(store, "ansible_playbook_runs_total")
    assert {playbook for playbook, _ in runs} == {"serial.yml"}
    assert runs["serial.yml", "success"] == (0, 2)
    assert ("serial.yml", "failure") in runs
    assert totals(store, "ansible_playbook_last_success_timestamp_seconds").keys() == {("serial.yml",)}
    assert not totals(store, "ansible_role_duration_seconds")


def test_counts_kept_elsewhere_are_taken_over_once(store: Store) -> None:
    """However often one looks; a count that begins anew is not counted twice."""
    traces = Position(items=10, rejected=2, failures=3, taken_ns=7 * 10**9)
    positions = {"traces": traces, "history": Position(failures=1)}
    counts = delivery_counts("r1", positions) + loss_counts("here", {"traces": {"rejected": 2}})
    for _ in range(3):
        take_counts(store, counts, 10**9, 500)
    take_counts(store, [Count("r1", "ansible_telemetry_exported_total", ("traces",), 3)], 10**9, 500)
    take_counts(store, [Count("r2", "ansible_telemetry_exported_total", ("traces",), 5)], 10**9, 500)
    assert totals(store, "ansible_telemetry_exported_total")[("traces",)] == (0, 8 + 5)
    assert totals(store, "ansible_telemetry_dropped_total") == {("traces", "rejected"): (0, 2)}
    assert totals(store, "ansible_telemetry_export_failures_total")[("traces", "unavailable")] == (0, 3)
    assert totals(store, "ansible_telemetry_store_errors_total") == {(): (0, 1)}
    assert totals(store, "ansible_telemetry_last_export_success_timestamp_seconds")[("traces",)] == (0, 7 * 10**9)


def test_a_state_directory_is_looked_at(tmp_path: Path) -> None:
    """Cursors and losses, by a sidecar at its end; what waits is told by the journals."""
    directory = Directory(tmp_path)
    directory.create()
    open_store(f"sqlite:///{tmp_path}/store.db").close()
    for number, complete in enumerate((True, False)):
        run_id = f"{number:032x}"
        directory.journal(run_id).write_text("x" * 100)
        cursor = Cursor(directory.cursor(run_id))
        cursor.move("traces", Position(items=4, complete=complete, failures=0 if complete else 2))
    add_loss(tmp_path, "runs", "quota", 1)
    tend_store(directory, Settings())
    tend_store(directory, Settings())
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    assert totals(store, "ansible_telemetry_exported_total") == {("traces",): (0, 8)}
    assert totals(store, "ansible_telemetry_dropped_total") == {("runs", "quota"): (0, 1)}
    assert totals(store, "ansible_telemetry_export_failures_total") == {("traces", "unavailable"): (0, 2)}
    store.close()
    waits = waiting(directory)["traces"]
    assert (waits.runs, waits.size) == (1, 100)


def test_no_store_is_made_by_looking(tmp_path: Path) -> None:
    """Where nothing keeps a history there is none to tend."""
    tend_store(Directory(tmp_path), Settings())
    assert not list(tmp_path.iterdir())


def test_a_pruned_run_keeps_its_tasks(store: Store, url: str) -> None:
    """Where removing host results of the oldest is enough, runs and tasks stay."""
    now = _many(url, 30)
    with store.reading() as connection:
        limit = used(store, connection) - 1
    assert shrink(store, limit, now) == Pruned(emptied=20)
    with store.reading() as connection:
        runs = read_runs(connection)
        assert [run.pruned for run in runs] == [False] * 10 + [True] * 20
        assert all(read_tasks(connection, run.key) for run in runs)
        assert all(bool(read_host_results(connection, run.key)) != run.pruned for run in runs)
        assert read_tree(connection, runs[0].run_id) is not None
        with pytest.raises(NotKept, match="keeps only its sums"):
            read_tree(connection, runs[-1].run_id)
