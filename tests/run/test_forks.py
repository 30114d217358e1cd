"""How long hosts wait for a free fork: as one can count in runs told by hand, and by another way in recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.runs import RECORDED, Told
from deploytrace import events as ev
from deploytrace.journal.reader import read_events
from deploytrace.run.model import HostDetail, Kind, Node
from deploytrace.run.replay import Replay
from deploytrace.run.scope import in_lockstep

_CLOSE = 100_000  # ns; a host result that took no time ends a little after its start


def _waits(events: Sequence[ev.Event]) -> dict[tuple[str, str], float]:
    """Task and host to the seconds waited."""
    replay = Replay()
    nodes = [node for event in events for node in replay.feed(event)]
    return {
        (node.name, node.detail.host): node.detail.fork_wait_ns / 1e9
        for node in nodes
        if isinstance(node.detail, HostDetail) and node.detail.fork_wait_ns
    }


def _ordered(told: Told) -> list[ev.Event]:
    return sorted(told.events, key=_time)


def _time(event: ev.Event) -> int:
    return int(getattr(event, "t", -1))


def test_in_lockstep_since_the_task_was_announced() -> None:
    """Three hosts and one fork; that Ansible needs half a second for itself before the second start is no wait."""
    told = Told("abc", forks=1)
    told.announce(1, "only")
    told.work("only", "a", 1, 2)
    told.work("only", "b", 2.5, 4)
    told.work("only", "c", 4, 5)
    told.announce(6, "next")
    told.work("next", "a", 6, 7)
    told.end(8)
    assert _waits(_ordered(told)) == {("only", "b"): 1.0, ("only", "c"): 2.5}


def test_at_their_own_pace_since_the_own_last_task() -> None:
    """Two forks, three hosts: c waits for its first task, then a and b for their second."""
    told = Told("abc", strategy="free", forks=2)
    for task in ("first", "second"):
        told.announce(0, task)
    told.work("first", "a", 0, 2, announced=2.2)
    told.work("first", "b", 0, 3, announced=3.2)
    told.work("first", "c", 2, 6, announced=6.2)
    told.work("second", "a", 3, 5, announced=5.2)
    told.work("second", "b", 5, 7, announced=7.2)
    told.work("second", "c", 7, 8, announced=8.2)
    told.end(9)
    assert _waits(_ordered(told)) == {("first", "c"): 2.0, ("second", "a"): 1.0, ("second", "b"): 2.0}


def test_pinned_hosts_make_the_others_wait_for_whole_plays() -> None:
    told = Told("ab", strategy="host_pinned", forks=1)
    for task in ("first", "second"):
        told.announce(0, task)
    told.work("first", "a", 0, 1)
    told.work("second", "a", 1.5, 3)
    told.work("first", "b", 3, 4)
    told.work("second", "b", 4, 5)
    told.end(6)
    assert _waits(_ordered(told)) == {("first", "b"): 2.5}


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_enough_forks_or_forks_that_are_not_known_keep_nobody_waiting(strategy: str) -> None:
    for forks in (2, 0):
        told = Told("ab", strategy=strategy, forks=forks)
        told.announce(0, "only")
        told.work("only", "a", 0, 3)
        told.work("only", "b", 1, 2)  # Ansible was slow to start it
        told.end(4)
        assert _waits(_ordered(told)) == {}


def test_a_killed_worker_lets_go_of_its_fork_when_its_result_comes() -> None:
    told = Told("ab", forks=1)
    told.announce(0, "only")
    told.finish(2, told.start(0, "only", "a"), status="unreachable")
    told.work("only", "b", 2.5, 3)
    told.end(4)
    assert _waits(_ordered(told)) == {("only", "b"): 2.0}


def test_a_batch_begins_anew() -> None:
    """What hosts of the second batch waited while the first was at work is no wait for a fork."""
    told = Told("a", strategy="free", forks=1)
    told.announce(0, "only")
    told.work("only", "a", 0, 2)
    told.play(3, uuid="p2", strategy="free", hosts=("b", "c"))
    told.announce(3, "only")
    told.work("only", "b", 3, 4)
    told.work("only", "c", 4, 5)
    told.end(6)
    assert _waits(_ordered(told)) == {("only", "c"): 1.0}


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
@pytest.mark.parametrize("forks", [1, 2])
def test_recorded_runs_agree_with_what_their_nodes_show(journal: Path, forks: int) -> None:
    """As if there had been so few forks: they are taken more often then, which is all that counts."""
    first, *rest = read_events(journal)
    assert isinstance(first, ev.RunStarted)
    rest.sort(key=_time)  # with forks as they were, Ansible writes of a start after the end that it waited for
    events = [first._replace(forks=forks, wall_ns=0), *rest]
    replay = Replay()
    nodes = [node for event in events for node in replay.feed(event) if node.kind is Kind.HOST]
    expected = _by_looking(nodes, events, forks)
    found = {node.id: _detail(node).fork_wait_ns for node in nodes if node.id in expected}
    assert found == pytest.approx(expected, abs=_CLOSE)
    assert forks > 1 or any(found.values())


def _by_looking(nodes: Sequence[Node], events: Sequence[ev.Event], forks: int) -> dict[str, int]:
    """Each started host result's wait, from the times of all host results: slow, and plain."""
    plays = [event for event in events if isinstance(event, ev.PlayStarted)]
    told = [event.t for event in events if isinstance(event, ev.TaskStarted)]
    started = {f"host/{event.execution}" for event in events if isinstance(event, ev.HostStarted)}
    found = {}
    for node in nodes:
        if node.id in started:
            play = [play for play in plays if play.t <= node.start][-1]
            if in_lockstep(play.strategy):
                ready = max(t for t in told if t <= node.start)
            else:
                own = (one.end for one in nodes if _detail(one).host == _detail(node).host and one.end <= node.start)
                ready = max(play.t, *own, 0)
            found[node.id] = _taken(nodes, ready, node.start, forks)
    return found


def _taken(nodes: Sequence[Node], begin: int, end: int, forks: int) -> int:
    """How long from begin to end so many host results were at work, or more."""
    cuts = sorted({begin, end, *(t for one in nodes for t in (one.start, one.end) if begin < t < end)})
    busy = (sum(one.start <= t < one.end for one in nodes) >= forks for t in cuts[:-1])
    return sum(after - before for before, after, taken in zip(cuts, cuts[1:], busy, strict=False) if taken)


def _detail(node: Node) -> HostDetail:
    assert isinstance(node.detail, HostDetail)
    return node.detail
