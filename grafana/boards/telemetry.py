"""The dashboard *Telemetry health*: whether what is recorded arrives, what waits, what is lost, what watching costs."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from .frame import framed
from .panels import BLUE, GREEN, ORANGE, RED, Column, bar_gauge, bars, lines, stat_panel, table_panel, target
from .queries import grown, of, share

__all__ = ["board"]


def board() -> dashboard.Dashboard:
    """The whole of it."""
    about = "deploytrace itself: what it delivered, what waits, what was lost, what it costs, and its store."
    found = framed("ansible-telemetry-health", "Ansible / Telemetry health", about, variables=(), since="now-2d")
    _glance(found)
    _delivery(found)
    _store(found)
    return found


def _glance(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("At a glance"))
    bad = [(None, GREEN), (0.5, RED)]
    spent = f"sum({grown('ansible_telemetry_callback_seconds_total')})"
    deployed = 'sum(increase(ansible_playbook_duration_seconds_sum{job=~"$job", instance=~"$instance"}[$__range]))'
    board.with_panel(stat_panel(
        "Lost", "What was lost for good in the time shown.",
        f"sum({grown('ansible_telemetry_dropped_total')}) or vector(0)", "short", steps=bad, decimals=0,
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Waiting", "Runs of which something waits to be delivered; one that is going on always waits.",
        f"max(sum by (job, instance, signal) ({of('ansible_telemetry_spool_items')})) or vector(0)", "short",
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Waiting on disk", "Size of what waits; above keep_megabytes the oldest runs are lost.",
        f"max({of('ansible_telemetry_spool_bytes')}) or vector(0)", "bytes", steps=[(None, GREEN), (250e6, RED)],
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Cost to Ansible", "Time spent in deploytrace's callbacks, of the runs' whole time.", share(spent, deployed),
        "percentunit", steps=[(None, GREEN), (0.01, ORANGE)], decimals=2,
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Store cannot be read", "Exporters that answer, but cannot read their store.",
        f"sum({of('ansible_telemetry_scrape_error')})", "short", steps=bad,
    ))  # fmt: skip
    board.with_panel(stat_panel(
        "Exporters down", "Targets of the chosen jobs that cannot be scraped.",
        'count(up{job=~"$job", instance=~"$instance"} == 0) or vector(0)', "short", steps=bad,
    ))  # fmt: skip


def _delivery(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Delivery"))
    delivered = grown("ansible_telemetry_exported_total", over="$__interval")
    board.with_panel(bars(
        "Delivered", "Spans, mails, rows of the history, by destination.",
        [target(f"sum by (signal) ({delivered})", "{{signal}}")], "short", interval="1h",
    ))  # fmt: skip
    failures = grown("ansible_telemetry_export_failures_total", over="$__interval")
    board.with_panel(bars(
        "Failed tries", "unavailable is tried again, refused is given up.",
        [target(f"sum by (signal, error_type) ({failures})", "{{signal}}: {{error_type}}")], "short", interval="1h",
    ))  # fmt: skip
    last = f"max by (job, instance, signal) ({of('ansible_telemetry_last_export_success_timestamp_seconds')})"
    board.with_panel(table_panel(
        "Destinations", "For each controller and destination: when it last took something, what waits, what was lost.",
        ["instance", "signal"],
        [
            Column("last took something", f"{last} * 1000", "dateTimeFromNow"),
            Column("waiting", f"max by (job, instance, signal) ({of('ansible_telemetry_spool_items')})", "short"),
            Column(
                "lost", f"sum by (job, instance, signal) ({grown('ansible_telemetry_dropped_total')})", "short",
                [(None, GREEN), (0.5, RED)], decimals=0,
            ),
        ],
        sort="waiting", size=(24, 7), hidden=["job"],
    ))  # fmt: skip
    board.with_panel(lines(
        "Waiting on disk", "Size of what waits, by destination.",
        [target(f"sum by (signal) ({of('ansible_telemetry_spool_bytes')})", "{{signal}}")], "bytes",
    ))  # fmt: skip
    lost = grown("ansible_telemetry_dropped_total")
    board.with_panel(bar_gauge(
        "Why it was lost", "What was lost for good in the time shown, by destination and reason.",
        f"sort_desc(sum by (signal, reason) ({lost}) > 0)", "{{signal}}: {{reason}}", "short", steps=[(None, RED)],
        decimals=0, nothing="Nothing was lost.",
    ))  # fmt: skip
    board.with_panel(table_panel(
        "Versions", "Which version of deploytrace stands behind the metrics.", ["job", "instance", "version"],
        [Column("there", of("ansible_telemetry_build_info"), "none", mapped={"1": ("yes", GREEN)})],
        sort="instance", size=(24, 5), hidden=["__name__"],
    ))  # fmt: skip


def _store(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Store"))
    board.with_panel(bar_gauge(
        "Series", "Label sets that the stores hold, by metric; metrics_series_limit is the most.",
        f"topk(10, sum by (family) ({of('ansible_telemetry_store_series')}))", "{{family}}", "short",
        steps=[(None, BLUE), (400, ORANGE), (500, RED)],
    ))  # fmt: skip
    overflow = grown("ansible_telemetry_store_overflow_total")
    board.with_panel(bar_gauge(
        "Overflow", "Observations in the time shown that could not be told apart any more, by metric.",
        f"sort_desc(sum by (family) ({overflow}) > 0)", "{{family}}", "short", steps=[(None, ORANGE)], decimals=0,
        nothing="No metric has come to its limit.",
    ))  # fmt: skip
    by_controller = "{{instance}}"
    board.with_panel(lines(
        "Size of the store", "On each controller.",
        [target(f"max by (instance) ({of('ansible_telemetry_store_size_bytes')})", by_controller)], "bytes",
        size=(8, 8),
    ))  # fmt: skip
    errors = grown("ansible_telemetry_store_errors_total", over="$__interval")
    board.with_panel(bars(
        "Errors of the store", "Commits that failed and were tried again.",
        [target(f"sum by (instance) ({errors})", by_controller)], "short", interval="1h", size=(8, 8),
    ))  # fmt: skip
    board.with_panel(lines(
        "Time of a scrape", "How long it took to read the store.",
        [target(f"max by (instance) ({of('ansible_telemetry_scrape_duration_seconds')})", by_controller)], "s",
        size=(8, 8),
    ))  # fmt: skip
