"""What all exports need of a run: its nodes one by one, and which lanes hold them without overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..run.model import AttemptDetail, DowntimeDetail, HostDetail, ItemDetail, Node, Tree

__all__ = ["host_of", "packed", "parents_first"]


def parents_first(tree: Tree) -> Iterator[Node]:
    """Yield all nodes of a run, each before those below it."""
    yield tree.node
    for child in tree.children:
        yield from parents_first(child)


def host_of(node: Node) -> str | None:
    """Return the host that a node is about, None above the hosts."""
    detail = node.detail
    return detail.host if isinstance(detail, HostDetail | ItemDetail | AttemptDetail | DowntimeDetail) else None


def packed(nodes: Iterable[Node]) -> list[list[Node]]:
    """Return nodes in as few lanes as it takes: in a lane each either lies within another or apart from it."""
    lanes: list[list[Node]] = []
    open_ends: list[list[int]] = []  # of what a lane's next node may lie within, the innermost last
    for node in sorted(nodes, key=lambda node: (node.start, -node.end)):
        at = next((at for at, ends in enumerate(open_ends) if _fits(node, ends)), len(lanes))
        if at == len(lanes):
            lanes.append([])
            open_ends.append([])
        lanes[at].append(node)
        open_ends[at].append(node.end)
    return lanes


def _fits(node: Node, ends: list[int]) -> bool:
    """Forget what has ended before a node, and return whether it lies within what is left."""
    while ends and ends[-1] <= node.start:
        ends.pop()
    return not ends or node.end <= ends[-1]
