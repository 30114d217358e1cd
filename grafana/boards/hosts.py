"""The dashboard *Hosts*: what happened on them, which are slow, which fail, and which were left behind."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from .frame import framed
from .panels import BLUE, GREEN, ORANGE, RED, Column, bar_gauge, bars, stat_panel, table_panel, target
from .queries import grown, of, share

__all__ = ["board"]

_BY_OUTCOME = {
    "ok": GREEN, "changed": ORANGE, "failed": RED, "unreachable": "dark-red", "skipped": BLUE, "rescued": "purple",
    "ignored": "light-purple",
}  # fmt: skip
_OUTCOMES = "ansible_host_outcomes_total"
_SUCCESS = "ansible_host_last_success_timestamp_seconds"
_LEFT_BEHIND = [(None, GREEN), (86400, ORANGE), (7 * 86400, RED)]


def board() -> dashboard.Dashboard:
    """The whole of it."""
    about = "Hosts one by one. Needs the setting metrics_level = host; the results by outcome are there without it."
    found = framed("ansible-hosts", "Ansible / Hosts", about, variables=("playbook", "host"))
    _outcomes(found)
    _hosts(found)
    return found


def _outcomes(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Results"))
    results = of("ansible_host_results_total")
    board.with_panel(bars(
        "Results by outcome", "What came of tasks on hosts, each bar three hours or longer.",
        [target(f"sum by (outcome) (increase({results}[$__interval]))", "{{outcome}}")], "short", colours=_BY_OUTCOME,
        size=(16, 8),
    ))  # fmt: skip
    for outcome, about in (("unreachable", "could not be reached"), ("failed", "failed")):
        matcher = f'outcome="{outcome}"'
        count = f"sum({grown('ansible_host_results_total', matcher)})"
        board.with_panel(stat_panel(
            outcome.title(), f"Results in the time shown where the host {about}.", count, "short",
            steps=[(None, GREEN), (0.5, RED)], decimals=0, size=(4, 8), nothing="0",
        ))  # fmt: skip


def _hosts(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Host by host (metrics_level = host)"))
    everything, wrong = (
        f"sum by (host) ({grown(_OUTCOMES, *matchers)})" for matchers in ((), ('outcome=~"failed|unreachable"',))
    )
    parts = {
        outcome: "sum by (host) ({})".format(grown(_OUTCOMES, f'outcome="{outcome}"'))
        for outcome in ("unreachable", "failed", "changed")
    }
    board.with_panel(table_panel(
        "Hosts", "What came of tasks on each host in the time shown, and what waiting for it cost.", ["host"],
        [
            Column("went wrong", share(wrong, everything), "percentunit", [(None, GREEN), (0.001, ORANGE), (0.1, RED)]),
            *(Column(name, expression, "short", decimals=0) for name, expression in parts.items()),
            Column("waited for", f"sum by (host) ({grown('ansible_host_straggler_seconds_total')})", "s"),
        ],
        sort="went wrong", size=(12, 10),
    ))  # fmt: skip
    board.with_panel(bar_gauge(
        "Slow hosts", "What waiting for a host cost: its time minus the median's, where it was the slowest.",
        f"topk(15, sum by (host) ({grown('ansible_host_straggler_seconds_total')}))", "{{host}}", "s", size=(12, 10),
        steps=[(None, ORANGE)],
    ))  # fmt: skip
    success = f"max by (job, playbook, host) ({of(_SUCCESS)})"
    newest = f"max by (job, playbook) ({of(_SUCCESS)})"
    board.with_panel(table_panel(
        "Left behind",
        "How long before the playbook's newest success on any host a host had its own: it drifts, since runs leave it "
        "out or fail there.",
        ["playbook", "host"],
        [
            Column("behind the newest", f"{newest} - on (job, playbook) group_right () {success}", "s", _LEFT_BEHIND),
            Column("last success", f"{success} * 1000", "dateTimeFromNow"),
        ],
        sort="behind the newest", size=(12, 10), hidden=["job"],
    ))  # fmt: skip
    board.with_panel(bar_gauge(
        "Last downtime", "Each host's latest downtime window.",
        f"sort_desc(max by (playbook, host) ({of('ansible_host_last_downtime_seconds')}))", "{{host}} ({{playbook}})",
        "s", size=(12, 10), steps=[(None, BLUE), (60, ORANGE), (300, RED)], nothing="No downtime was marked.",
    ))  # fmt: skip
