"""The dashboard *Deploys*: what runs, what is overdue, how often it works, how long it takes, and the latest trace."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from .frame import framed
from .panels import BLUE, GREEN, ORANGE, RED, SUCCESS, Column, bar_gauge, bars, lines, stat_panel, states, target
from .panels import table_panel as table
from .queries import age, grown, latest, of, per_playbook, share, usual

__all__ = ["board"]

_BY_RESULT = {
    "success": GREEN, "failure": RED, "error": "dark-red", "cancellation": ORANGE, "skip": BLUE, "timeout": "purple",
}  # fmt: skip
_GOOD = [(None, RED), (0.8, ORANGE), (0.95, GREEN)]
_SLOW = [(None, BLUE), (1, ORANGE), (2, RED)]
_OLD = [(None, GREEN), (0.75, ORANGE), (1, RED)]

_RUNS = "ansible_playbook_runs_total"
_SUCCESSFUL, _OTHER = 'result="success"', 'result!="success"'

_ENDED = "ansible_playbook_last_completion_timestamp_seconds"
_SINCE_SUCCESS = age("ansible_playbook_last_success_timestamp_seconds")
_ALLOWED = per_playbook("max", of("ansible_playbook_max_success_age_seconds"))
_HALF, _MOST = (
    per_playbook("max", of("ansible_playbook_expected_end_timestamp_seconds", share))
    for share in ('share="0.5"', 'share="0.9"')
)
_RUNNING_SINCE = per_playbook("min", of("ansible_playbook_running_start_timestamp_seconds"))
_GONE_BY = f"time() - {_RUNNING_SINCE}"
_EXPECTED = f"{_HALF} or {_RUNNING_SINCE} + {usual()}"


def board() -> dashboard.Dashboard:
    """The whole of it."""
    about = "Age of the last success, what is going on, success rate, duration, and the way to the trace."
    found = framed("ansible-deploys", "Ansible / Deploys", about, traces=True)
    _now(found)
    _trend(found)
    return found


def _now(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Now"))
    board.with_panel(stat_panel(
        "In progress", "Runs that are going on now.", f"sum({of('ansible_playbook_runs_in_progress')})", "short",
        nothing="0", legend="",
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Overdue", "Playbooks whose last success is older than metrics_max_success_age allows.",
        f"count({_SINCE_SUCCESS} > {_ALLOWED}) or vector(0)", "short", steps=[(None, GREEN), (1, RED)],
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Oldest success", "How long ago the last success is, of the playbook that had none for longest.",
        f"max({_SINCE_SUCCESS})", "s",
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Success rate", "Of the runs in the time shown, how many succeeded.",
        share(f"sum({grown(_RUNS, _SUCCESSFUL)})", f"sum({grown(_RUNS)})"), "percentunit", steps=_GOOD, decimals=0,
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Runs", "Runs that ended in the time shown.", f"sum({grown(_RUNS)})", "short", decimals=0,
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Not successful", "Runs in the time shown that failed, were cancelled or were killed.",
        f"sum({grown(_RUNS, _OTHER)})", "short", steps=[(None, GREEN), (0.5, RED)], decimals=0,
    ))  # fmt: skip
    board.with_panel(table(
        "In progress, and the expected end",
        "What is going on, and when it should be over: by half of the runs like it, else by the mean of 14 days; by "
        "nine of ten too. Done: the time gone by, of the time until the expected end.",
        ["job", "playbook"],
        [
            Column("running for", _GONE_BY, "s"),
            Column("expected end", f"({_EXPECTED}) * 1000", "dateTimeFromNow"),
            Column("nine of ten", f"{_MOST} * 1000", "dateTimeFromNow"),
            Column("done", f"({_GONE_BY}) / (({_EXPECTED}) - {_RUNNING_SINCE})", "percentunit", _SLOW, gauge=True),
        ],
        sort="running for", size=(24, 5), nothing="Nothing is running.",
    ))  # fmt: skip
    board.with_panel(table(
        "Playbooks",
        "When each last succeeded, how much of the allowed age (metrics_max_success_age) that is, and how its last run "
        "compares with the usual, the mean of 14 days.",
        ["job", "playbook"],
        [
            Column("since last success", _SINCE_SUCCESS, "s"),
            Column("of the allowed age", f"({_SINCE_SUCCESS}) / {_ALLOWED}", "percentunit", _OLD),
            Column("last run", latest("ansible_playbook_last_run_success"), "none", mapped=SUCCESS),
            Column("it took", latest("ansible_playbook_last_duration_seconds"), "s"),
            Column("usually", usual(), "s"),
            Column("runs", per_playbook("sum", grown(_RUNS)), "short", decimals=0),
            Column(
                "success rate",
                share(per_playbook("sum", grown(_RUNS, _SUCCESSFUL)), per_playbook("sum", grown(_RUNS))),
                "percentunit", _GOOD, decimals=0,
            ),
        ],
        sort="of the allowed age",
    ))  # fmt: skip
    board.with_panel(table(
        "Latest runs, and their traces",
        "The latest run of each playbook on each controller. Needs the setting metrics_last_run_info.",
        ["playbook", "trace_id", "revision"],
        [
            Column("ended", f"{_with_run(_ENDED)} * 1000", "dateTimeFromNow"),
            Column("it took", _with_run("ansible_playbook_last_duration_seconds"), "s"),
            Column("result", _with_run("ansible_playbook_last_run_success"), "none", mapped=SUCCESS),
        ],
        sort="ended", size=(24, 7), links=True, nothing="metrics_last_run_info is not set.",
        hidden=["job", "instance", "run_id"],
    ))  # fmt: skip


def _with_run(name: str) -> str:
    """A gauge of the latest run, with that run's ids as labels."""
    return f"{of('ansible_playbook_last_run_info')} * on (job, instance, playbook) group_left () {of(name)}"


def _trend(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Over time"))
    board.with_panel(bars(
        "Runs by result", "Runs that ended, each bar three hours or longer.",
        [target(f"sum by (result) ({grown(_RUNS, over='$__interval')})", "{{result}}")], "short", colours=_BY_RESULT,
    ))  # fmt: skip
    board.with_panel(states(
        "Result of the latest run", "Whether a playbook's latest run succeeded, over time.",
        latest("ansible_playbook_last_run_success"), "{{playbook}}", SUCCESS,
    ))  # fmt: skip
    board.with_panel(lines(
        "Duration of the latest run", "What a playbook's latest run took.",
        [target(latest("ansible_playbook_last_duration_seconds"), "{{playbook}}")], "s",
    ))  # fmt: skip
    buckets = grown("ansible_playbook_duration_seconds_bucket", _SUCCESSFUL, over="1d")
    by_playbook = f"sum by (le, playbook) ({buckets})"
    board.with_panel(lines(
        "Typical and slow", "Half (p50) and 95 % (p95) of the successful runs of the day before took no longer.",
        [
            target(f"histogram_quantile(0.5, {by_playbook})", "p50 {{playbook}}"),
            target(f"histogram_quantile(0.95, {by_playbook})", "p95 {{playbook}}"),
        ],
        "s", interval="15m",
    ))  # fmt: skip
    errors = grown("ansible_run_errors_total")
    board.with_panel(bar_gauge(
        "What went wrong first", "Runs in the time shown that did not succeed, by error.type.",
        f"sort_desc(sum by (error_type) ({errors}) > 0)", "{{error_type}}", "short", steps=[(None, RED)], decimals=0,
        size=(24, 6), nothing="Nothing went wrong.",
    ))  # fmt: skip
