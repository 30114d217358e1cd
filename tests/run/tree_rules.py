"""What holds for the nodes of every run, whatever happened in it."""

from __future__ import annotations

from collections import defaultdict

from deploytrace.run.model import Kind, Node


def check_tree(nodes: list[Node]) -> None:
    """Assert the rules of the tree: one root and last, unique ids, parents that exist and contain, no touching."""
    ids = [node.id for node in nodes]
    assert len(ids) == len(set(ids)), "a node left twice"
    by_id = {node.id: node for node in nodes}
    position = {node.id: index for index, node in enumerate(nodes)}
    assert [node.kind for node in nodes if node.parent is None] == [Kind.RUN]
    assert nodes[-1].kind is Kind.RUN, "the run leaves last"
    siblings: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        assert node.start < node.end, node
        if node.parent is None:
            continue
        parent = by_id[node.parent]
        assert position[node.id] < position[parent.id], f"{node.id} left after its parent"
        assert parent.start <= node.start, (parent.id, node.id, parent.start - node.start)
        assert node.end <= parent.end, (parent.id, node.id, node.end - parent.end)
        siblings[node.parent].append(node)
    for children in siblings.values():
        ends = {node.end for node in children}
        touching = [node.id for node in children if node.start in ends and node.start != node.end]
        assert not touching, f"start where a sibling ends: {touching}"
