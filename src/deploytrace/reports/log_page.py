"""The log of a run, as it grows: plays, tasks, what each host said, and at the end the recap, the slowest, the verdict.

Nodes come when they end, so the log is in the order in which host results ended; where several tasks are at work at
once (strategies free and host_pinned), a task's header stands again whenever the task changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta, timezone, tzinfo

from ..analysis.ranking import Ranking
from ..events import RunStarted
from ..identity import trace_id
from ..run.model import (
    AttemptDetail,
    DowntimeDetail,
    HostDetail,
    ItemDetail,
    Kind,
    Node,
    Outcome,
    PlayDetail,
    RunDetail,
    TaskDetail,
)
from ..settings import Settings
from ..timestamps import elapsed, filled, timestamp
from .log_ending import Troubles, recap
from .log_results import result_lines, task_title
from .log_text import WIDTH
from .top import render
from .wording import neutral_line

__all__ = ["LogPage", "zone_of"]

_TOP_WIDTH = 120  # columns that the list of the slowest may take


def zone_of(started: RunStarted) -> tzinfo | None:
    """Return the controller's time zone at the run's start; None, the reader's own, where it was not recorded."""
    return None if started.utc_offset is None else timezone(timedelta(seconds=started.utc_offset))


class LogPage:
    """The log of one run. ``add`` must get every node, in replay's order; the same nodes give the same text."""

    def __init__(self, started: RunStarted, settings: Settings) -> None:
        self._started = started
        self._settings = settings
        self._ranking = Ranking()
        trace = trace_id(started.run_id, started.traceparent, started.join_trace)
        self._trace_link = settings.trace_url.replace("{trace_id}", trace) if settings.trace_url else None
        self._zone = zone_of(started)
        self._stamped = started.wall_ns  # Unix ns of the latest timestamp line
        self._play: int | None = None  # number of the play start whose header stands
        self._task: int | None = None  # number of the task whose header stands
        self._batches = 0  # of the play that goes on, those that have ended
        self._troubles = Troubles()

    def preface(self) -> Iterator[str]:
        """Yield the lines that say which run this is."""
        started = self._started
        told: Mapping[str, object] = {
            "playbook": started.playbook_path or started.playbook,
            "by": f"{started.user} on {started.host_name}",
            "with": f"ansible-core {started.ansible_version}, deploytrace {started.deploytrace_version}",
            "inventory": ", ".join(started.inventory),
            "limit": started.limit,
            "tags": ", ".join(tag for tag in started.tags if tag != "all"),
            "skipped tags": ", ".join(started.skip_tags),
            "extra variables": ", ".join(f"{name}={value}" for name, value in started.context_vars.items()),
            "check mode": "on, nothing is changed" if started.check_mode else None,
            "trace": self._trace_link,
        }
        yield from (f"{key}: {neutral_line(str(value))}" for key, value in told.items() if value)

    def add(self, node: Node) -> Iterator[str]:
        """Yield the lines that a node gives rise to."""
        self._ranking.add(node)
        yield from _READ.get(node.kind, LogPage._ignore)(self, node)

    def _ignore(self, node: Node) -> Iterator[str]:
        return iter(())

    def _result(self, node: Node) -> Iterator[str]:
        """A host result, an item, a try; before it the headers, if they are others than the last ones."""
        detail = node.detail
        assert isinstance(detail, (HostDetail, ItemDetail, AttemptDetail))  # noqa: S101 - for the type checker
        lines = list(result_lines(node, self._zone))
        if not lines:
            return
        definition = detail.definition
        if self._play != definition.play:
            yield from self._play_header(definition.play, detail.play)
        if self._task != definition.task:
            self._task = definition.task
            word = "HANDLER" if definition.handler else "TASK"
            yield ""
            yield filled(f"{word}: [{task_title(node)}]", WIDTH)
            waited = detail.waited_ns if isinstance(detail, HostDetail) else 0
            yield self._stamp(node.start - waited)
        yield from lines
        self._troubles.note(node)

    def _play_header(self, number: int, name: str) -> Iterator[str]:
        self._play = number
        batch = f", batch {self._batches + 1}" if self._batches else ""
        yield ""
        yield filled(f"PLAY: [{neutral_line(name)}]{batch}", WIDTH)

    def _stamp(self, t: int) -> str:
        """Return the timestamp line of a moment; times do not go back, whatever the order of the results is."""
        t = max(t, self._stamped)
        since_last, since_start = t - self._stamped, t - self._started.wall_ns
        self._stamped = t
        text = timestamp(t // 10**9, since_last / 1e9, since_start / 1e9, self._started.utc_offset)
        return filled(text, WIDTH)

    def _task_over(self, node: Node) -> Iterator[str]:
        """A task's end: what it included, and the next result begins with a header, the same handler's too."""
        detail = node.detail
        assert isinstance(detail, TaskDetail)  # noqa: S101 - for the type checker
        by = "" if self._task == detail.definition.task else f", by [{task_title(node)}]"
        self._task = None
        for moment in node.moments:
            if moment.name == "ansible.include":
                file, hosts = moment.attributes["ansible.include.file"], moment.attributes["ansible.include.hosts"]
                yield f"included: {neutral_line(str(file))} for {hosts} host{'s' if hosts != 1 else ''}{by}"

    def _downtime(self, node: Node) -> Iterator[str]:
        """How long a service was down, once it is known."""
        detail = node.detail
        assert isinstance(detail, DowntimeDetail)  # noqa: S101 - for the type checker
        service = f" {neutral_line(detail.service)}" if detail.service else ""
        length = elapsed(detail.duration_ns / 1e9)
        words = f"{length} so far, it is still down" if detail.open else f"at most {length}"
        yield f"downtime: [{neutral_line(detail.host)}]{service} {words}"

    def _batch_over(self, node: Node) -> Iterator[str]:
        yield from self._hosts_missing(node)
        self._batches += 1

    def _play_over(self, node: Node) -> Iterator[str]:
        if self._play is None and isinstance(node.detail, PlayDetail):
            yield from self._play_header(node.detail.started.play, node.name)
        yield from self._hosts_missing(node)
        self._play = None
        self._batches = 0

    def _hosts_missing(self, node: Node) -> Iterator[str]:
        names = {moment.name for moment in node.moments}
        if "ansible.no_hosts_matched" in names:
            yield "skipped: no hosts matched"
        if "ansible.no_hosts_remaining" in names:
            yield ""
            yield filled("NO MORE HOSTS LEFT", WIDTH)

    def _run_over(self, node: Node) -> Iterator[str]:
        detail = node.detail
        assert isinstance(detail, RunDetail)  # noqa: S101 - for the type checker
        yield ""
        yield filled("PLAY RECAP", WIDTH)
        yield from recap(detail.ended)
        if self._settings.top_log:
            yield ""
            yield from render(self._ranking, self._settings, self._settings.top_log, _TOP_WIDTH).splitlines()
        yield ""
        yield filled(f"RUN: {node.outcome.value}", WIDTH)
        yield self._stamp(node.end)
        yield from self._troubles.lines()
        if node.outcome is Outcome.INTERRUPTED and not self._troubles.interrupted:
            yield "interrupted between two tasks"
        if node.failure is not None and node.outcome in (Outcome.INTERRUPTED, Outcome.FAILED):
            yield from self._why(node, detail)
        yield f"duration: {elapsed((node.end - node.start) / 1e9)}"
        yield f"run: {self._started.run_id}"
        if self._trace_link:
            yield f"trace: {neutral_line(self._trace_link)}"

    def _why(self, node: Node, detail: RunDetail) -> Iterator[str]:
        """Yield why the run as a whole did not come to its end, where it did not."""
        for moment in node.moments:
            if moment.name == "ansible.signal":
                yield f"signal: {moment.attributes['ansible.signal']}"
        if node.failure is not None and (detail.ended is None or detail.ended.reason != "finished"):
            yield f"why: {neutral_line(node.failure.message)}"


_READ: Mapping[Kind, Callable[[LogPage, Node], Iterator[str]]] = {
    Kind.HOST: LogPage._result,
    Kind.ITEM: LogPage._result,
    Kind.ATTEMPT: LogPage._result,
    Kind.TASK: LogPage._task_over,
    Kind.HANDLER: LogPage._task_over,
    Kind.DOWNTIME: LogPage._downtime,
    Kind.BATCH: LogPage._batch_over,
    Kind.PLAY: LogPage._play_over,
    Kind.RUN: LogPage._run_over,
}
