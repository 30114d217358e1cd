"""The ranking's figures, against the plain definition: every recorded run's host results, one by one."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from deploytrace.analysis.intervals import Intervals
from deploytrace.analysis.ranking import Ranking
from deploytrace.journal.reader import read_events
from deploytrace.run.model import Kind, Node, TaskDetail
from deploytrace.run.replay import Replay

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


def _nodes(journal: Path) -> list[Node]:
    replay = Replay()
    return [node for event in read_events(journal) for node in replay.feed(event)]


def test_intervals_cover_what_a_set_of_moments_covers() -> None:
    chance = random.Random(7)
    for _ in range(300):
        intervals, moments = Intervals(), set[int]()
        for _ in range(chance.randrange(12)):
            start = chance.randrange(60)
            end = start + chance.randrange(-2, 15)
            intervals.add(start, end)
            moments.update(range(start, end))
            assert intervals.length == len(moments)


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_times_are_those_of_the_host_results(journal: Path) -> None:
    nodes = _nodes(journal)
    tasks = {node.id: node.detail for node in nodes if isinstance(node.detail, TaskDetail)}
    wall: dict[str, Intervals] = defaultdict(Intervals)
    hosts: dict[str, int] = defaultdict(int)
    own: dict[str, Intervals] = defaultdict(Intervals)
    for node in nodes:
        if node.kind is Kind.HOST and node.parent is not None:
            detail = tasks[node.parent]
            wall[detail.stable_id].add(node.start, node.end)
            hosts[detail.stable_id] += node.end - node.start
            if detail.definition.role:
                own[detail.definition.role].add(node.start, node.end)
    ranking = Ranking(nodes)
    ranked = ranking.tasks()
    assert {task.stable_id: (task.wall_ns, task.hosts_ns) for task in ranked} == {
        key: (wall[key].length, hosts[key]) for key in wall
    }
    assert [task.wall_ns for task in ranked] == sorted((task.wall_ns for task in ranked), reverse=True)
    assert {role.role: role.own_ns for role in ranking.roles() if role.own_ns} == {
        name: covered.length for name, covered in own.items()
    }
    assert all(role.inclusive_ns >= role.own_ns for role in ranking.roles())
    run = nodes[-1]
    assert ranking.run is run
    assert all(task.wall_ns <= run.end - run.start for task in ranked)


def test_order_measure_minimum_and_limit() -> None:
    (journal,) = (path for path in RECORDED if path.stem == "serial-2.21")
    ranking = Ranking(_nodes(journal))
    fastest_last = ranking.tasks()
    assert ranking.tasks(order="ascending") == fastest_last[::-1]
    assert sorted(ranking.tasks(order="none"), key=lambda task: -task.wall_ns) == fastest_last
    assert ranking.tasks(limit=2) == fastest_last[:2]
    assert ranking.tasks(order="ascending", limit=2) == fastest_last[1::-1], "the slowest ones all the same"
    bound = fastest_last[1].wall_ns
    assert ranking.tasks(minimum_ns=bound) == fastest_last[:2]
    by_hosts = ranking.tasks(measure="hosts")
    assert [task.hosts_ns for task in by_hosts] == sorted((task.hosts_ns for task in by_hosts), reverse=True)
    assert any(task.count > 1 for task in fastest_last), "batches of one task are one line"
