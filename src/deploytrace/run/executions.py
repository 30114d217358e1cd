"""One task on one host while it is open: its items, its tries, its polls, and the nodes they become."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from .. import identity
from ..events import AsyncPolled, AttemptFailed, DiffShown, HostSeen, HostStarted, ItemFinished
from .containers import GAP, SHORTEST
from .failure import failure_of
from .model import AttemptDetail, Failure, HostDetail, ItemDetail, Kind, Moment, Node, Outcome
from .tasks import Occurrence

__all__ = ["Execution", "outcome_of"]

_SAID = (("warnings", "ansible.warning"), ("deprecations", "ansible.deprecation"))
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}  # a look into it takes less than a call of Outcome
_KEPT = 10  # of many tries or polls, the first and the last so many are kept


def outcome_of(status: str, ignored: bool, rescuable: bool) -> Outcome:
    """Return a result's outcome from the hook that announced it and from where its task stands."""
    if ignored and status in ("failed", "unreachable"):
        return Outcome.IGNORED
    if rescuable and status == "failed":
        return Outcome.RESCUED
    return _OUTCOMES.get(status) or Outcome(status)


class Execution:
    """One open execution. Times are ns since the run's start; nodes leave with ``base`` added."""

    __slots__ = (
        "_boundary",
        "_item_start",
        "_last_tries",
        "_polls",
        "_tries",
        "announced",
        "base",
        "definition",
        "detail",
        "earliest_end",
        "failed_items",
        "failure",
        "fork_wait",
        "host",
        "ignored",
        "items",
        "moments",
        "node_id",
        "number",
        "occurrence",
        "outcome",
        "play",
        "seen",
        "start",
        "waited",
        "worker_end",
    )

    def __init__(
        self,
        started: HostStarted,
        occurrence: Occurrence,
        base: int,
        seen: HostSeen | None,
        waited: int,
        fork_wait: int,
    ) -> None:
        start = started.t
        self.number = started.execution
        self.node_id = identity.host_node(started.execution)
        self.host = started.host
        self.definition = occurrence.state.definition
        self.occurrence = occurrence
        self.start = start
        self.waited = waited
        self.fork_wait = fork_wait
        self.base = base
        self.play = occurrence.play
        self.seen = seen
        self.announced: int | None = None
        self.worker_end: int | None = None
        self.outcome: Outcome | None = None
        self.ignored = False
        self.detail: Mapping[str, Any] = {}
        self.failure: Failure | None = None
        self.failed_items: list[str] = []
        self.items = 0
        self.moments: list[Moment] = []
        self.earliest_end = start + SHORTEST  # the host result covers its children
        self._item_start = start
        self._boundary = start  # where the next try begins
        self._tries = 0
        self._last_tries: deque[Node] | None = None
        self._polls: deque[Moment] | None = None

    def _clamp(self, t: int) -> int:
        """Return an end not later than the worker's, which Ansible's other thread may report first."""
        return max(self.start, t if self.worker_end is None else min(t, self.worker_end))

    def _child(
        self, kind: Kind, node_id: str, parent: str, span: tuple[int, int], outcome: Outcome, **rest: Any
    ) -> Node:
        start, end = span[0], max(span[0] + SHORTEST, span[1])
        self.earliest_end = max(self.earliest_end, end)
        return Node(node_id, parent, kind, self.definition.name, self.base + start, self.base + end, outcome, **rest)

    def _try_node(
        self,
        end: int,
        outcome: Outcome,
        failure: Failure | None,
        *,
        delay: float = 0.0,
        maximum: int | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> Node:
        self._tries += 1
        parent = identity.item_node(self.number, self.items) if self.definition.loop else self.node_id
        detail = AttemptDetail(self.host, self.definition, self._tries, maximum, delay, said or {}, self.play)
        node_id = identity.attempt_node(parent, self._tries)
        span = (self._boundary, end)
        return self._child(Kind.ATTEMPT, node_id, parent, span, outcome, detail=detail, failure=failure)

    def take(self, event: ItemFinished | AttemptFailed | AsyncPolled | DiffShown) -> list[Node]:
        """Take in what happened within the execution; return the nodes that leave with it."""
        if isinstance(event, ItemFinished):
            return self._item_finished(event)
        if isinstance(event, AttemptFailed):
            return self._attempt_failed(event)
        if isinstance(event, AsyncPolled):
            self._polled(event)
        else:
            attributes = {"ansible.diff.files": list(event.files)}
            self.moments.append(Moment(self.base + event.t, "ansible.diff", attributes))
        return []

    def _attempt_failed(self, event: AttemptFailed) -> list[Node]:
        """Take in a failed try; return the tries that leave: the first ten now, the last ten when all is over."""
        failure = failure_of("failed", self.definition.action, event.detail or {})
        node = self._try_node(
            self._clamp(event.t),
            Outcome.FAILED,
            failure,
            delay=event.delay,
            maximum=event.attempts,
            said=event.detail,
        )
        self._boundary = self._clamp(event.t) + int(event.delay * 1e9) + GAP
        if self._tries <= _KEPT:
            return [node]
        if self._last_tries is None:
            self._last_tries = deque(maxlen=_KEPT - 1)  # the very last try makes ten
        self._last_tries.append(node)
        return []

    def _finish_tries(self, end: int, outcome: Outcome, failure: Failure | None) -> list[Node]:
        """Return the tries that are still held, and the last one, which ended with its item or host result."""
        if not self._tries:
            return []
        nodes = [*(self._last_tries or ()), self._try_node(end, outcome, failure)]
        self._last_tries = None
        self._tries = 0
        return nodes

    def _item_finished(self, event: ItemFinished) -> list[Node]:
        """Take in a loop item; it began where the one before it ended."""
        end = self._clamp(event.t)
        failed = event.status in ("failed", "unreachable")
        outcome = outcome_of(event.status, event.ignored, self.occurrence.state.rescuable)
        failure = failure_of(event.status, self.definition.action, event.detail or {}) if failed else None
        nodes = self._finish_tries(end, outcome, failure)
        if failed:
            self.failed_items.append(event.label or f"item {self.items}")
        detail = ItemDetail(self.host, self.definition, self.items, event.label, event.detail or {}, self.play)
        nodes.append(self._item_node(end, outcome, detail, failure))
        self.items += 1
        self._item_start = self._boundary = end + GAP
        return nodes

    def _item_node(self, end: int, outcome: Outcome, detail: ItemDetail, failure: Failure | None) -> Node:
        node_id = identity.item_node(self.number, self.items)
        span = (self._item_start, end)
        return self._child(Kind.ITEM, node_id, self.node_id, span, outcome, detail=detail, failure=failure)

    def _polled(self, event: AsyncPolled) -> None:
        """Take in a look at an asynchronous job; of many, the first and the last ten are kept."""
        moment = Moment(self.base + event.t, "ansible.async.poll", {"ansible.async.status": event.status})
        if len(self.moments) < _KEPT:
            self.moments.append(moment)
        else:
            if self._polls is None:
                self._polls = deque(maxlen=_KEPT)
            self._polls.append(moment)

    def announce(
        self, t: int, status: str, ignored: bool, detail: Mapping[str, Any] | None, *, again: bool = False
    ) -> None:
        """Take in the result that Ansible announced.

        ``again``: what an include names could not be loaded. A block's rescue runs then, but its hosts stay failed.
        """
        self.announced = t
        self.ignored = ignored
        self.detail = detail or {}
        self.outcome = outcome_of(status, ignored, self.occurrence.state.rescuable and not again)
        if status in ("failed", "unreachable"):
            self.failure = failure_of(status, self.definition.action, self.detail, include=self.definition.include)

    def end(self) -> tuple[int, str]:
        """Return when the host's work ended, and by whose account."""
        announced = self.announced if self.announced is not None else self.earliest_end
        if self.worker_end is not None and self.worker_end <= announced:
            return max(self.earliest_end, self.worker_end), "worker"
        return max(self.earliest_end, announced), "announcement"

    def finish(self) -> list[Node]:
        """Return the nodes that leave with an announced result: held tries, then the host result itself."""
        outcome = self.outcome or Outcome.OK
        tries = int(self.detail.get("attempts") or 0) or self._tries + 1
        nodes: list[Node] = []
        if self._tries and not self.definition.loop:
            nodes = self._finish_tries(self.end()[0], outcome, self.failure)
        end, source = self.end()
        nodes.append(self._node(end, outcome, source, self.failure, tries))
        return nodes

    def cut(self, t: int, outcome: Outcome, failure: Failure | None) -> list[Node]:
        """Return the nodes of an execution that the run's end found open: what is held, the open item or try, itself.

        Where its worker had already ended, that is when it ended.
        """
        end = max(self.earliest_end, self._clamp(t))
        tries = self._tries + 1
        in_pause = self._boundary >= end  # between two tries: there is no try to cut
        nodes = list(self._last_tries or ()) if in_pause else self._finish_tries(end, outcome, failure)
        if self.definition.loop and self._item_start < end:
            open_item = ItemDetail(self.host, self.definition, self.items, None, play=self.play)
            nodes.append(self._item_node(end, outcome, open_item, failure))
        return [*nodes, self._node(end, outcome, "end", failure, tries)]

    def _node(self, end: int, outcome: Outcome, source: str, failure: Failure | None, tries: int) -> Node:
        if self._polls:
            self.moments.extend(self._polls)
        for key, name in _SAID if self.detail else ():
            for text in self.detail.get(key) or ():
                self.moments.append(Moment(self.base + end, name, {"message": str(text)}))
        detail = HostDetail(  # by place: by name takes twice as long
            self.host,
            self.definition,
            self.play,
            self.seen,
            None if self.announced is None else self.base + self.announced,
            source,
            self.waited,
            tries,
            self.items,
            self.detail,
            tuple(self.failed_items),
            self.fork_wait,
        )
        return Node(
            self.node_id,
            self.occurrence.id,
            Kind.HOST,
            self.definition.name,
            self.base + self.start,
            self.base + end,
            outcome,
            detail,
            failure,
            tuple(self.moments),
        )
