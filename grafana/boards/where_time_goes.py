"""The dashboard *Where the time goes*: which plays, roles, tasks and modules take it, and what is only waited for."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from .frame import framed
from .panels import BLUE, ORANGE, RED, Column, bar_gauge, bars, heat_map, lines, table_panel, target
from .queries import grown, latest, share, usual

__all__ = ["board"]

_TASK = "job, playbook, role, task"


def board() -> dashboard.Dashboard:
    """The whole of it."""
    about = "What takes the time of deploys, what got slower, and what is only waited for. A point leads to its trace."
    found = framed("ansible-where-the-time-goes", "Ansible / Where the time goes", about)
    _runs(found)
    _work(found)
    _waiting(found)
    return found


def _runs(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Runs"))
    board.with_panel(heat_map(
        "Durations of runs", "How many runs took how long. The diamonds are single runs; each leads to its trace.",
        f"sum by (le) ({grown('ansible_playbook_duration_seconds_bucket', over='$__interval')})", size=(14, 9),
    ))  # fmt: skip
    board.with_panel(bar_gauge(
        "The latest run against the usual", "1 is the mean of 14 days; from 2 on AnsibleDeploySlow fires.",
        f"sort_desc({latest('ansible_playbook_last_duration_seconds')} / {usual()})", "{{playbook}}", "short",
        steps=[(None, BLUE), (1.5, ORANGE), (2, RED)], size=(10, 9), decimals=2,
    ))  # fmt: skip


def _work(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Work"))
    for what, label in (("play", "play"), ("role", "role")):
        spent = grown(f"ansible_{what}_duration_seconds_sum", over="$__interval")
        board.with_panel(bars(
            f"{what.title()}s", f"Time in which {what}s were at work, each bar an hour or longer.",
            [target(f"sum by ({label}) ({spent})", f"{{{{{label}}}}}")], "s",
        ))  # fmt: skip
    seconds, count = (grown(f"ansible_task_duration_seconds_{part}") for part in ("sum", "count"))
    by_task = f"sum by ({_TASK}) ({seconds})"
    slowest = f"topk(20, {by_task})"
    times = f"sum by ({_TASK}) ({count})"
    buckets = f"sum by (le, {_TASK}) ({grown('ansible_task_duration_seconds_bucket')})"
    within = f"and on ({_TASK}) {slowest}"
    board.with_panel(table_panel(
        "Slowest tasks", "The twenty that took most in the time shown: all runs together, and one.",
        ["playbook", "role", "task"],
        [
            Column("together", slowest, "s"),
            Column("runs", f"{times} {within}", "short", decimals=0),
            Column("mean", f"{share(by_task, times)} {within}", "s"),
            Column("p95", f"histogram_quantile(0.95, {buckets}) {within}", "s"),
        ],
        sort="together", size=(24, 11), hidden=["job"],
    ))  # fmt: skip
    recorded = 'job_playbook_role_task:ansible_task_duration_seconds:{0}{{job=~"$job", playbook=~"$playbook"}}'
    board.with_panel(bar_gauge(
        "Tasks slower than usual", "By how much the mean of three days is above that of fourteen.",
        f"topk(10, sum by (playbook, role, task) ({recorded.format('mean3d')} - {recorded.format('mean14d')}) > 0)",
        "{{playbook}}: {{role}} | {{task}}", "s", steps=[(None, ORANGE)],
    ))  # fmt: skip
    results = grown("ansible_host_result_duration_seconds_sum")
    board.with_panel(bar_gauge(
        "Modules", "Time that modules took, summed over hosts.",
        f"topk(10, sum by (action) ({results}))", "{{action}}", "s",
    ))  # fmt: skip


def _waiting(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Waiting"))
    straggling = grown("ansible_straggler_seconds_total", over="$__interval")
    idle = grown("ansible_host_idle_seconds_total", over="$__interval")
    retries = grown("ansible_task_retries_total", over="$__interval")
    board.with_panel(bars(
        "Stragglers", "What slow hosts cost: the slowest host's time minus the median's, over tasks done in step.",
        [target(f"sum by (playbook) ({straggling})", "{{playbook}}")], "s", size=(8, 8),
    ))  # fmt: skip
    board.with_panel(bars(
        "Idle hosts", "Time that hosts waited for others to end a task, summed over hosts.",
        [target(f"sum by (playbook) ({idle})", "{{playbook}}")], "s", size=(8, 8),
    ))  # fmt: skip
    board.with_panel(bars(
        "Retries", "Tries of tasks after the first, over all hosts.",
        [target(f"sum by (playbook) ({retries})", "{{playbook}}")], "short", size=(8, 8),
    ))  # fmt: skip
    board.with_panel(heat_map(
        "Downtime windows", "How long hosts were down, by the tags that docs/downtime.md tells of.",
        f"sum by (le) ({grown('ansible_host_downtime_seconds_bucket', over='$__interval')})", size=(12, 8),
    ))  # fmt: skip
    buckets = f"sum by (le, playbook) ({grown('ansible_host_downtime_seconds_bucket', over='1d')})"
    board.with_panel(lines(
        "Downtime of a host", "Half (p50) and 95 % (p95) of the downtime windows of the day before were no longer.",
        [
            target(f"histogram_quantile(0.5, {buckets})", "p50 {{playbook}}"),
            target(f"histogram_quantile(0.95, {buckets})", "p95 {{playbook}}"),
        ],
        "s", interval="15m",
    ))  # fmt: skip
