"""Replay of recorded real runs: the tree's rules hold, and the same journal always gives the same nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploytrace.journal.format import decode, decode_header
from deploytrace.run.model import Kind, Node
from deploytrace.run.replay import Replay

from .tree_rules import check_tree

_JOURNALS = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


def _replayed(path: Path) -> list[Node]:
    lines = path.read_bytes().splitlines()
    decode_header(lines[0], path.name)
    replay = Replay()
    nodes = [node for event in map(decode, lines[1:]) if event for node in replay.feed(event)]
    assert replay.finished
    return nodes


@pytest.mark.parametrize("path", _JOURNALS, ids=lambda path: path.stem)
def test_the_tree_is_whole_and_the_same_every_time(path: Path) -> None:
    nodes = _replayed(path)
    check_tree(nodes)
    assert _replayed(path) == nodes


@pytest.mark.parametrize("path", _JOURNALS, ids=lambda path: path.stem)
def test_cut_after_any_line_the_tree_is_still_whole(path: Path) -> None:
    """As after a SIGKILL at any instant; what had left before the cut leaves no second time."""
    events = [event for event in map(decode, path.read_bytes().splitlines()[1:]) if event]
    for length in range(1, len(events)):
        replay = Replay()
        nodes = [node for event in events[:length] for node in replay.feed(event)]
        check_tree([*nodes, *replay.close()])


@pytest.mark.parametrize("scenario", sorted({path.stem.rpartition("-")[0] for path in _JOURNALS}))
def test_all_versions_tell_the_same_tree(scenario: str) -> None:
    def shape(path: Path) -> list[tuple[str, str, str]]:
        kept = (Kind.PLAY, Kind.BATCH, Kind.ROLE, Kind.BLOCK, Kind.TASK, Kind.HANDLER)
        return sorted((node.kind.value, node.name, node.outcome.value) for node in _replayed(path) if node.kind in kept)

    first, *others = [path for path in _JOURNALS if path.stem.rpartition("-")[0] == scenario]
    assert all(shape(path) == shape(first) for path in others)
