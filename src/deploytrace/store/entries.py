"""What a run gives the store: a numbered sequence of entries, each a row of the history with what it counts for.

The n-th entry of a run is the same however often its journal is replayed, so that the store can tell by its number
whether it has it already. Times within a run are ns since its start, as in the tables.
"""

from __future__ import annotations

from typing import NamedTuple, Union

__all__ = [
    "HEARTBEAT_SECONDS",
    "OUTCOME_CODES",
    "ContainerRow",
    "DowntimeRow",
    "Entry",
    "HostResultRow",
    "HostTimeRow",
    "Observation",
    "PlayRow",
    "RoleRow",
    "RoleTimeRow",
    "Row",
    "RunEnd",
    "ServiceDowntimeRow",
    "TaskRow",
    "TaskTimeRow",
]

HEARTBEAT_SECONDS = 10.0
"""How often a run in progress says so; one that has not for three times as long counts as gone."""

OUTCOME_CODES = ("ok", "changed", "failed", "unreachable", "skipped", "rescued", "ignored", "interrupted")
"""What the number in ``HostResultRow.outcome`` means: the place in this list."""


class Observation(NamedTuple):
    """What counts in one series.

    ``value`` is what a counter rises by, what a histogram observes or what a gauge becomes; seconds in ns. A gauge
    takes the value of the latest ``time_ns`` (Unix time). ``node`` is where it was observed, for an exemplar.
    """

    metric: str
    labels: tuple[str, ...]
    value: int
    time_ns: int
    node: str | None = None


class HostResultRow(NamedTuple):
    """A row of ``host_results``, with one of ``failures`` where there is an ``error_type``."""

    execution: int
    task: int
    occurrence: int
    host: str
    started_ns: int
    duration_ns: int
    outcome: int
    attempts: int
    items: int
    error_type: str | None
    message: str
    late_ns: int | None
    waited_ns: int | None
    own_ns: int | None
    delegate: str | None


class TaskRow(NamedTuple):
    """A row of ``tasks``, with what ``definitions`` says of it."""

    task: int
    occurrence: int
    stable_id: str
    play_name: str
    role: str
    name: str
    action: str
    handler: bool
    path: str
    line: int
    place: str
    play: int
    announced_ns: int
    started_ns: int
    duration_ns: int
    busy_ns: int
    straggler_ns: int
    straggler: str | None
    outcome: str
    results: int
    container: int | None
    told_ns: int | None
    written: str


class ContainerRow(NamedTuple):
    """A row of ``containers``; ``detail`` is JSON."""

    number: int
    node: str
    container: int | None
    play: int
    name: str
    started_ns: int
    duration_ns: int
    outcome: str
    detail: str


class RoleRow(NamedTuple):
    """A row of ``roles``."""

    number: int
    play: int
    role: str
    invocation: int
    started_ns: int
    duration_ns: int
    outcome: str


class PlayRow(NamedTuple):
    """A row of ``plays``."""

    play: int
    name: str
    strategy: str
    batches: int
    started_ns: int
    duration_ns: int
    outcome: str
    straggler_ns: int
    idle_ns: int
    hosts: tuple[str, ...] | None


class TaskTimeRow(NamedTuple):
    """A row of ``task_times``; ``outcome`` is a place in `OUTCOME_CODES`."""

    stable_id: str
    nth: int
    wall_ns: int
    hosts_ns: int
    passes: int
    results: int
    outcome: int


class RoleTimeRow(NamedTuple):
    """A row of ``role_times``."""

    role: str
    own_ns: int
    inclusive_ns: int


class HostTimeRow(NamedTuple):
    """A row of ``host_times``."""

    host: str
    busy_ns: int
    results: int
    connection: str | None


class DowntimeRow(NamedTuple):
    """A row of ``downtimes``."""

    number: int
    host: str
    service: str
    started_ns: int
    duration_ns: int
    at_least_ns: int
    open: bool
    execution: int
    at_least_from_ns: int
    play: int | None
    span_ns: int


class ServiceDowntimeRow(NamedTuple):
    """A row of ``service_downtimes``."""

    service: str
    hosts: int
    reduced_ns: int
    reduced_at_least_ns: int
    outage_ns: int
    outage_at_least_ns: int
    open: bool


class RunEnd(NamedTuple):
    """What the row of ``runs`` gets when the run is over; ``hosts`` is JSON."""

    duration_ns: int
    outcome: str
    result: str
    error_type: str | None
    complete: bool
    hosts: str
    tasks_total: int
    results_total: int
    straggler_ns: int
    idle_ns: int
    callback_ns: int
    message: str | None


Row = Union[  # noqa: UP007 - Python 3.10 evaluates it
    HostResultRow, TaskRow, ContainerRow, RoleRow, PlayRow, DowntimeRow, ServiceDowntimeRow, TaskTimeRow, RoleTimeRow,
    HostTimeRow, RunEnd,
]  # fmt: skip


class Entry(NamedTuple):
    """One entry; ``number`` counts from 1 in its run, ``size`` is about how many bytes it takes in memory.

    ``beside`` are rows that no earlier version had: numbered themselves, they would give the entries of a run that a
    former version began to commit other numbers.
    """

    number: int
    row: Row
    observations: tuple[Observation, ...]
    size: int = 200
    beside: tuple[Row, ...] = ()
