"""A run's tree as the rows that a reader sees: labels, folded crowds, reasons of failures; no characters drawn yet.

What is folded: of more than ten hosts of a task (or items of a loop) all that went wrong, up to ten, and the five
slowest are shown; the rest becomes one row with its number and median. A task's only host shares the task's row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..run.model import (
    AttemptDetail,
    BatchDetail,
    BlockDetail,
    Detail,
    HostDetail,
    ItemDetail,
    Kind,
    Node,
    Outcome,
    RoleDetail,
    TaskDetail,
    Tree,
)
from .timeline import Interval, union
from .wording import duration, median, neutral, neutral_line

__all__ = ["Row", "rows_of"]

_CROWD = 10  # children of one task or loop that are all shown
_SLOWEST = 5  # of a crowd
_CONTAINERS = frozenset({Kind.RUN, Kind.PLAY, Kind.BATCH, Kind.ROLE, Kind.BLOCK})
_QUIET = frozenset({Outcome.OK, Outcome.CHANGED, Outcome.SKIPPED})


@dataclass(frozen=True)
class Row:
    """One line of the tree. ``branches`` tells for each level above whether it goes on below this row.

    ``label`` is (what it is, its name, what belongs to it), each neutral and possibly empty. A row without an outcome
    has the line to itself: a reason where ``remark`` is true, else the count of what was folded.
    """

    branches: tuple[bool, ...]
    kind: Kind
    label: tuple[str, str, str]
    outcome: Outcome | None = None
    duration_ns: int = 0
    extent: Interval = (0, 0)
    busy: tuple[Interval, ...] = ()
    remark: bool = False


def rows_of(tree: Tree, *, hosts: bool = True, everything: bool = False) -> Iterator[Row]:
    """Yield the rows of a tree from top to bottom.

    ``hosts`` false stops at the tasks; ``everything`` folds nothing.
    """
    busy: dict[str, tuple[Interval, ...]] = {}
    _collect_busy(tree, busy)
    yield from _rows(tree, (), busy, hosts, everything)


def _collect_busy(tree: Tree, busy: dict[str, tuple[Interval, ...]]) -> tuple[Interval, ...]:
    """Note for every node when some host was at work below it; merged level by level, so that no node adds up many."""
    node = tree.node
    below = [interval for child in tree.children for interval in _collect_busy(child, busy)]
    own = [(node.start, node.end)] if node.kind in (Kind.HOST, Kind.ITEM, Kind.ATTEMPT) else []
    busy[node.id] = union(own or below)
    return busy[node.id]


def _rows(
    tree: Tree, branches: tuple[bool, ...], busy: dict[str, tuple[Interval, ...]], hosts: bool, everything: bool
) -> Iterator[Row]:
    node, only = tree.node, _only_host(tree)
    children = tree.children if only is None else only.children
    if not hosts and node.kind not in _CONTAINERS:
        children = ()
    shown, folded = _fold(children, everything)
    beside = _crowd(folded) if folded and not shown else ""
    label = _label(node, only, beside)
    yield Row(branches, node.kind, label, node.outcome, _duration(node), _extent(node, only), busy[node.id])
    reason = _reason(only.node if only else node, bool(children))
    if reason:
        yield Row(branches, node.kind, ("", reason, ""), remark=True)
    for index, child in enumerate(shown):
        more = index + 1 < len(shown) or bool(folded)
        yield from _rows(child, (*branches, more), busy, hosts, everything)
    if folded and shown:
        yield Row((*branches, False), folded[0].node.kind, ("", _rest(folded), ""))


def _only_host(tree: Tree) -> Tree | None:
    """Return a task's host result where there is only one: the two share a row."""
    if tree.node.kind in (Kind.TASK, Kind.HANDLER) and len(tree.children) == 1:
        return tree.children[0]
    return None


def _fold(children: Sequence[Tree], everything: bool) -> tuple[Sequence[Tree], Sequence[Tree]]:
    """Return which children are shown, in order, and which are only counted.

    Hosts or items that were all skipped are only counted, however few.
    """
    crowd = [child for child in children if child.node.kind in (Kind.HOST, Kind.ITEM)]
    if everything or len(crowd) < 2:
        return children, ()
    if all(child.node.outcome is Outcome.SKIPPED for child in crowd):
        return (), children
    if len(crowd) <= _CROWD:
        return children, ()
    slowest_first = sorted(crowd, key=lambda child: child.node.start - child.node.end)
    kept = [child for child in slowest_first if child.node.outcome not in _QUIET][:_CROWD]
    kept += [child for child in slowest_first if child.node.outcome in _QUIET][:_SLOWEST]
    chosen = {child.node.id for child in kept}
    return [c for c in children if c.node.id in chosen], [c for c in children if c.node.id not in chosen]


def _crowd(folded: Sequence[Tree]) -> str:
    """Return the words for hosts or items none of which is shown: 3 hosts."""
    return f"{len(folded)} {folded[0].node.kind.value}s"


def _rest(folded: Sequence[Tree]) -> str:
    """Return the words for what was folded: 490 more: 480 ok, 10 skipped (median 0.30s, longest 0.41s)."""
    times = [child.node.end - child.node.start for child in folded]
    counts = Counter(child.node.outcome.value for child in folded)
    shares = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    return f"{len(folded)} more: {shares} (median {duration(median(times))}, longest {duration(max(times))})"


def _label(node: Node, only: Tree | None, beside: str) -> tuple[str, str, str]:
    """Return what a node is, its name, and what belongs to it."""
    detail = node.detail
    name = neutral_line(node.name)
    if isinstance(detail, TaskDetail):
        what = "handler" if node.kind is Kind.HANDLER else ""
        host = _host(only.node.detail) if only is not None else ""
        return (what, name, " ".join(filter(None, (host, beside))))
    if isinstance(detail, HostDetail):
        return ("", _host(detail), beside)
    if isinstance(detail, ItemDetail):
        return ("item", neutral_line(detail.label) if detail.label else str(detail.index + 1), "")
    if isinstance(detail, AttemptDetail):
        return ("try", str(detail.number) + (f" of {detail.maximum}" if detail.maximum else ""), "")
    if isinstance(detail, BatchDetail):
        hosts = "" if detail.hosts_total is None else f"{detail.hosts_total} host{'s'[: detail.hosts_total != 1]}"
        return ("batch", str(detail.number), hosts)
    if isinstance(detail, BlockDetail):
        return (detail.section, neutral_line(detail.name), "")
    if isinstance(detail, RoleDetail):
        return ("role", neutral_line(detail.name), f"({detail.invocation})" if detail.invocation > 1 else "")
    return ("" if node.kind is Kind.RUN else node.kind.value, name, "")


def _host(detail: Detail) -> str:
    """Return a host's name, and where its task was delegated to."""
    if not isinstance(detail, HostDetail):
        return ""
    target = neutral_line(str(detail.detail.get("delegated_host") or ""))
    return neutral(detail.host) + (f" on {target}" if target and target != detail.host else "")


def _duration(node: Node) -> int:
    """Return how long a node took: for a task the time in which a host was at work on it, never counted twice."""
    return node.detail.busy_ns if isinstance(node.detail, TaskDetail) else node.end - node.start


def _extent(node: Node, only: Tree | None) -> Interval:
    """Return from when to when a bar goes; a host's begins when its task was announced, so that its wait shows."""
    detail = only.node.detail if only is not None else node.detail
    waited = detail.waited_ns if isinstance(detail, HostDetail) else 0
    return (node.start - waited, node.end)


def _reason(node: Node, has_children: bool) -> str:
    """Return why a host result or an item went wrong, in one line; empty where the rows below it say so."""
    if node.failure is None or node.kind not in (Kind.HOST, Kind.ITEM):
        return ""
    failed_items = isinstance(node.detail, HostDetail) and node.detail.failed_items
    if failed_items and has_children:
        return ""
    return neutral_line(node.failure.message) or node.failure.type
