"""When a host's service was down: from the tags of tasks to windows, which are nodes of the run's tree.

A task tagged ``deploytrace_down`` opens its host's window, one tagged ``deploytrace_up`` closes it where it succeeds;
``deploytrace_down:shop`` names the service. The service goes down somewhere within the first task and comes up
somewhere within the second, so a window has two lengths, and the truth lies between them. Where a rule below leaves a
choice, it is made so that this stays true (docs/downtime.md tells users the same):

- Down tasks while a window is open belong to it. Tasks tagged up that follow each other on a host (start it, wait until
  it is healthy) belong together: the window ends with the last of them, and it is open again where one of them fails.
- A down task that failed may have stopped the service or not: the window opens, and nothing of it is certain.
- What did nothing counts for nothing: skipped tasks, includes, check mode, failures before the task's own work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..events import PlayStarted, RunStarted
from ..identity import RUN_NODE, downtime_node
from ..settings import Settings
from .containers import SHORTEST
from .model import DowntimeDetail, Failure, HostDetail, Kind, Node, Outcome
from .service_hosts import ServiceHosts

__all__ = ["Downtime"]

# ns that a window's node ends before the window: Jaeger's critical path follows the child that ends last, and that must
# stay the task that the deploy waited for. Jaeger counts in microseconds and rounds start and length down.
_ASIDE = 10_000

_SUCCEEDED = frozenset({Outcome.OK, Outcome.CHANGED})
_BEFORE_THE_WORK = frozenset({"template_error", "module_not_found", "host_vars_error", "privilege_escalation"})


class _Marks(NamedTuple):
    """The services that a task takes down and brings up; a service without a name is an empty text."""

    down: frozenset[str]
    up: frozenset[str]


_UNMARKED = _Marks(frozenset(), frozenset())


@dataclass(slots=True)
class _Window:
    """One host's window of one service; times are Unix ns."""

    id: str
    host: str
    service: str
    play: str
    start: int
    down_from: int | None = None  # from here on the service is certainly down
    down_until: int | None = None  # and up to here: the start of the first task that may have brought it up
    end: int | None = None  # None while it is open

    def node(
        self, parent: str, end: int, node_end: int, outcome: Outcome = Outcome.OK, failure: Failure | None = None
    ) -> Node:
        """Return the window as a node: it ends at ``end``, its node at ``node_end``."""
        certain_from = end if self.down_from is None else self.down_from
        certain_until = end if self.down_until is None else self.down_until
        detail = DowntimeDetail(
            host=self.host,
            service=self.service,
            duration_ns=end - self.start,
            at_least_ns=max(0, certain_until - certain_from),
            at_least_from=certain_from,
            open=self.end is None,
        )
        node_end = max(self.start + SHORTEST, node_end - _ASIDE)
        return Node(self.id, parent, Kind.DOWNTIME, self.service, self.start, node_end, outcome, detail, failure)


class Downtime:
    """The windows of one run. Keeps what is open, per host and service, and nothing of what has ended.

    ``longest_ns`` is the longest window so far, None where there was none; ``hosts`` counts the hosts of a service.
    """

    def __init__(self) -> None:
        self._down: str = Settings.downtime_down_tag
        self._up: str = Settings.downtime_up_tag
        self._marks: dict[tuple[str, ...], _Marks] = {}
        self._windows: dict[str, dict[str, _Window]] = {}  # by host, by service
        self._play = RUN_NODE
        self.longest_ns: int | None = None
        self.hosts = ServiceHosts()

    def begin(self, started: RunStarted) -> None:
        """The run begins: its own settings name the tags, never those of a later delivery, so that the same journal
        always gives the same nodes.
        """
        settings = started.settings
        self._down = settings.get("downtime_down_tag", self._down)
        self._up = settings.get("downtime_up_tag", self._up)

    def enter_play(self, node_id: str, event: PlayStarted) -> None:
        """A play or one batch of it begins; ``node_id`` is the play's."""
        self._play = node_id
        self.hosts.enter(event)

    def leave_play(self) -> list[Node]:
        """Return the windows that are closed: they stand in this play, or in the run if they began in another."""
        self.hosts.leave()
        nodes = [
            self._settle(window)
            for windows in list(self._windows.values())
            for window in list(windows.values())
            if window.end is not None
        ]
        self._play = RUN_NODE
        return nodes

    def leave_run(self, end: int, last: int, cut: Outcome | None, failure: Failure | None) -> list[Node]:
        """Return the windows that the run's end (Unix ns) finds open; ``last`` is when the last play ended.

        ``cut`` and ``failure`` tell of a run that was broken off. Where it ended by itself there is no error in a
        window that is open: to stop a service may have been all that was wanted.
        """
        broken = cut in (Outcome.INTERRUPTED, Outcome.RUNNING)
        nodes = []
        for window in (window for windows in self._windows.values() for window in windows.values()):
            nodes.append(
                window.node(RUN_NODE, end, last, cut if broken and cut else Outcome.OK, failure if broken else None)
            )
            self._count(end - window.start)
        self._windows.clear()
        return nodes

    def take(self, node: Node) -> list[Node]:
        """Take in a host result that has ended; return the windows that are over for good with it."""
        detail = node.detail
        if not isinstance(detail, HostDetail):
            return []
        definition = detail.definition
        marks = self._marks_of(definition.tags) if definition.tags else _UNMARKED
        if not (marks.down or marks.up or detail.host in self._windows):
            return []
        if definition.include or definition.meta or definition.check_mode:
            return []
        self.hosts.marked(detail.host, marks.down | marks.up, skipped=node.outcome is Outcome.SKIPPED)
        if node.outcome is Outcome.SKIPPED:
            return []
        settled = list(self._settle_or_go_on(node, detail.host, marks))
        self._take_down(node, detail.host, marks)
        self._bring_up(node, detail.host, marks)
        return settled

    def _marks_of(self, tags: tuple[str, ...]) -> _Marks:
        found = self._marks.get(tags)
        if found is None:
            found = self._marks[tags] = _Marks(_services(self._down, tags), _services(self._up, tags))
        return found

    def _settle_or_go_on(self, node: Node, host: str, marks: _Marks) -> Iterator[Node]:
        """Settle the host's closed windows, but for those that this task still belongs to."""
        for service, window in list(self._windows.get(host, {}).items()):
            if window.end is None:
                continue
            if service not in marks.up or service in marks.down:
                yield self._settle(window)
            elif node.outcome in _SUCCEEDED:
                window.end = node.end
            else:
                window.end = None

    def _take_down(self, node: Node, host: str, marks: _Marks) -> None:
        if node.failure is not None and node.failure.type in _BEFORE_THE_WORK:
            return
        for service in sorted(marks.down):
            windows = self._windows.setdefault(host, {})
            if service not in windows:
                windows[service] = _Window(downtime_node(node.id, service), host, service, self._play, node.start)
            if node.outcome in _SUCCEEDED and service not in marks.up:
                windows[service].down_from, windows[service].down_until = node.end, None

    def _bring_up(self, node: Node, host: str, marks: _Marks) -> None:
        for service in marks.up:
            window = self._windows.get(host, {}).get(service)
            if window is None or node.outcome not in (*_SUCCEEDED, Outcome.INTERRUPTED, Outcome.RUNNING):
                continue
            if window.down_until is None:
                window.down_until = node.start
            if node.outcome in _SUCCEEDED:
                window.end = node.end

    def _settle(self, window: _Window) -> Node:
        """Let a closed window leave."""
        windows = self._windows[window.host]
        del windows[window.service]
        if not windows:
            del self._windows[window.host]
        end = window.end or window.start
        self._count(end - window.start)
        parent = window.play if window.play == self._play else RUN_NODE
        return window.node(parent, end, end)

    def _count(self, length: int) -> None:
        self.longest_ns = max(length, self.longest_ns or 0)


def _services(word: str, tags: tuple[str, ...]) -> frozenset[str]:
    """Return the services that a task's tags mark with a word: ``word`` itself or ``word:service``."""
    return frozenset(tag[len(word) + 1 :] for tag in tags if tag == word or tag.startswith(f"{word}:"))
