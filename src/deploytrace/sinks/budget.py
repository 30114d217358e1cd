"""The span budget: how a run of a hundred thousand host results stays a trace that can be looked at.

Spans leave as soon as they end, so what has been sent cannot be taken back, and nobody knows how long the run will be.
Hence: the first ``span_budget`` spans all go out, whatever they are. From there on loop items that did not fail are
folded, from 5 % past it skipped results too, from 10 % past it fast results that are simply ok. A folded result is
counted in its task's span, with quantiles of its duration; a folded item in its host result's. What always stays: runs,
plays, batches, roles, blocks, tasks and handlers; results that failed, changed something, were unreachable, ignored,
rescued, interrupted or retried, or during which something was told (a warning, say); every result slower than the 50
slowest so far of its play; and the parent of anything that was sent.

The decision on a node depends on the nodes before it alone, so it is the same at every delivery.
"""

from __future__ import annotations

import heapq
from array import array
from dataclasses import dataclass, field

from ..run.model import HostDetail, Kind, Node, Outcome
from .span_shape import Attribute, seconds

__all__ = ["DROPPED", "FOLDED_HOST", "FOLDED_TASK", "Budget", "Folded"]

_SLOWEST_KEPT = 50  # per play
_QUIET_ITEMS = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.SKIPPED})


@dataclass
class Folded:
    """What was folded into one span. ``durations`` are those of the folded host results that were ok, in ns."""

    items: int = 0
    skipped: int = 0
    durations: array[int] = field(default_factory=lambda: array("q"))

    def quantile(self, share: float) -> float | None:
        """Return a quantile of the durations in s (nearest rank); None where there are none."""
        if not self.durations:
            return None
        ordered = sorted(self.durations)
        return seconds(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


DROPPED: Attribute[int] = Attribute(
    "ansible.spans.dropped",
    "int",
    "Loop items and host results that were folded: past the span budget.",
    lambda _, n: n,
)
FOLDED_HOST: tuple[Attribute[Folded], ...] = (
    Attribute("ansible.folded.items", "int", "Loop items without a span of their own.", lambda _, fold: fold.items),
)
FOLDED_TASK: tuple[Attribute[Folded], ...] = (
    Attribute(
        "ansible.folded.ok", "int", "Ok host results without a span of their own.", lambda _, fold: len(fold.durations)
    ),
    Attribute(
        "ansible.folded.skipped", "int", "Skipped ones without a span of their own.", lambda _, fold: fold.skipped
    ),
    Attribute("ansible.folded.items", "int", "Loop items of theirs without a span.", lambda _, fold: fold.items),
    Attribute(
        "ansible.folded.p50_seconds", "double", "Median of the folded ok ones.", lambda _, fold: fold.quantile(0.5)
    ),
    Attribute("ansible.folded.p95_seconds", "double", "95 % of them were faster.", lambda _, fold: fold.quantile(0.95)),
    Attribute("ansible.folded.max_seconds", "double", "The slowest of them.", lambda _, fold: fold.quantile(1.0)),
)


class Budget:
    """Decides node by node, in replay's order, what becomes a span and what is folded."""

    def __init__(self, spans: int) -> None:
        self.dropped = 0
        self._sent = 0
        self._items_from = spans
        self._skipped_from = spans + spans // 20
        self._ok_from = spans + spans // 10
        self._slowest: list[int] = []  # a heap: the smallest of the play's slowest first
        self._folded: dict[str, Folded] = {}  # by the node id of a host result or task that is still open
        self._parents: set[str] = set()  # open host results that something below them was sent for

    def keep(self, node: Node) -> bool:
        """Say whether a node becomes a span; if not, it is folded into its parent."""
        kept = self._wanted(node)
        if kept:
            self._sent += 1
            if node.kind in (Kind.ITEM, Kind.ATTEMPT) and node.parent is not None:
                self._parents.add(node.parent)
        else:
            self._fold(node)
        return kept

    def take_folded(self, node: Node) -> Folded | None:
        """Return what was folded into a node, and forget it: the node has ended."""
        return self._folded.pop(node.id, None)

    def _wanted(self, node: Node) -> bool:
        if node.kind is Kind.HOST:
            return self._host_wanted(node)
        if node.kind is Kind.ITEM:
            below = node.id in self._parents
            self._parents.discard(node.id)
            return below or node.outcome not in _QUIET_ITEMS or self._sent < self._items_from
        if node.kind is Kind.PLAY:
            self._slowest.clear()
        return True

    def _host_wanted(self, node: Node) -> bool:
        slow = self._is_slow(node.end - node.start)
        below = node.id in self._parents
        self._parents.discard(node.id)
        if slow or below or node.moments or (isinstance(node.detail, HostDetail) and node.detail.attempts > 1):
            return True
        if node.outcome is Outcome.SKIPPED:
            return self._sent < self._skipped_from
        return node.outcome is not Outcome.OK or self._sent < self._ok_from

    def _is_slow(self, duration: int) -> bool:
        """Say whether a host result is among the slowest of its play so far."""
        if len(self._slowest) < _SLOWEST_KEPT:
            heapq.heappush(self._slowest, duration)
            return True
        if duration <= self._slowest[0]:
            return False
        heapq.heapreplace(self._slowest, duration)
        return True

    def _fold(self, node: Node) -> None:
        self.dropped += 1
        own = self._folded.pop(node.id, None)
        if node.parent is None:
            return
        into = self._folded.setdefault(node.parent, Folded())
        if own is not None:
            into.items += own.items
        if node.kind is Kind.ITEM:
            into.items += 1
        elif node.outcome is Outcome.SKIPPED:
            into.skipped += 1
        else:
            into.durations.append(node.end - node.start)
