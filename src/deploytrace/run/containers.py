"""What holds other nodes: run, play, batch, role, block and task while they are open, and how they end.

A container has no end event of its own: it covers what is in it. It starts with its first child, ends with its last,
and is as bad as its worst child whose failure nobody handled.
"""

from __future__ import annotations

from collections.abc import Callable

from .model import Detail, Failure, Kind, Link, Moment, Node, Outcome

__all__ = ["GAP", "SHORTEST", "Container", "gravest"]

SHORTEST = 1  # ns that every node lasts at least; Jaeger stretches a shorter one, beyond its parent's end
GAP = 1_000  # ns between children that follow each other; Jaeger's critical path needs them not to touch

_GRAVITY = (
    Outcome.SKIPPED,
    Outcome.OK,
    Outcome.CHANGED,
    Outcome.IGNORED,
    Outcome.RESCUED,
    Outcome.RUNNING,
    Outcome.INTERRUPTED,
    Outcome.UNREACHABLE,
    Outcome.FAILED,
)
_RANK = {outcome: rank for rank, outcome in enumerate(_GRAVITY)}
_HANDLED = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.IGNORED, Outcome.RESCUED})


def gravest(first: Outcome | None, second: Outcome) -> Outcome:
    """Return the graver of two outcomes."""
    if first is second:
        return second
    return second if first is None or _RANK[second] > _RANK[first] else first


class Container:
    """An open node that holds others. Times are ns since the run's start until `node` makes them Unix time."""

    __slots__ = (
        "detail",
        "end",
        "failure",
        "id",
        "kind",
        "links",
        "moments",
        "name",
        "open_tasks",
        "outcome",
        "parent",
        "rescued",
        "start",
    )

    def __init__(
        self,
        node_id: str,
        kind: Kind,
        name: str,
        parent: Container | None,
        detail: Callable[[Container], Detail],
        start: int | None = None,
    ) -> None:
        self.id = node_id
        self.kind = kind
        self.name = name
        self.parent = parent
        self.detail = detail
        self.start = start
        self.end = start
        self.outcome: Outcome | None = None
        self.failure: Failure | None = None
        self.moments: list[Moment] = []
        self.links: list[Link] = []
        self.open_tasks = 0
        self.rescued = False

    def cover(self, start: int, end: int) -> None:
        """Stretch over an interval."""
        if self.start is None or start < self.start:
            self.start = start
        if self.end is None or end > self.end:
            self.end = end

    def absorb(self, start: int, end: int, outcome: Outcome, failure: Failure | None) -> None:
        """Take in a child that has ended."""
        self.cover(start, end)
        if self.kind not in (Kind.TASK, Kind.HANDLER) and outcome in _HANDLED:
            outcome = Outcome.OK
        if self.outcome is None or _RANK[outcome] > _RANK[self.outcome]:
            self.outcome = outcome
            if failure is not None and outcome not in _HANDLED:
                self.failure = failure

    def node(self, base: int) -> Node:
        """Return the ended node; ``base`` is the run's start in Unix ns."""
        start = self.start or 0
        end = max(start + SHORTEST, self.end or 0)
        return Node(
            id=self.id,
            parent=self.parent.id if self.parent else None,
            kind=self.kind,
            name=self.name,
            start=base + start,
            end=base + end,
            outcome=self.outcome or Outcome.OK,
            detail=self.detail(self),
            failure=self.failure,
            moments=tuple(sorted(self.moments, key=lambda moment: moment.t)),
            links=tuple(self.links),
        )
