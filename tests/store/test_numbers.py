"""What counts where: the accumulators against the history, births, limits, what a killed run leaves."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import func, select

from deploytrace.events import Event, HostFinished, RunEnded, RunLost
from deploytrace.identity import span_id
from deploytrace.run.model import HostDetail
from deploytrace.store import schema
from deploytrace.store.catalogue import METRICS, OVERFLOW, Type
from deploytrace.store.database import Store
from deploytrace.store.entries import OUTCOME_CODES
from deploytrace.store.names import playbook_label
from deploytrace.store.runs import read_host_results, read_runs, read_tasks, read_totals
from deploytrace.store.snapshot import Distribution, Family, Point, Snapshot
from deploytrace.store.view import View, read_snapshot

from .recorded import JOURNALS, Run, read, run_of, totals

SECOND = 10**9
LONG_AFTER = 4e9  # Unix time, s: every birth hold is over
ALL = [path.stem for path in JOURNALS if path.stem.endswith("2.21")]


def families(snapshot: Snapshot) -> dict[str, Family]:
    """The families of a snapshot by name."""
    return {family.metric.name: family for family in snapshot.families}


def points(family: Family) -> dict[tuple[str, ...], float]:
    """The values of a family by labels."""
    return {point.labels: point.value for point in family.points}


def shown(store: Store, at: float, **view: object) -> dict[str, Family]:
    """What a reader sees at a Unix time."""
    return families(read_snapshot(store, View(**({"level": "host"} | view)), at))  # type: ignore[arg-type]


def lost(events: Sequence[Event], keep: float) -> list[Event]:
    """A run whose Ansible was killed when a part of its events was written."""
    rest = [event for event in events if not isinstance(event, RunEnded)]
    rest = rest[: int(len(rest) * keep)]
    return [*rest, RunLost(getattr(rest[-1], "t", 0) + 1)]


def test_sums_are_those_of_the_history(store: Store, url: str) -> None:
    """To the nanosecond: runs, plays, tasks and host results of every recorded run, on both databases."""
    for name in ALL:
        run_of(name).commit(url)
    with store.reading() as connection:
        row = schema.host_results.c
        names = {run.key: run.playbook for run in read_runs(connection)}
        assert len(names) == len(ALL)
        durations: Counter[str] = Counter()
        outcomes: Counter[tuple[str, str]] = Counter()
        for result in connection.execute(select(schema.host_results)):
            outcome = OUTCOME_CODES[result.outcome]
            outcomes[names[result.run], outcome] += 1
            durations[outcome] += result.duration_ns
        tasks = connection.execute(
            select(func.count(), func.sum(schema.tasks.c.busy_ns)).where(schema.tasks.c.outcome != "skipped")
        ).one()
        plays = connection.execute(select(func.count(), func.sum(schema.plays.c.duration_ns))).one()
        runs = connection.execute(select(func.count(), func.sum(schema.runs.c.duration_ns))).one()
        straggler = connection.scalar(select(func.sum(schema.runs.c.straggler_ns)))
        retries = connection.scalar(select(func.sum(row.attempts - 1)).where(row.attempts > 1))
        callback = connection.scalar(select(func.sum(schema.runs.c.callback_ns)))
    counted = {labels: total for labels, (_, total) in totals(store, "ansible_host_results_total").items() if total}
    assert counted == dict(outcomes)
    by_outcome: Counter[str] = Counter()
    for (_, outcome), (_, total) in totals(store, "ansible_host_result_duration_seconds").items():
        by_outcome[outcome] += total
    assert by_outcome == durations
    for family, expected in (("task", tasks), ("play", plays), ("playbook", runs)):
        found = totals(store, f"ansible_{family}_duration_seconds").values()
        assert (sum(count for count, _ in found), sum(total for _, total in found)) == tuple(map(int, expected))
    for family, value in (("straggler", straggler), ("telemetry_callback", callback)):
        assert sum(total for _, total in totals(store, f"ansible_{family}_seconds_total").values()) == int(value or 0)
    assert sum(total for _, total in totals(store, "ansible_task_retries_total").values()) == int(retries or 0) > 0


def test_waiting_for_forks_counts_by_playbook(store: Store, url: str) -> None:
    """Under each strategy, what the host results of the run say; there had been too few forks, say."""
    for name in ("serial-2.21", "free-2.21"):
        run = run_of(name, forks=1)
        run.commit(url)
        expected = sum(node.detail.fork_wait_ns for node in run.nodes if isinstance(node.detail, HostDetail))
        found = totals(store, "ansible_host_fork_wait_seconds_total")[playbook_label(run.started),]
        assert found[1] == expected > 0


def test_a_histogram_is_what_was_observed(store: Store, url: str) -> None:
    """Every bucket is counted again from the history; an exemplar is the last in its bucket, and its span exists."""
    run = run_of("roles-2.21")
    run.commit(url)
    family = shown(store, LONG_AFTER)["ansible_host_result_duration_seconds"]
    ids = {span_id(run.started.run_id, node.id): node for node in run.nodes}
    expected: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    with store.reading() as connection:
        key = read_runs(connection)[0].key
        actions = {(task.task, task.occurrence): task.action for task in read_tasks(connection, key)}
        for result in read_host_results(connection, key):
            bounds = family.metric.buckets
            place = next((i for i, bound in enumerate(bounds) if result.duration_ns <= bound * 1e9), len(bounds))
            expected[actions[result.task, result.occurrence], result.outcome][place] += 1
    assert family.distributions
    for one in family.distributions:
        assert len(one.buckets) == len(family.metric.buckets) + 1
        assert dict(expected[one.labels]) == {place: count for place, count in enumerate(one.buckets) if count}
        assert one.count == sum(one.buckets)
        for place, exemplar in enumerate(one.exemplars):
            assert (exemplar is not None) == bool(one.buckets[place])
            if exemplar is not None:
                node = ids[exemplar.span_id]
                assert exemplar.trace_id == run.started.run_id
                assert exemplar.value == (node.end - node.start) / 1e9


def test_a_first_run_is_seen_at_zero(store: Store, url: str) -> None:
    """From its start on, and held at 0 until the hold is over: then its true value. Gauges do not wait."""
    run = run_of("serial-2.21")
    born = run.started.wall_ns
    now = [born]
    sink = run.sink(url, clock=lambda: now[0])
    sink.beat()
    at_start = shown(store, born / 1e9 + 1)
    label = ("serial.yml",)
    assert points(at_start["ansible_playbook_runs_total"])[(*label, "success")] == 0
    assert {one.labels for one in at_start["ansible_playbook_duration_seconds"].distributions} == {
        (*label, "success"),
        (*label, "failure"),
    }
    assert points(at_start["ansible_playbook_runs_in_progress"])[label] == 1
    assert points(at_start["ansible_playbook_running_start_timestamp_seconds"])[label] == born / 1e9
    now[0] += 5 * SECOND
    sink.deliver(run.entries(sink))
    sink.close()
    held = read_snapshot(store, View(level="host"), born / 1e9 + 6)
    assert held.settled_at == (born + 5 * SECOND) / 1e9 + 60
    for family in held.families:
        if family.metric.type in (Type.COUNTER, Type.HISTOGRAM):
            assert not any(point.value for point in family.points)
            for one in family.distributions:
                assert one.count == one.sum == sum(one.buckets) == 0
                assert not any(one.exemplars)
    seen = families(held)
    assert points(seen["ansible_playbook_last_run_success"])[label] == 1
    assert points(seen["ansible_playbook_runs_in_progress"])[label] == 0
    assert "ansible_playbook_running_start_timestamp_seconds" not in seen
    after = read_snapshot(store, View(level="host"), born / 1e9 + 66)
    assert after.settled_at is None
    assert points(families(after)["ansible_playbook_runs_total"])[(*label, "success")] == 1
    unheld = families(read_snapshot(store, View(level="host", birth_hold=0.0), born / 1e9 + 6))
    assert points(unheld["ansible_playbook_runs_total"])[(*label, "success")] == 1


def test_a_killed_run(store: Store, url: str) -> None:
    """What had ended counts; the run is an error without a duration; what was cut off counts nowhere."""
    run = Run(lost(read("roles-2.21"), 0.6))
    run.commit(url)
    playbook = "roles.yml"
    assert totals(store, "ansible_playbook_runs_total")[playbook, "error"] == (0, 1)
    assert not any(count for count, _ in totals(store, "ansible_playbook_duration_seconds").values())
    assert totals(store, "ansible_run_errors_total") == {(playbook, "lost"): (0, 1)}
    with store.reading() as connection:
        (kept,) = read_runs(connection)
        results = read_host_results(connection, kept.key)
    finished = [result for result in results if result.outcome != "interrupted"]
    assert 0 < len(finished) < len(results)
    assert sum(count for count, _ in totals(store, "ansible_host_result_duration_seconds").values()) == len(finished)
    assert any(count for count, _ in totals(store, "ansible_task_duration_seconds").values())
    assert any(count for count, _ in totals(store, "ansible_role_duration_seconds").values())
    assert kept.result == "error"
    gauges = shown(store, LONG_AFTER)
    assert points(gauges["ansible_playbook_last_run_success"]) == {(playbook,): 0}
    assert "ansible_playbook_last_duration_seconds" not in gauges
    assert "ansible_playbook_last_success_timestamp_seconds" not in gauges


def test_a_run_that_goes_on(store: Store, url: str) -> None:
    """It is live while its sidecar says so, and not over a boot of its controller."""
    import platform

    from deploytrace.journal.owner import boot_id

    run = run_of("serial-2.21", host_name=platform.node(), boot_id=boot_id())
    gone = run_of("serial-2.17", host_name=platform.node(), boot_id="an earlier boot")
    start = run.started.wall_ns
    for each in (run, gone):
        sink = each.sink(url, clock=lambda: start)
        sink.beat()
        sink.close()
    label = ("serial.yml",)
    assert points(shown(store, start / 1e9 + 29)["ansible_playbook_runs_in_progress"]) == {label: 1}
    assert points(shown(store, start / 1e9 + 31)["ansible_playbook_runs_in_progress"]) == {label: 0}


def test_the_latest_is_the_latest(store: Store, url: str) -> None:
    """Delivered in whatever order; a run in check mode is never the latest, but counts."""
    early = run_of("serial-2.21")
    late = run_of("serial-2.21", run_id="a" * 32, wall_ns=early.started.wall_ns + 100 * SECOND)
    check = run_of("serial-2.21", run_id="b" * 32, wall_ns=early.started.wall_ns + 200 * SECOND, check_mode=True)
    for run in (check, late, early):
        run.commit(url)
    seen = shown(store, LONG_AFTER, last_run_info=True)
    label = ("serial.yml",)
    assert points(seen["ansible_playbook_last_start_timestamp_seconds"])[label] == late.started.wall_ns / 1e9
    assert points(seen["ansible_playbook_last_completion_timestamp_seconds"])[label] == late.nodes[-1].end / 1e9
    assert points(seen["ansible_playbook_runs_total"])[(*label, "success")] == 3
    (info,) = seen["ansible_playbook_last_run_info"].points
    assert info.labels[:3] == ("serial.yml", "a" * 32, "a" * 32)


def test_a_family_has_a_limit(store: Store, url: str) -> None:
    """What is above goes to one series, and is counted; nothing is lost from the sums."""
    run_of("roles-2.21").commit(url, metrics_series_limit=3)
    family = totals(store, "ansible_task_duration_seconds")
    assert len(family) == 4
    over = family[(OVERFLOW,) * 3]
    with store.reading() as connection:
        tasks = [task for task in read_tasks(connection, 1) if task.outcome != "skipped"]
    assert sum(count for count, _ in family.values()) == len(tasks)
    assert sum(total for _, total in family.values()) == sum(task.busy_ns for task in tasks)
    counted = totals(store, "ansible_telemetry_store_overflow_total")
    assert counted[("ansible_task_duration_seconds",)] == (0, over[0])


def test_levels(store: Store, url: str) -> None:
    """Each level has what the ones before it have; what is above is neither kept nor shown."""
    run_of("roles-2.21").commit(url, metrics_level="play")
    kept = {METRICS[name].level for name in METRICS if totals(store, name)}
    assert kept == {"run", "play"}
    assert "ansible_play_duration_seconds" not in shown(store, LONG_AFTER, level="run")


def test_the_history_reads_as_it_was(store: Store, url: str) -> None:
    """Runs, tasks, host results and totals say what replay said."""
    run = run_of("handlers-2.21")
    run.commit(url)
    with store.reading() as connection:
        (kept,) = read_runs(connection, playbook="handlers.yml")
        tasks, results = read_tasks(connection, kept.key), read_host_results(connection, kept.key)
        sums = read_totals(connection, [kept.key])
    assert kept.run_id == run.started.run_id
    hosts = {node.id: node for node in run.nodes if node.kind.value == "host"}
    assert {f"host/{result.execution}" for result in results} == set(hosts)
    for result in results:
        node = hosts[f"host/{result.execution}"]
        assert node.parent == f"task/{result.task}/{result.occurrence}"
        assert (run.started.wall_ns + result.started_ns, result.duration_ns) == (node.start, node.end - node.start)
        assert result.outcome == node.outcome.value
    made = {node.id: node for node in run.nodes if node.kind.value in ("task", "handler")}
    assert {f"task/{task.task}/{task.occurrence}" for task in tasks} <= set(made)
    assert sum(one.busy_ns for one in sums) == sum(task.busy_ns for task in tasks if task.outcome != "skipped")
    assert sums == sorted(sums, key=lambda one: -one.busy_ns)


def test_labels_are_as_written(store: Store, url: str) -> None:
    """A template in a name stays one: what it becomes may differ in every run, and would make a series for each."""
    for name in ("roles-2.21", "serial-2.21"):
        run_of(name).commit(url)
    plays = {labels[1] for labels in totals(store, "ansible_play_duration_seconds")}
    tasks = {labels[2] for labels in totals(store, "ansible_task_duration_seconds")}
    assert "Roll out {{ release | default('now') }}" in plays
    assert "Stop {{ inventory_hostname }}" in tasks
    assert not [name for name in tasks if name.startswith("Stop ") and "{{" not in name]


def test_hostile_names(store: Store, url: str) -> None:
    """NUL, half a character, quotes and a very long name get into both databases, and out again."""
    nasty = 'a\0b\udc80"\\\n' + "x" * 10_000
    events = [
        event._replace(host=nasty) if isinstance(event, HostFinished) or hasattr(event, "host") else event
        for event in read("serial-2.21")
    ]
    Run([events[0]._replace(playbook=nasty, user=nasty, limit=nasty), *events[1:]]).commit(url)
    with store.reading() as connection:
        (kept,) = read_runs(connection)
        assert read_host_results(connection, kept.key)
        assert json.loads(connection.scalar(select(schema.runs.c.tags)) or "")
    family = shown(store, LONG_AFTER)["ansible_playbook_runs_total"]
    for point in family.points:
        assert isinstance(point, Point)
        assert "\0" not in point.labels[0]
        point.labels[0].encode("utf-8")
    assert not any(isinstance(one, Distribution) for one in family.points)
