"""The model of a run: frozen nodes of one tree, without behaviour.

Every node has an id (see `identity`), its parent's id, a kind, a name, a start, an end and an outcome; what only one
kind has is in ``detail``. Times are Unix time in ns, durations ns. Names are as written in the playbook. A child lies
within its parent, and children that follow each other do not touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, Union

from ..events import HostSeen, PlayStarted, RunEnded, RunStarted, TaskDefined

__all__ = [
    "AttemptDetail",
    "BatchDetail",
    "BlockDetail",
    "Detail",
    "DowntimeDetail",
    "Failure",
    "HostDetail",
    "ItemDetail",
    "Kind",
    "Link",
    "Moment",
    "Node",
    "Outcome",
    "PlayDetail",
    "RoleDetail",
    "RunDetail",
    "TaskDetail",
    "Tree",
]


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Kind(str, Enum):
    """What a node stands for."""

    __hash__ = str.__hash__  # Enum's own is not written in C; nodes are looked up by kind and outcome all the time

    RUN = "run"
    PLAY = "play"
    BATCH = "batch"
    ROLE = "role"
    BLOCK = "block"
    TASK = "task"
    HANDLER = "handler"
    HOST = "host"
    ITEM = "item"
    ATTEMPT = "attempt"
    DOWNTIME = "downtime"  # no part of the work: when a host's service was down


class Outcome(str, Enum):
    """How a node ended. A task takes the gravest of its host results, a container ok unless a failure got out."""

    __hash__ = str.__hash__

    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"
    RESCUED = "rescued"
    IGNORED = "ignored"
    INTERRUPTED = "interrupted"  # open when the run was broken off
    RUNNING = "running"  # only where a run is looked at before its end


class Failure(NamedTuple):
    """Why a node failed: ``type`` in the vocabulary of ``error.type`` (docs/spans.md), ``message`` in words."""

    type: str
    message: str = ""
    exception: str | None = None  # class of a module's exception, where it left a traceback
    stacktrace: str | None = None


class Moment(NamedTuple):
    """Something that happened within a node (a span event). ``t`` is Unix time in ns."""

    t: int
    name: str
    attributes: Mapping[str, Any] = _NOTHING


class Link(NamedTuple):
    """A tie to a node elsewhere in the run: ``kind`` is ``notify`` (the host result that notified a handler)."""

    node: str
    kind: str


class RunDetail(NamedTuple):
    """``result`` is OpenTelemetry's cicd.pipeline.result: success, failure, error, timeout, skip, cancellation."""

    started: RunStarted
    ended: RunEnded | None
    result: str
    hosts: Mapping[str, int]  # hosts by how they ended: total, ok, changed, failed, unreachable, skipped, rescued...
    tasks_total: int
    straggler_ns: int  # over tasks in lockstep: slowest host minus median host
    controller_ip: str | None = None
    downtime_ns: int | None = None  # the longest downtime window; None where there was none
    service_hosts: Mapping[str, int] = _NOTHING  # how many hosts each marked service has


class PlayDetail(NamedTuple):
    """A play; ``started`` is its first batch's start. ``lockstep``: its hosts work at one task at a time."""

    started: PlayStarted
    batches: int
    lockstep: bool = True


class BatchDetail(NamedTuple):
    """A serial batch, counted from 1."""

    number: int
    hosts_total: int | None


class RoleDetail(NamedTuple):
    """A role invocation, counted from 1 among those of the same role in the play."""

    name: str
    fqcn: str
    path: str | None
    invocation: int


class BlockDetail(NamedTuple):
    """A block, or its rescue or always section (a child of the block's own node)."""

    name: str
    section: str
    rescued: bool
    path: str | None
    line: int | None


class TaskDetail(NamedTuple):
    """A task, or one flush of a handler.

    ``busy_ns`` is the length of the union of the host results' intervals: the task's duration (DESIGN.md 4).
    ``announced`` is when Ansible announced the task (Unix ns). ``straggler_ns`` is the slowest host's time minus the
    median host's, 0 with fewer than two hosts. ``stable_id`` is the same in every run of the same playbook; ``place``
    is the file that the task is written in, within the project.
    """

    definition: TaskDefined
    play: str
    occurrence: int
    stable_id: str
    announced: int
    busy_ns: int
    hosts: Mapping[str, int]  # host results by outcome
    straggler_host: str | None
    straggler_ns: int
    notified_by: tuple[str, ...] = ()
    place: str = ""


class HostDetail(NamedTuple):  # no dataclass, as `Node`: there are millions, and making one takes a fifth of the time
    """One task on one host.

    ``announced`` is when Ansible announced the result (Unix ns; None if it never did). ``end_source`` is ``worker``
    where the worker's own end stands, ``announcement`` where the result was announced before the worker said so (or
    the worker was killed), ``end`` where the run ended first. ``waited_ns`` is the time from the task's announcement
    to this start: mostly waiting for a free fork. ``fork_wait_ns`` is the time before it in which the host could have
    begun and all forks were taken: in lockstep since the task's announcement, elsewhere since the host's last task.
    """

    host: str
    definition: TaskDefined
    play: str
    seen: HostSeen | None
    announced: int | None
    end_source: str
    waited_ns: int
    attempts: int
    items: int
    detail: Mapping[str, Any] = _NOTHING
    failed_items: tuple[str, ...] = ()
    fork_wait_ns: int = 0


@dataclass(frozen=True, slots=True)  # a named tuple has an ``index`` of its own
class ItemDetail:
    """A loop item, counted from 0."""

    host: str
    definition: TaskDefined
    index: int
    label: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    play: str = ""


class AttemptDetail(NamedTuple):
    """One try, counted from 1; ``delay`` (s) was waited after it."""

    host: str
    definition: TaskDefined
    number: int
    maximum: int | None
    delay: float
    detail: Mapping[str, Any] = _NOTHING
    play: str = ""


class DowntimeDetail(NamedTuple):
    """A window in which a host's service was down; ``service`` is empty where the tags name none.

    The service was down for ``duration_ns`` at most, counted from the node's start (the node itself ends 10 µs before,
    see `run.downtime`), and for ``at_least_ns`` at least, counted from ``at_least_from`` (Unix ns). ``open`` is true
    where nothing brought it up again: both count to the run's end then.
    """

    host: str
    service: str
    duration_ns: int
    at_least_ns: int
    at_least_from: int
    open: bool


Detail = Union[  # noqa: UP007 - a runtime alias that Python 3.10 can evaluate
    RunDetail,
    PlayDetail,
    BatchDetail,
    RoleDetail,
    BlockDetail,
    TaskDetail,
    HostDetail,
    ItemDetail,
    AttemptDetail,
    DowntimeDetail,
]


class Node(NamedTuple):
    """One node of a run's tree, ended."""

    id: str
    parent: str | None
    kind: Kind
    name: str
    start: int
    end: int
    outcome: Outcome
    detail: Detail
    failure: Failure | None = None
    moments: tuple[Moment, ...] = ()
    links: tuple[Link, ...] = ()


class Tree(NamedTuple):
    """A node with all that is below it, in order of start."""

    node: Node
    children: tuple[Tree, ...] = ()
