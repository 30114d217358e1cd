"""The one interpreter of events: grows a run from its journal and says what has ended.

Feed it a run's events in order; each call returns the nodes that have ended with it, children before their parents,
the run last. It is deterministic: the same journal gives the same nodes in the same order, always, which is what lets
a delivery that was broken off go on where it stood. It keeps what is open and nothing of what has ended, so a run of a
million host results takes no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from .. import events as ev
from ..identity import RUN_NODE
from ..kinds import place
from .containers import GAP, Container
from .downtime import Downtime
from .executions import Execution
from .forks import Forks
from .model import Failure, Kind, Moment, Node, Outcome, RunDetail
from .notices import Notices
from .scope import Scope
from .tally import Tally
from .tasks import Occurrence, TaskState, stable_id

__all__ = ["Replay"]

_CANCELLED = Failure("cancelled", "the run was interrupted")
_LOST = Failure("lost", "Ansible's process disappeared")
_ABANDONED = Failure("lost", "no result was announced")


class Replay:
    """A run as far as its events have been fed. ``finished`` is true when its last event has been seen."""

    def __init__(self) -> None:
        self.started: ev.RunStarted | None = None
        self.finished = False
        self._ended: list[Node] = []
        self._base = 0  # the run's start, Unix ns
        self._last = 0  # time of the latest event, ns since the start
        self._run: Container | None = None
        self._scope: Scope | None = None
        self._executions: dict[int, Execution] = {}
        self._by_host: dict[str, Execution] = {}  # what each host of the play was at last
        self._without_worker = 0  # results so far that came of no worker
        self._seen: dict[str, ev.HostSeen] = {}
        self._notices = Notices()
        self._downtime = Downtime()
        self._forks = Forks()
        self._tally = Tally()
        self._signalled = False

    def feed(self, event: ev.Event) -> list[Node]:
        """Take in one event; return the nodes that ended with it. What follows the run's end is ignored."""
        if self.finished:
            return []
        self._ended = []
        if isinstance(event, ev.RunStarted):
            self._begin(event)
        elif self._run is not None:
            _READ[type(event)](self, event)
            if event.t > self._last:
                self._last = event.t
        return self._ended

    def close(self, outcome: Outcome = Outcome.RUNNING) -> list[Node]:
        """Return what is open as if it ended now, for a look at a run that has no end yet; the replay is used up."""
        self._ended = ended = list[Node]()
        if not self.finished and self._run is not None:
            self._end_run(self._last, outcome, None if outcome is Outcome.RUNNING else _LOST, None, "error")
        return ended

    # -- the run ------------------------------------------------------------------------------------------------

    def _begin(self, event: ev.RunStarted) -> None:
        if self.started is not None:
            return
        self.started = event
        self._base = event.wall_ns
        self._forks.begin(event)
        self._downtime.begin(event)
        self._run = Container(RUN_NODE, Kind.RUN, PurePath(event.playbook).name, None, lambda _: self._run_detail, 0)

    def _run_ended(self, event: ev.RunEnded) -> None:
        if event.reason == "interrupted" or (self._signalled and event.reason != "finished"):
            self._end_run(event.t, Outcome.INTERRUPTED, _CANCELLED, event, "cancellation")
        elif event.reason == "aborted":
            self._end_run(event.t, Outcome.FAILED, Failure("_OTHER", "Ansible broke the run off"), event, "error")
        else:
            self._end_run(event.t, None, None, event, "success")

    def _run_lost(self, event: ev.RunLost) -> None:
        if self._signalled:
            self._end_run(event.t, Outcome.INTERRUPTED, _CANCELLED, None, "cancellation")
        else:
            self._end_run(event.t, Outcome.INTERRUPTED, _LOST, None, "error")

    def _end_run(
        self, t: int, cut: Outcome | None, failure: Failure | None, ended: ev.RunEnded | None, result: str
    ) -> None:
        """End everything. ``cut`` is the outcome of what is still open, None where nothing should be."""
        run, started = self._run, self.started
        if run is None or started is None:
            return
        if cut in (Outcome.INTERRUPTED, Outcome.RUNNING):
            t += GAP  # what started with the very last event must not touch what ends with the run
            self._cut_executions(t, cut, failure)
        left = t if cut else self._last
        self._leave_play(left)
        self._ended.extend(self._downtime.leave_run(self._base + t, self._base + left, cut, failure))
        run.cover(0, t)
        if cut is not None:
            run.absorb(0, t, cut, failure)
            run.failure, run.outcome = failure or run.failure, cut
        else:
            result = self._tally.judge(run, ended)
        self._run_detail = RunDetail(
            started=started,
            ended=ended,
            result=result,
            hosts=self._tally.hosts(),
            tasks_total=self._tally.tasks,
            straggler_ns=self._tally.straggler_ns,
            controller_ip=self._tally.controller_ip,
            downtime_ns=self._downtime.longest_ns,
            service_hosts=self._downtime.hosts.counts(),
        )
        self._ended.append(run.node(self._base))
        self.finished = True

    def _signal(self, event: ev.Signalled) -> None:
        self._signalled = True
        self._note_run("ansible.signal", {"ansible.signal": event.signal}, event.t)

    def _controller(self, event: ev.ControllerSeen) -> None:
        self._tally.controller_ip = event.ip

    def _prompt(self, event: ev.PromptShown) -> None:
        self._note_run("ansible.prompt", {"ansible.prompt": event.name}, event.t)

    def _note_run(self, name: str, attributes: dict[str, Any], t: int) -> None:
        if self._run is not None:
            self._run.moments.append(Moment(self._base + t, name, attributes))

    # -- plays --------------------------------------------------------------------------------------------------

    def _play(self, event: ev.PlayStarted) -> None:
        self._forks.enter_play(event)
        if self._scope is not None and self._scope.continues(event):
            self._leave_tasks()
            self._scope.leave_batch(self._last)
            self._scope.next_batch(event)
        elif self._run is not None:
            self._leave_play(self._last)
            self._scope = Scope(event, self._run, self._end)
        if self._scope is not None:
            self._downtime.enter_play(self._scope.play.id, event)

    def _leave_tasks(self) -> None:
        """End all tasks of the play or batch; an execution that never had a result is closed as lost."""
        self._cut_executions(self._last, Outcome.INTERRUPTED, _ABANDONED)
        for state in list(self._scope.at_work.values()) if self._scope else ():
            self._end_occurrences(state)

    def _leave_play(self, t: int) -> None:
        if self._scope is not None:
            self._leave_tasks()
            self._ended.extend(self._downtime.leave_play())
            self._scope.leave_batch(t)
            self._scope.leave(t)
            self._scope = None
        self._by_host.clear()
        self._notices.clear()

    def _note_play(self, event: ev.NoHostsMatched | ev.HostsExhausted) -> None:
        if self._scope is not None:
            name = "no_hosts_matched" if isinstance(event, ev.NoHostsMatched) else "no_hosts_remaining"
            self._scope.note(Moment(self._base + event.t, f"ansible.{name}"))

    def _end(self, container: Container) -> None:
        """Let an ended container leave, and its parent take it in."""
        if container.start is None:
            return
        node = container.node(self._base)
        self._ended.append(node)
        if container.parent is not None:
            container.parent.absorb(container.start, node.end - self._base, node.outcome, node.failure)

    # -- tasks --------------------------------------------------------------------------------------------------

    def _define(self, event: ev.TaskDefined) -> None:
        if self._scope is not None and self.started is not None:
            state = self._scope.define(event)
            state.place = place(event.path, PurePath(self.started.playbook_path).parent)
            state.stable_id = stable_id(self._scope.first.name, event, state.place)

    def _announce(self, event: ev.TaskStarted) -> None:
        self._forks.announced(event)
        scope = self._scope
        state = scope.tasks.get(event.task) if scope else None
        if scope is None or state is None:
            return
        state.announcements += 1
        scope.announce(event.t, state.definition)
        if not scope.lockstep or state.definition.meta:
            return
        for other in list(scope.at_work.values()):
            if other is not state or state.definition.handler:
                self._settle(other)
                self._end_occurrences(other)
        scope.enter(state)
        scope.leave_others(state)

    def _settle(self, state: TaskState) -> None:
        """End the executions of a task that were only held because their result was provisional."""
        if state.definition.include:
            for execution in list(self._executions.values()):
                if execution.definition is state.definition and execution.announced is not None:
                    self._finish(execution)

    def _end_occurrences(self, state: TaskState) -> None:
        """End the occurrences of a task that nobody works on."""
        for number, occurrence in list(state.occurrences.items()):
            if occurrence.open:
                continue
            del state.occurrences[number]
            for container in state.path:
                container.open_tasks -= 1
            if self._scope is not None:
                self._tally.task(occurrence, self._scope.lockstep)
            self._end(occurrence)
        if self._scope is not None and not state.occurrences:
            self._scope.at_work.pop(state.definition.task, None)

    def _occurrence(self, scope: Scope, state: TaskState, host: str, announced: int) -> Occurrence:
        """Return the occurrence that a host's start belongs to: of a handler, one for each flush."""
        number = max(1, state.announcements)
        if not scope.lockstep:
            number = 1
            if state.definition.handler:
                state.runs[host] += 1
                number = state.runs[host]
        occurrence = state.occurrences.get(number)
        if occurrence is None:
            scope.enter(state)
            occurrence = Occurrence(state, number, scope.first.name, self._base + announced)
            state.occurrences[number] = occurrence
            scope.at_work[state.definition.task] = state
            for container in state.path:
                container.open_tasks += 1
        return occurrence

    def _included(self, event: ev.Included) -> None:
        state = self._scope.tasks.get(event.task) if self._scope else None
        for occurrence in state.occurrences.values() if state else ():
            attributes = {"ansible.include.file": event.file, "ansible.include.hosts": len(event.hosts)}
            occurrence.moments.append(Moment(self._base + event.t, "ansible.include", attributes))

    def _notified(self, event: ev.Notified) -> None:
        self._notices.flushed(event)

    # -- hosts --------------------------------------------------------------------------------------------------

    def _host_seen(self, event: ev.HostSeen) -> None:
        self._seen[event.host] = event
        if (at_work := self._by_host.get(event.host)) is not None:
            at_work.seen = event

    def _host_started(self, event: ev.HostStarted) -> None:
        self._start(event, self._forks.started(event))

    def _start(self, event: ev.HostStarted, fork_wait: int) -> Execution | None:
        scope = self._scope
        state = scope.tasks.get(event.task) if scope else None
        if scope is None or state is None:
            return None
        before = self._by_host.get(event.host)
        if before is not None and before.announced is not None and before.number in self._executions:
            self._finish(before)
        announced = scope.announced(event.task, event.t)
        occurrence = self._occurrence(scope, state, event.host, announced)
        self._tally.done_again |= event.host in occurrence.done
        seen = self._seen.get(event.host)
        execution = Execution(event, occurrence, self._base, seen, event.t - announced, fork_wait)
        occurrence.open += 1
        occurrence.announced = min(occurrence.announced, self._base + announced)
        occurrence.cover(event.t, event.t)
        if state.definition.handler:
            occurrence.link(self._notices.answered(state.definition, event.host))
        self._executions[event.execution] = execution
        self._by_host[event.host] = execution
        return execution

    def _host_finished(self, event: ev.HostFinished) -> None:
        execution = self._by_host.get(event.host)
        if execution is None or execution.definition.task != event.task:
            execution = self._start_without_worker(event)
        elif execution.number not in self._executions:
            if event.status in ("failed", "unreachable"):
                self._failed_late(event)
                return
            execution = self._start_without_worker(event)
        if execution is None:
            return
        self._forks.ended(execution.number, event.t)
        again = execution.announced is not None
        t = execution.announced if execution.announced is not None else event.t
        execution.announce(t, event.status, event.ignored, event.detail, again=again)
        if not (execution.definition.include and event.status == "ok"):
            self._finish(execution)

    def _start_without_worker(self, event: ev.HostFinished) -> Execution | None:
        """Start what was done, or skipped, in Ansible's main process; its number is below those of all workers."""
        self._without_worker += 1
        return self._start(ev.HostStarted(event.t, -self._without_worker, event.task, event.host), 0)

    def _failed_late(self, event: ev.HostFinished) -> None:
        """Count a second result whose first has left already, so that the failure is not lost with it."""
        self._tally.host(event.host, Outcome(event.status))
        scope = self._scope
        if scope is not None:
            scope.floor.absorb(event.t, event.t, Outcome(event.status), Failure("parse_error"))

    def _finish(self, execution: Execution) -> None:
        self._leave_host(execution, execution.finish())

    def _cut_executions(self, t: int, outcome: Outcome, failure: Failure | None) -> None:
        for execution in list(self._executions.values()):
            if execution.announced is not None:
                self._finish(execution)
            else:
                self._leave_host(execution, execution.cut(t, outcome, failure))

    def _leave_host(self, execution: Execution, nodes: list[Node]) -> None:
        del self._executions[execution.number]
        occurrence = execution.occurrence
        occurrence.open -= 1
        node = nodes[-1]
        self._ended.extend(nodes)
        self._ended.extend(self._downtime.take(node))
        occurrence.take(node, execution.host, self._base)
        self._tally.host(execution.host, node.outcome)
        if node.outcome is Outcome.CHANGED and execution.definition.notify:
            self._notices.changed(execution.definition, execution.host, node.id)
        scope = self._scope
        if scope is None:
            return
        if node.outcome in (Outcome.FAILED, Outcome.UNREACHABLE):
            scope.out.add(execution.host)
        if not scope.lockstep and not occurrence.open and self._all_done(scope, occurrence):
            self._end_occurrences(occurrence.state)

    def _all_done(self, scope: Scope, occurrence: Occurrence) -> bool:
        """Say whether every host of the batch has done a task or takes no more part."""
        if scope.size is None or occurrence.state.definition.handler:
            return False
        return len(occurrence.done) + len(scope.out - occurrence.done) >= scope.size

    def _worker_ended(self, event: ev.WorkerEnded) -> None:
        self._forks.ended(event.execution, event.t)
        execution = self._executions.get(event.execution)
        if execution is not None and execution.worker_end is None:
            execution.worker_end = event.t

    def _within(self, event: ev.ItemFinished | ev.AttemptFailed | ev.AsyncPolled | ev.DiffShown) -> None:
        execution = self._by_host.get(event.host)
        if execution is not None and execution.number in self._executions:
            self._ended.extend(execution.take(event))


_READ: dict[type, Callable[[Replay, Any], None]] = {
    ev.PlayStarted: Replay._play,
    ev.TaskDefined: Replay._define,
    ev.TaskStarted: Replay._announce,
    ev.HostSeen: Replay._host_seen,
    ev.HostStarted: Replay._host_started,
    ev.WorkerEnded: Replay._worker_ended,
    ev.HostFinished: Replay._host_finished,
    ev.ItemFinished: Replay._within,
    ev.AttemptFailed: Replay._within,
    ev.AsyncPolled: Replay._within,
    ev.DiffShown: Replay._within,
    ev.Included: Replay._included,
    ev.Notified: Replay._notified,
    ev.PromptShown: Replay._prompt,
    ev.NoHostsMatched: Replay._note_play,
    ev.HostsExhausted: Replay._note_play,
    ev.Signalled: Replay._signal,
    ev.RunEnded: Replay._run_ended,
    ev.ControllerSeen: Replay._controller,
    ev.RunLost: Replay._run_lost,
}
