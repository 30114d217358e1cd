"""A run's tree as the rows that a reader sees: what is shown, what is folded; no characters are drawn yet.

Of more than ten hosts of a task (items of a loop, downtimes of a play) all that went wrong, up to ten, and the five
slowest are shown; the rest becomes one row with its number and median. A task's only host shares the task's row. A
reason that all hosts of a task have in common is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..run.model import DowntimeDetail, HostDetail, Kind, Node, Outcome, TaskDetail, Tree
from .timeline import Interval, merged
from .tree_labels import Label, crowd, label_of, reason_of, rest, shared_reason

__all__ = ["Row", "rows_of"]

_CROWD = 10  # children of one task or loop that are all shown
_SLOWEST = 5  # of a crowd
_CONTAINERS = frozenset({Kind.RUN, Kind.PLAY, Kind.BATCH, Kind.ROLE, Kind.BLOCK})
_QUIET = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.SKIPPED})


@dataclass(frozen=True)
class Row:
    """One line of the tree. ``branches`` tells for each level above whether it goes on below this row.

    ``ending`` is the outcome in words. A row without an outcome has the line to itself: a reason where ``remark`` is
    true, else the count of what was folded. ``extent`` is from when to when its bar goes, ``busy`` when hosts were at
    work (both Unix ns).
    """

    branches: tuple[bool, ...]
    kind: Kind
    label: Label
    outcome: Outcome | None = None
    ending: str = ""
    duration_ns: int = 0
    extent: Interval = (0, 0)
    busy: tuple[Interval, ...] = ()
    remark: bool = False


def rows_of(tree: Tree, *, hosts: bool = True, everything: bool = False) -> Iterator[Row]:
    """Yield the rows of a tree from top to bottom.

    ``hosts`` false stops at the tasks; ``everything`` folds nothing.
    """
    return _Walk(tree, hosts=hosts, everything=everything).rows(tree)


class _Walk:
    """One way through a tree."""

    def __init__(self, tree: Tree, *, hosts: bool, everything: bool) -> None:
        self._hosts = hosts
        self._everything = everything
        self._busy: dict[str, tuple[Interval, ...]] = {}
        self._collect_busy(tree)

    def _collect_busy(self, tree: Tree) -> tuple[Interval, ...]:
        """Note for every node when hosts were at work below it; merged level by level, so that none adds up many."""
        node = tree.node
        below = [interval for child in tree.children for interval in self._collect_busy(child)]
        own = [(node.start, node.end)] if node.kind in (Kind.HOST, Kind.ITEM, Kind.ATTEMPT) else below
        self._busy[node.id] = merged(own)
        return self._busy[node.id]

    def rows(self, tree: Tree, branches: tuple[bool, ...] = (), *, told: bool = False) -> Iterator[Row]:
        """Yield the rows of one node and all below it; ``told``: its reason stands further up already."""
        node, only = tree.node, _only_host(tree)
        result = tree if only is None else only
        children = result.children if self._hosts or node.kind in _CONTAINERS else ()
        shown, folded = (children, ()) if self._everything else _fold(children)
        label = label_of(node, only, crowd(folded) if folded and not shown else "")
        outcome, ending = _outcome(node)
        extent = _extent(result.node)
        yield Row(branches, node.kind, label, outcome, ending, _duration(node), extent, self._busy[node.id])
        common = shared_reason(children)
        reason = common or ("" if told else reason_of(result.node, bool(children)))
        if reason:
            yield Row(branches, node.kind, ("", reason, ""), remark=True)
        for index, child in enumerate(shown):
            more = index + 1 < len(shown) or bool(folded)
            yield from self.rows(child, (*branches, more), told=bool(common))
        if folded and shown:
            yield Row((*branches, False), folded[0].node.kind, ("", rest(folded), ""))


def _only_host(tree: Tree) -> Tree | None:
    """Return a task's host result where there is only one: the two share a row."""
    if tree.node.kind in (Kind.TASK, Kind.HANDLER) and len(tree.children) == 1:
        return tree.children[0]
    return None


def _fold(children: Sequence[Tree]) -> tuple[Sequence[Tree], Sequence[Tree]]:
    """Return which children are shown, in order, and which are only counted.

    Hosts or items that were all skipped are only counted, however few.
    """
    many = [child for child in children if child.node.kind in (Kind.HOST, Kind.ITEM, Kind.DOWNTIME)]
    if len(many) > 1 and all(child.node.outcome is Outcome.SKIPPED for child in many):
        return (), children
    if len(many) <= _CROWD:
        return children, ()
    slowest_first = sorted(many, key=lambda child: child.node.start - child.node.end)
    kept = [child for child in slowest_first if _outcome(child.node)[0] not in _QUIET][:_CROWD]
    kept += [child for child in slowest_first if _outcome(child.node)[0] in _QUIET][:_SLOWEST]
    gone = {child.node.id for child in many} - {child.node.id for child in kept}
    return [c for c in children if c.node.id not in gone], [c for c in children if c.node.id in gone]


def _outcome(node: Node) -> tuple[Outcome, str]:
    """Return how a row ends, as its colour and in words: a downtime is over, or it is as bad as a broken-off task."""
    if isinstance(node.detail, DowntimeDetail):
        return (Outcome.INTERRUPTED, "still down") if node.detail.open else (Outcome.OK, "up again")
    return node.outcome, node.outcome.value


def _duration(node: Node) -> int:
    """Return how long a node took: for a task the time in which a host was at work on it, never counted twice."""
    if isinstance(node.detail, DowntimeDetail):
        return node.detail.duration_ns
    return node.detail.busy_ns if isinstance(node.detail, TaskDetail) else node.end - node.start


def _extent(node: Node) -> Interval:
    """Return from when to when a bar goes; a host's begins when its task was announced, so that its wait shows."""
    waited = node.detail.waited_ns if isinstance(node.detail, HostDetail) else 0
    return (node.start - waited, node.end)
