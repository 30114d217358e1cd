"""A whole run as one tree, from its journal: for the command line and for analysis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter

from ..events import Event
from .model import Node, Outcome, Tree
from .replay import Replay

__all__ = ["children_first", "grow", "load"]

_span = attrgetter("start", "end")


def load(events: Iterable[Event], *, running: bool = False) -> Tree | None:
    """Return the run that the events tell, or None where they do not even tell its start.

    What has no end yet is given the outcome ``running`` if the run goes on, else ``interrupted``; both end with the
    last event.
    """
    replay = Replay()
    nodes = [node for event in events for node in replay.feed(event)]
    nodes += replay.close(Outcome.RUNNING if running else Outcome.INTERRUPTED)
    return grow(nodes)


def grow(nodes: list[Node]) -> Tree | None:
    """Return the tree of a run's nodes, children in order of start; None where there is no run among them."""
    children: dict[str | None, list[Node]] = defaultdict(list)
    for node in nodes:
        children[node.parent].append(node)

    def tree(node: Node) -> Tree:
        below = children.get(node.id, [])
        below.sort(key=_span)
        return Tree(node, tuple([tree(child) if child.id in children else Tree(child) for child in below]))

    roots = children.get(None)
    return tree(roots[0]) if roots else None


def children_first(tree: Tree) -> Iterator[Node]:
    """Yield all nodes of a tree, each after those below it, as replay gives them."""
    for child in tree.children:
        yield from children_first(child)
    yield tree.node
