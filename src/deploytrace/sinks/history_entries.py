"""Turns a run's nodes into the store's entries: what is a row of the history, and what counts in which metric.

What was interrupted is in the history but counts in no histogram: it is not known how long it would have taken. The
run itself counts, whatever its end.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..analysis.downtime import Downtimes, length
from ..analysis.intervals import Intervals
from ..analysis.summing import Summing
from ..events import RunStarted, TaskDefined
from ..run.model import (
    BatchDetail,
    BlockDetail,
    DowntimeDetail,
    HostDetail,
    Kind,
    Node,
    Outcome,
    PlayDetail,
    RoleDetail,
    RunDetail,
    TaskDetail,
)
from ..store.catalogue import metrics_of
from ..store.entries import (
    OUTCOME_CODES,
    DowntimeRow,
    Entry,
    HostResultRow,
    Observation,
    PlayRow,
    RoleRow,
    Row,
    RunEnd,
    ServiceDowntimeRow,
    TaskRow,
)
from ..store.names import clean, playbook_label
from .history_shape import Shape, own_ns, written
from .history_times import times_of
from .waiting import Waiting

__all__ = ["Translator"]

_CODES = {outcome: code for code, outcome in enumerate(OUTCOME_CODES)}
_MESSAGE = 500  # characters
_MOST_ATTEMPTS = 32_767  # what a small integer takes
_HOST_PREFIX = len("host/")  # of a node id (`identity.host_node`)


class Translator:
    """The entries of one run, in order; what it keeps grows with the hosts, the roles and the tasks of a play.

    ``level`` is the ``metrics_level``: what is above it is not counted.
    """

    def __init__(self, started: RunStarted, level: str) -> None:
        self.summing = Summing()
        self._metrics = metrics_of(level)
        self._cleaned: dict[str, str] = {}
        self._base = started.wall_ns
        self._counts = not started.check_mode  # whether it counts as its playbook's latest
        self._playbook = playbook_label(started)
        self._number = 0
        self._waiting = Waiting()
        self._downtimes = Downtimes()
        self._windows = 0
        self._batched: int | None = None  # the play whose batches are going by
        self._roles: dict[str, Intervals] = defaultdict(Intervals)
        self._roles_ended = 0
        self._interrupted: set[str] = set()  # roles
        self._results = 0
        self._straggler_ns = 0
        self._idle_ns = 0
        self._fork_wait_ns = 0  # of the play that goes on
        self._seen: list[Observation] = []
        self._shape = Shape(started.wall_ns)
        self._beside: list[Row] = []  # what goes with the next entry

    def entries(self, node: Node) -> list[Entry]:
        """Return the entries that a node makes: mostly one, sometimes none."""
        self._downtimes.take(node)
        self.summing.add(node)
        read = _READ.get(node.kind)
        if read is None:
            return []
        made = self._services(node) if node.kind is Kind.RUN else []
        self._seen = []
        row = read(self, node, node.detail)
        if row is None:
            return made
        if node.kind is Kind.RUN:
            made += [self._entry(each) for each in self._times()]
        return [*made, self._entry(row, *self._seen)]

    def _entry(self, row: Row, *observations: Observation) -> Entry:
        self._number += 1
        beside, self._beside = self._beside, []
        return Entry(self._number, row, observations, beside=tuple(beside))

    def _observe(self, metric: str, labels: tuple[str, ...], value: int, node: Node) -> None:
        if metric in self._metrics:
            self._seen.append(Observation(metric, labels, value, node.end, node.id))

    def _clean(self, text: str) -> str:
        """Return a clean text that comes again and again."""
        found = self._cleaned.get(text)
        if found is None:
            found = self._cleaned[text] = clean(text)
        return found

    def _host(self, node: Node, detail: HostDetail) -> Row:
        self._results += 1
        self._fork_wait_ns += detail.fork_wait_ns
        duration, outcome, host = node.end - node.start, node.outcome.value, self._clean(detail.host)
        if node.outcome is not Outcome.INTERRUPTED:
            self._count_host(node, detail, host, duration)
        task, occurrence = _place(node.parent)
        failure, announced, said = node.failure, detail.announced, detail.detail
        delegate = said.get("delegated_host") if said else None
        return HostResultRow(
            int(node.id[_HOST_PREFIX:]),
            task,
            occurrence,
            host,
            node.start - self._base,
            duration,
            _CODES[outcome],
            min(detail.attempts, _MOST_ATTEMPTS),
            detail.items,
            failure.type if failure is not None else None,
            clean(failure.message, _MESSAGE) if failure is not None else "",
            None if announced is None else announced - node.end,
            self._shape.waited(node, detail),
            own_ns(said) if said else None,
            self._clean(str(delegate)) if delegate else None,
        )

    def _count_host(self, node: Node, detail: HostDetail, host: str, duration: int) -> None:
        definition, outcome = detail.definition, node.outcome.value
        self._waiting.host(node)
        if definition.role:
            self._roles[_role(definition)].add(node.start, node.end)
        action = self._clean(definition.action)
        self._observe("ansible_host_result_duration_seconds", (action, outcome), duration, node)
        self._observe("ansible_host_results_total", (self._playbook, outcome), 1, node)
        self._observe("ansible_host_outcomes_total", (host, outcome), 1, node)
        if detail.attempts > 1:
            self._observe("ansible_task_retries_total", (self._playbook,), detail.attempts - 1, node)

    def _task(self, node: Node, detail: TaskDetail) -> Row | None:
        definition = detail.definition
        self._waiting.task(node, detail)
        row = self._task_row(node, detail)
        if definition.meta:
            self._beside.append(row)
            return None
        if node.outcome not in (Outcome.INTERRUPTED, Outcome.SKIPPED):
            labels = (self._playbook, row.role, row.name)
            self._observe("ansible_task_duration_seconds", labels, detail.busy_ns, node)
        return row

    def _task_row(self, node: Node, detail: TaskDetail) -> TaskRow:
        definition = detail.definition
        task, occurrence = _place(node.id)
        return TaskRow(
            task=task,
            occurrence=occurrence,
            stable_id=detail.stable_id,
            play_name=clean(detail.play),
            role=_role(definition),
            name=clean(definition.name),
            action=clean(definition.action),
            handler=definition.handler,
            path=clean(definition.path or "", 4096),
            line=definition.line or 0,
            place=clean(detail.place, 4096),
            play=self._batched or definition.play,
            announced_ns=detail.announced - self._base,
            started_ns=node.start - self._base,
            duration_ns=node.end - node.start,
            busy_ns=detail.busy_ns,
            straggler_ns=detail.straggler_ns,
            straggler=None if detail.straggler_host is None else clean(detail.straggler_host),
            outcome=node.outcome.value,
            results=sum(detail.hosts.values()),
            container=self._shape.container(node.parent),
            told_ns=self._shape.told(node),
            written=written(definition),
        )

    def _role_ended(self, node: Node, detail: RoleDetail) -> Row:
        self._roles_ended += 1
        role, play = clean(detail.fqcn), self._stood(node, detail)
        if node.outcome is Outcome.INTERRUPTED:
            self._interrupted.add(role)
        return RoleRow(
            number=self._roles_ended,
            play=play,
            role=role,
            invocation=detail.invocation,
            started_ns=node.start - self._base,
            duration_ns=node.end - node.start,
            outcome=node.outcome.value,
        )

    def _batch(self, node: Node, detail: BatchDetail) -> None:
        """Remember which play the batches belong to: a task says only in which batch it was."""
        self._batched = int((node.parent or "/0").rpartition("/")[2])
        self._stood(node, detail)

    def _stood(self, node: Node, detail: BatchDetail | RoleDetail | BlockDetail) -> int:
        """Take in what tasks stood in; return the number of its play."""
        play = self._batched or int(node.id.split("/")[1])
        self._beside.append(self._shape.row(node, detail, play))
        return play

    def _block(self, node: Node, detail: BlockDetail) -> None:
        self._stood(node, detail)

    def _play(self, node: Node, detail: PlayDetail) -> Row:
        self._batched = None
        self._shape.leave_play()
        name, duration = clean(detail.started.name), node.end - node.start
        if node.outcome is not Outcome.INTERRUPTED:
            self._observe("ansible_play_duration_seconds", (self._playbook, name), duration, node)
        straggler, idle = self._leave_play(node, lockstep=detail.lockstep)
        return PlayRow(
            play=detail.started.play,
            name=name,
            strategy=clean(detail.started.strategy),
            batches=detail.batches,
            started_ns=node.start - self._base,
            duration_ns=duration,
            outcome=node.outcome.value,
            straggler_ns=straggler,
            idle_ns=idle,
            hosts=None if detail.started.hosts is None else tuple(map(self._clean, detail.started.hosts)),
        )

    def _leave_play(self, node: Node, *, lockstep: bool) -> tuple[int, int]:
        """Count what hosts waited for each other and for forks in a play; return the former (ns)."""
        stragglers, idle = self._waiting.leave(lockstep=lockstep)
        straggler = sum(stragglers.values())
        for host, cost in sorted(stragglers.items()):
            self._observe("ansible_host_straggler_seconds_total", (clean(host),), cost, node)
        if straggler:
            self._observe("ansible_straggler_seconds_total", (self._playbook,), straggler, node)
        if idle:
            self._observe("ansible_host_idle_seconds_total", (self._playbook,), idle, node)
        if self._fork_wait_ns:
            self._observe("ansible_host_fork_wait_seconds_total", (self._playbook,), self._fork_wait_ns, node)
        self._fork_wait_ns = 0
        self._straggler_ns += straggler
        self._idle_ns += idle
        return straggler, idle

    def _downtime(self, node: Node, detail: DowntimeDetail) -> Row:
        self._windows += 1
        host = clean(detail.host)
        self._observe("ansible_host_downtime_seconds", (self._playbook,), detail.duration_ns, node)
        if detail.open:
            self._observe("ansible_host_open_downtimes_total", (self._playbook,), 1, node)
        if self._counts:
            self._observe("ansible_host_last_downtime_seconds", (self._playbook, host), detail.duration_ns, node)
        return DowntimeRow(
            number=self._windows,
            host=host,
            service=clean(detail.service),
            started_ns=node.start - self._base,
            duration_ns=detail.duration_ns,
            at_least_ns=detail.at_least_ns,
            open=detail.open,
            execution=int(node.id.split("/")[1]),
            at_least_from_ns=detail.at_least_from - self._base,
            play=int(node.parent[len("play/") :]) if node.parent and node.parent.startswith("play/") else None,
            span_ns=node.end - node.start,
        )

    def _services(self, run: Node) -> list[Entry]:
        """Return an entry for each service that the run took down on a host."""
        made = []
        for one in self._downtimes.services():
            service, reduced, outage = clean(one.service), length(one.reduced), length(one.outage)
            self._seen = []
            self._observe("ansible_service_reduced_seconds", (self._playbook, service), reduced, run)
            self._observe("ansible_service_outage_seconds", (self._playbook, service), outage, run)
            row = ServiceDowntimeRow(
                service, one.hosts, reduced, one.reduced_at_least_ns, outage, one.outage_at_least_ns, one.open
            )
            made.append(self._entry(row, *self._seen))
        return made

    def _times(self) -> Iterator[Row]:
        summary = self.summing.summary()
        return iter(()) if summary is None else times_of(summary)

    def _run(self, node: Node, detail: RunDetail) -> Row:
        playbook, duration, ended = self._playbook, node.end - node.start, detail.ended
        for role, intervals in sorted(self._roles.items()):
            if role not in self._interrupted:
                self._observe("ansible_role_duration_seconds", (playbook, role), intervals.length, node)
        self._observe("ansible_playbook_runs_total", (playbook, detail.result), 1, node)
        if ended is not None:
            self._observe("ansible_playbook_duration_seconds", (playbook, detail.result), duration, node)
        error = node.failure.type if node.failure is not None else None
        if error is not None and detail.result not in ("success", "skip"):
            self._observe("ansible_run_errors_total", (playbook, error), 1, node)
        if ended is not None and ended.callback_ns:
            self._observe("ansible_telemetry_callback_seconds_total", (), ended.callback_ns, node)
        if self._counts:
            self._latest(node, detail)
        return RunEnd(
            duration_ns=duration,
            outcome=node.outcome.value,
            result=detail.result,
            error_type=error,
            complete=ended is not None,
            hosts=json.dumps(dict(detail.hosts)),
            tasks_total=detail.tasks_total,
            results_total=self._results,
            straggler_ns=self._straggler_ns,
            idle_ns=self._idle_ns,
            callback_ns=ended.callback_ns if ended is not None else 0,
            message=clean(node.failure.message, _MESSAGE) if node.failure is not None else None,
        )

    def _latest(self, node: Node, detail: RunDetail) -> None:
        """Let the run be the latest of its playbook; the store leaves that out where it has a later one."""
        one, success = (self._playbook,), detail.result == "success"
        self._observe("ansible_playbook_last_completion_timestamp_seconds", one, node.end, node)
        self._observe("ansible_playbook_last_run_success", one, int(success), node)
        if success:
            self._observe("ansible_playbook_last_success_timestamp_seconds", one, node.end, node)
        if detail.ended is None:
            return
        self._observe("ansible_playbook_last_duration_seconds", one, node.end - node.start, node)
        for host, counts in detail.ended.stats.items():
            if not counts.get("failures") and not counts.get("unreachable"):
                labels = (self._playbook, clean(host))
                self._observe("ansible_host_last_success_timestamp_seconds", labels, node.end, node)


def _role(definition: TaskDefined) -> str:
    return clean(definition.role_fqcn or definition.role or "")


def _place(task: str | None) -> tuple[int, int]:
    """Return number and occurrence that a task's node id is made of (`identity.task_node`)."""
    _, number, occurrence = (task or "task/0/1").split("/")
    return int(number), int(occurrence)


_READ: Mapping[Kind, Callable[[Translator, Node, Any], Row | None]] = {
    Kind.HOST: Translator._host,
    Kind.TASK: Translator._task,
    Kind.HANDLER: Translator._task,
    Kind.ROLE: Translator._role_ended,
    Kind.BATCH: Translator._batch,
    Kind.BLOCK: Translator._block,
    Kind.PLAY: Translator._play,
    Kind.DOWNTIME: Translator._downtime,
    Kind.RUN: Translator._run,
}
