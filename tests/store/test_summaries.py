"""Runs in short: the same from the store as from the journal, and what took longest in many of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from deploytrace.analysis.summing import summary_of
from deploytrace.analysis.trends import BY, times_of, trends
from deploytrace.kinds import usual_file
from deploytrace.settings import Settings
from deploytrace.sinks.history import HistorySink
from deploytrace.store.database import open_store
from deploytrace.store.history import opened_history
from deploytrace.store.view import View, read_snapshot

from .recorded import JOURNALS, run_of

ALL = [path.stem for path in JOURNALS if path.stem.endswith("2.21")]


def test_the_store_tells_what_the_journal_tells(url: str) -> None:
    for name in ALL:
        run_of(name).commit(url)
    with opened_history(url) as history:
        for name in ALL:
            run = run_of(name)
            told, kept = summary_of(run.nodes), history.summary(run.started.run_id)
            assert kept is not None
            assert sorted(kept.tasks, key=str) == sorted(told.tasks, key=str)
            assert sorted(kept.hosts, key=str) == sorted(told.hosts, key=str)
            assert sorted(kept.roles, key=str) == sorted(told.roles, key=str)
            assert kept.plays == told.plays
            bare = {"tasks": (), "hosts": (), "roles": (), "plays": ()}
            assert dataclasses.replace(kept, **bare) == dataclasses.replace(told, **bare)
        assert history.summary("f" * 32) is None


def test_what_took_longest_in_many_runs(url: str) -> None:
    """As told by the runs themselves, whatever is ranked; only the runs of the kind, and of these the last."""
    runs = [run_of("roles-2.21", run_id=f"{number:032x}", wall_ns=number * 10**12) for number in range(1, 6)]
    for run in (*runs, run_of("serial-2.21")):
        run.commit(url)
    summaries = [summary_of(run.nodes) for run in runs[1:4]]
    kind, until = summaries[-1].context.kind, summaries[-1].start
    with opened_history(url) as history:
        for by in BY:
            for measure in ("wall", "hosts"):
                found = history.longest(kind, until, 3, by, measure, None)
                assert found.durations == tuple(summary.duration_ns for summary in summaries)
                expected = {trend.key: trend for trend in trends(times_of(summaries, by, measure))}
                assert {trend.key: trend for trend in trends(found)} == expected
        assert len(history.longest(kind, until, 3, "task", "wall", 2).times) == 2


def test_a_run_in_progress_should_be_over_as_the_runs_like_it_were(url: str, tmp_path: Path) -> None:
    """Known from its start on, and anew with each task; told while the run goes on, and not afterwards."""
    runs = [run_of("roles-2.21", run_id=f"{number:032x}", wall_ns=number * 10**12) for number in range(1, 4)]
    for run in runs[:2]:
        sink = HistorySink(url, run.started, Settings(), traced=False, state_dir=tmp_path)
        sink.deliver(run.entries(sink))
        sink.close()
    run, start = runs[2], runs[2].started.wall_ns
    end = summary_of(run.nodes).duration_ns + start
    sink = HistorySink(url, run.started, Settings(), traced=False, state_dir=tmp_path, clock=lambda: start)
    entries = [entry for node in run.nodes[: len(run.nodes) // 2] for entry in sink.translate(node)]
    sink.beat()
    assert _expected(url, start) == {"0.5": pytest.approx(end / 1e9), "0.9": pytest.approx(end / 1e9)}
    entries += [entry for node in run.nodes[len(run.nodes) // 2 :] for entry in sink.translate(node)]
    sink.deliver(entries)
    sink.close()
    assert _expected(url, start) == {}


def test_a_run_that_was_left_behind_takes_back_nothing_of_what_is_expected(url: str, tmp_path: Path) -> None:
    """The oldest is committed last."""
    runs = [run_of("roles-2.21", run_id=f"{number:032x}", wall_ns=number * 10**12) for number in (2, 3, 1)]
    for run in runs:
        run.commit(url, state_dir=tmp_path)
    file = usual_file(tmp_path, summary_of(runs[0].nodes).context.kind)
    assert json.loads(file.read_text().splitlines()[0])["runs"] == 3


def _expected(url: str, now_ns: int) -> dict[str, float]:
    store = open_store(url)
    families = {family.metric.name: family for family in read_snapshot(store, View(), now_ns / 1e9).families}
    store.close()
    found = families.get("ansible_playbook_expected_end_timestamp_seconds")
    return {} if found is None else {point.labels[1]: point.value for point in found.points}
