"""The dashboard *Where the time goes*: which plays, roles, tasks and modules take it, and what is only waited for."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from .frame import framed
from .panels import BLUE, GREEN, ORANGE, RED, Column, bar_gauge, bars, heat_map, lines, stat_panel, table_panel, target
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
        f"sum by (le) ({grown('ansible_playbook_duration_seconds_bucket', over='$__interval')})",
    ))  # fmt: skip
    board.with_panel(bar_gauge(
        "The latest run against the usual", "1 is the mean of 14 days; from 2 on AnsibleDeploySlow fires.",
        f"sort_desc({latest('ansible_playbook_last_duration_seconds')} / {usual()})", "{{playbook}}", "short",
        steps=[(None, BLUE), (1.5, ORANGE), (2, RED)], size=(12, 6), decimals=2,
        nothing="Fewer than three successes in 14 days.",
    ))  # fmt: skip
    board.with_panel(table_panel(
        "Slower than chance explains", "The latest run against the runs like it (docs/comparison.md).", ["playbook"],
        [
            Column("slower by", latest("ansible_playbook_last_excess_seconds"), "s", [(None, GREEN), (0.001, ORANGE)]),
            Column("slower tasks", latest("ansible_playbook_last_slower_tasks"), "short", [(None, GREEN), (1, ORANGE)]),
        ],
        sort="slower by", size=(12, 6), hidden=["job"], nothing="Fewer than five runs to compare with.",
    ))  # fmt: skip


def _work(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Work"))
    for what, label in (("play", "play"), ("role", "role")):
        spent = grown(f"ansible_{what}_duration_seconds_sum", over="$__interval")
        board.with_panel(bars(
            f"{what.title()}s", f"Time in which {what}s were at work, each bar three hours or longer.",
            [target(f"sum by ({label}) ({spent})", f"{{{{{label}}}}}")], "s",
        ))  # fmt: skip
    slowest = f"topk(20, sum by ({_TASK}) ({grown('ansible_task_duration_seconds_sum')}))"
    times = f"sum by ({_TASK}) ({grown('ansible_task_duration_seconds_count')})"
    buckets = f"sum by (le, {_TASK}) ({grown('ansible_task_duration_seconds_bucket')})"
    within = f"and on ({_TASK}) {slowest}"
    board.with_panel(table_panel(
        "Slowest tasks", "The twenty that took most in the time shown: all runs together, and one.",
        ["playbook", "role", "task"],
        [
            Column("together", slowest, "s"),
            Column("runs", f"{times} {within}", "short", decimals=0),
            Column("mean", f"{_mean('ansible_task_duration_seconds', _TASK)} {within}", "s"),
            Column("p95", f"histogram_quantile(0.95, {buckets}) {within}", "s"),
        ],
        sort="together", size=(24, 11), hidden=["job"],
    ))  # fmt: skip
    recorded = 'job_playbook_role_task:ansible_task_duration_seconds:{0}{{job=~"$job", playbook=~"$playbook"}}'
    board.with_panel(bar_gauge(
        "Tasks slower than usual", "By how much the mean of three days is above that of fourteen.",
        f"topk(10, sum by (playbook, role, task) ({recorded.format('mean3d')} - {recorded.format('mean14d')}) > 0)",
        "{{playbook}}: {{role}} | {{task}}", "s", steps=[(None, ORANGE)], nothing="No task got slower.",
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
    forks = grown("ansible_host_fork_wait_seconds_total", over="$__interval")
    retries = grown("ansible_task_retries_total", over="$__interval")
    board.with_panel(bars(
        "Stragglers", "What slow hosts cost: the slowest host's time minus the median's, over tasks done in step.",
        [target(f"sum by (playbook) ({straggling})", "{{playbook}}")], "s", size=(6, 8),
    ))  # fmt: skip
    board.with_panel(bars(
        "Idle hosts", "Time that hosts waited for others to end a task, summed over hosts.",
        [target(f"sum by (playbook) ({idle})", "{{playbook}}")], "s", size=(6, 8),
    ))  # fmt: skip
    board.with_panel(bars(
        "Waiting for forks", "Time that hosts waited to begin a task because all forks were taken, summed over hosts.",
        [target(f"sum by (playbook) ({forks})", "{{playbook}}")], "s", size=(6, 8),
    ))  # fmt: skip
    board.with_panel(bars(
        "Retries", "Tries of tasks after the first, over all hosts.",
        [target(f"sum by (playbook) ({retries})", "{{playbook}}")], "short", size=(6, 8),
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
    service = "job, playbook, downtime_service"
    board.with_panel(table_panel(
        "Services", "What the hosts' downtimes came to: for how long fewer than all hosts, and none, were up.",
        ["playbook", "downtime_service"],
        [
            Column("fewer than all, mean", _mean("ansible_service_reduced_seconds", service), "s"),
            Column(
                "none, mean", _mean("ansible_service_outage_seconds", service), "s", [(None, GREEN), (0.001, RED)],
            ),
        ],
        sort="none, mean", size=(16, 7), hidden=["job"],
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Hosts left down", "Downtime windows in the time shown that nothing closed.",
        f"sum({grown('ansible_host_open_downtimes_total')}) or vector(0)", "short", steps=[(None, GREEN), (0.5, RED)],
        decimals=0, size=(8, 7),
    ))  # fmt: skip


def _mean(histogram: str, labels: str) -> str:
    """The mean of what a histogram observed in the dashboard's time."""
    total, count = (f"sum by ({labels}) ({grown(f'{histogram}_{part}')})" for part in ("sum", "count"))
    return share(total, count)
