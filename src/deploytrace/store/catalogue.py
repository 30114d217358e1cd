"""Every metric once: its name, type, labels, buckets and meaning; the source of ``docs/metrics.md``.

Buckets are frozen: histograms of other bounds do not add up (a change of bounds is a new name), and no name, unit or
label is changed either. Rules: https://prometheus.io/docs/practices/naming/. A name in Prometheus is what Prometheus
makes of name and unit in OpenTelemetry: of ``ansible.play.duration`` in ``s``, ``ansible_play_duration_seconds``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

__all__ = ["LEVELS", "METRICS", "OUTCOMES", "OVERFLOW", "RESULTS", "Metric", "Type", "metrics_of"]

LEVELS = ("run", "play", "role", "task", "host")
"""The values of ``metrics_level``; each has the metrics of those before it too."""

RESULTS = ("success", "failure", "error", "cancellation", "skip", "timeout")
"""The values of the label ``result``: OpenTelemetry's cicd.pipeline.result."""

OUTCOMES = ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored")
"""The values of the label ``outcome``; what was interrupted is not finished, and counts nowhere."""

OVERFLOW = "overflow"
"""The value of every label of the one series that takes what is above a family's limit."""

_RUN = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0)
_PLAY = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0)
_TASK = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

_NOT_IN_CHECK_MODE = "runs in check mode do not count."


class Type(str, Enum):
    """What kind of metric; an ``info`` is a gauge of 1 whose labels are the message."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    ``name`` is Prometheus's, with all suffixes; ``otlp`` and ``unit`` are OpenTelemetry's (``s``, ``By``, ``{run}``).
    What is in ``s`` is kept in whole ns, so that sums are exact. ``buckets`` are upper bounds in s, without +Inf.
    ``level`` is the least ``metrics_level`` that has it. A ``live`` one is not accumulated but told by the moment.
    """

    name: str
    type: Type
    unit: str
    otlp: str
    help: str
    labels: tuple[str, ...] = ()
    level: str = "run"
    buckets: tuple[float, ...] = ()
    live: bool = False

    @property
    def seconds(self) -> bool:
        """Whether its values are seconds, which the store keeps in ns."""
        return self.unit == "s"


def _name(otlp: str, kind: Type, unit: str) -> str:
    """Return Prometheus's name: dots become underscores, unit and ``_total`` are appended.

    Source: https://prometheus.io/docs/guides/opentelemetry/ (UnderscoreEscapingWithSuffixes).
    """
    suffix = {"s": "_seconds", "By": "_bytes"}.get(unit, "")
    return otlp.replace(".", "_") + suffix + ("_total" if kind is Type.COUNTER else "")


def _histogram(otlp: str, level: str, labels: tuple[str, ...], buckets: tuple[float, ...], text: str) -> Metric:
    return Metric(_name(otlp, Type.HISTOGRAM, "s"), Type.HISTOGRAM, "s", otlp, text, labels, level, buckets)


def _counter(otlp: str, unit: str, level: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(_name(otlp, Type.COUNTER, unit), Type.COUNTER, unit, otlp, text, labels, level)


def _gauge(otlp: str, unit: str, level: str, labels: tuple[str, ...], text: str, *, live: bool = False) -> Metric:
    return Metric(_name(otlp, Type.GAUGE, unit), Type.GAUGE, unit, otlp, text, labels, level, live=live)


def _info(otlp: str, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(_name(otlp, Type.INFO, ""), Type.INFO, "", otlp, text, labels, live=True)


_DURATIONS = (
    _histogram(
        "ansible.playbook.duration", "run", ("playbook", "result"), _RUN,
        "Wall time of finished playbook runs. A run that was lost has none.",
    ),
    _histogram("ansible.play.duration", "play", ("playbook", "play"), _PLAY, "Wall time of finished plays."),
    _histogram(
        "ansible.role.duration", "role", ("playbook", "role"), _PLAY,
        "Time in which at least one host was at work on a task of the role itself, per run.",
    ),
    _histogram(
        "ansible.task.duration", "task", ("playbook", "role", "task"), _TASK,
        "Time in which at least one host was at work on the task (or on one flush of a handler). "
        "A task that all hosts skipped has none.",
    ),
    _histogram(
        "ansible.host_result.duration", "role", ("action", "outcome"), _TASK, "Time that one task took on one host.",
    ),
    _histogram(
        "ansible.host.downtime", "role", ("playbook",), _PLAY,
        "Downtime windows of hosts: from the start of the task that opened one to the end of the task that closed it, "
        "or to the run's end.",
    ),
    _histogram(
        "ansible.service.reduced", "role", ("playbook", "downtime_service"), _PLAY,
        "Time in which fewer than all hosts of a service were up, per run that took one down.",
    ),
    _histogram(
        "ansible.service.outage", "role", ("playbook", "downtime_service"), _PLAY,
        "Time in which no host of a service was up, per run that took one down; 0 in a rolling update.",
    ),
)  # fmt: skip

_COUNTERS = (
    _counter(
        "ansible.playbook.runs", "{run}", "run", ("playbook", "result"),
        "Playbook runs by how they ended; error also counts those that were killed.",
    ),
    _counter("ansible.host_results", "{result}", "run", ("playbook", "outcome"), "Host results by outcome."),
    _counter(
        "ansible.run.errors", "{error}", "run", ("playbook", "error_type"),
        "Runs that did not succeed, by what went wrong first (error.type in docs/spans.md).",
    ),
    _counter("ansible.task.retries", "{retry}", "role", ("playbook",), "Tries after the first, over all hosts."),
    _counter(
        "ansible.host.open_downtimes", "{window}", "role", ("playbook",),
        "Downtime windows that nothing closed: hosts that a run left down.",
    ),
    _counter(
        "ansible.straggler", "s", "role", ("playbook",),
        "What slow hosts cost: the slowest host's time minus the median's, over tasks that all hosts do in step.",
    ),
    _counter(
        "ansible.host.idle", "s", "role", ("playbook",),
        "Time that hosts waited for others to end the task, over tasks that all hosts do in step, summed over hosts.",
    ),
    _counter(
        "ansible.host.fork_wait", "s", "role", ("playbook",),
        "Time that hosts waited to begin a task because all forks were taken, summed over hosts.",
    ),
    _counter(
        "ansible.host.straggler", "s", "host", ("host",),
        "The time of ansible_straggler_seconds_total, charged to the slowest host.",
    ),
    _counter("ansible.host.outcomes", "{result}", "host", ("host", "outcome"), "Results of each host by outcome."),
)  # fmt: skip

_GAUGES = (
    _gauge(
        "ansible.playbook.runs_in_progress", "{run}", "run", ("playbook",), "Runs that are going on now.", live=True,
    ),
    _gauge(
        "ansible.playbook.running_start_timestamp", "s", "run", ("playbook",),
        "Start (Unix time) of the oldest run that is going on; absent where there is none.", live=True,
    ),
    _gauge(
        "ansible.playbook.expected_end_timestamp", "s", "run", ("playbook", "share"),
        "When (Unix time) the run in progress should be over, by half (0.5) and by nine of ten (0.9) of the runs like "
        "it; absent where fewer than two are known.", live=True,
    ),
    _gauge(
        "ansible.playbook.last_start_timestamp", "s", "run", ("playbook",),
        f"Start (Unix time) of the latest run; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_completion_timestamp", "s", "run", ("playbook",),
        f"Latest end (Unix time) of a run, however it ended; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_success_timestamp", "s", "run", ("playbook",),
        f"Latest end (Unix time) of a run that succeeded; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_duration", "s", "run", ("playbook",),
        f"Wall time of the finished run that ended last; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_run_success", "{run}", "run", ("playbook",),
        f"1 where the run that ended last succeeded, else 0; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_slower_tasks", "{task}", "run", ("playbook",),
        f"How many tasks of the latest run were slower than usual (docs/comparison.md); {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.playbook.last_excess", "s", "run", ("playbook",),
        "By how much the latest run was slower than usual, 0 where it was not beyond what chance explains; "
        f"{_NOT_IN_CHECK_MODE}",
    ),
    _info(
        "ansible.playbook.last_run_info", ("playbook", "trace_id", "run_id", "revision"),
        "The run that ended last, for a link to its trace. Only with the setting metrics_last_run_info.",
    ),
    _gauge(
        "ansible.playbook.max_success_age", "s", "run", ("playbook",),
        "How old the latest success may become before it is overdue (setting metrics_max_success_age).", live=True,
    ),
    _gauge(
        "ansible.host.last_downtime", "s", "host", ("playbook", "host"),
        f"The host's latest downtime window; {_NOT_IN_CHECK_MODE}",
    ),
    _gauge(
        "ansible.host.last_success_timestamp", "s", "host", ("playbook", "host"),
        f"Latest end (Unix time) of a run in which nothing failed on the host; {_NOT_IN_CHECK_MODE}",
    ),
)  # fmt: skip

_TELEMETRY = (
    _info("ansible.telemetry.build_info", ("version",), "The version of deploytrace."),
    _counter(
        "ansible.telemetry.exported", "{item}", "run", ("signal",),
        "What was delivered (spans, mails, rows of the history), by destination.",
    ),
    _counter(
        "ansible.telemetry.dropped", "{item}", "run", ("signal", "reason"),
        "What was lost for good: refused or rejected by the destination, removed for its age "
        "or the quota, or cut out of its journal.",
    ),
    _counter(
        "ansible.telemetry.export_failures", "{failure}", "run", ("signal", "error_type"),
        "Tries to deliver that failed: unavailable (tried again later) or refused (given up).",
    ),
    _gauge(
        "ansible.telemetry.last_export_success_timestamp", "s", "run", ("signal",),
        "When (Unix time) a destination last took something.",
    ),
    _gauge(
        "ansible.telemetry.spool_items", "{run}", "run", ("signal",),
        "Runs in the state directory of which something waits to be delivered.", live=True,
    ),
    _gauge("ansible.telemetry.spool", "By", "run", ("signal",), "Size of the journals of these runs.", live=True),
    _counter(
        "ansible.telemetry.callback", "s", "run", (),
        "Time that Ansible spent in deploytrace's callbacks: what being watched costs.",
    ),
    _gauge(
        "ansible.telemetry.store_series", "{series}", "run", ("family",), "Label sets that the store holds.", live=True,
    ),
    _counter(
        "ansible.telemetry.store_overflow", "{observation}", "run", ("family",),
        "Observations that went to a family's overflow series, since it has metrics_series_limit others.",
    ),
    _gauge("ansible.telemetry.store_size", "By", "run", (), "Size of the store.", live=True),
    _counter(
        "ansible.telemetry.store_errors", "{error}", "run", (),
        "Commits to the store that failed and were tried again.",
    ),
    _gauge(
        "ansible.telemetry.scrape_duration", "s", "run", (), "How long it took to read these figures.", live=True,
    ),
    _gauge(
        "ansible.telemetry.scrape_error", "{scrape}", "run", (),
        "1 where the store could not be read, else 0.", live=True,
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*_DURATIONS, *_COUNTERS, *_GAUGES, *_TELEMETRY)}
"""All metrics by name, in the order in which they are shown."""


@cache
def metrics_of(level: str) -> frozenset[str]:
    """Return the names of the metrics that a ``metrics_level`` has."""
    return frozenset(name for name, metric in METRICS.items() if LEVELS.index(metric.level) <= LEVELS.index(level))
