"""The critical path: it covers every recorded run, and of runs told by hand it is the chain that one can see."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from deploytrace.analysis.critical_path import CriticalPath, critical_path
from deploytrace.analysis.plan import plan
from deploytrace.analysis.schedule import schedule
from deploytrace.analysis.simulation import duration

from .runs import RECORDED, Told, recorded, throttled


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_segments_follow_each_other_and_make_the_whole_run(journal: Path) -> None:
    tree = recorded(journal)
    path = critical_path(tree)
    assert path.segments[0].start == tree.node.start
    assert path.segments[-1].end == tree.node.end
    assert all(one.end == next_.start for one, next_ in pairwise(path.segments))
    assert sum(segment.ns for segment in path.segments) == path.duration_ns == tree.node.end - tree.node.start
    for segment in path.segments:
        assert segment.ns > 0
        assert 0 <= segment.median_saving_ns <= segment.saving_ns <= path.duration_ns


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_played_with_nothing_changed_a_run_takes_as_long_as_it_did(journal: Path) -> None:
    """The schedule that all answers stand on explains the run itself."""
    scheduled = schedule(recorded(journal))
    followed = plan(scheduled)
    assert duration(followed.batches) + followed.tail == pytest.approx(scheduled.duration, rel=0.02)


def _works(path: CriticalPath) -> list[tuple[str | None, str | None]]:
    return [(segment.task, segment.host) for segment in path.segments if segment.kind != "controller"]


def _saved(path: CriticalPath, task: str) -> tuple[float, float]:
    segment = next(segment for segment in path.segments if segment.task == task)
    return segment.saving_ns / 1e9, segment.median_saving_ns / 1e9


def test_in_lockstep_the_slowest_host_of_each_task() -> None:
    told = Told(("a", "b", "c"))
    told.announce(0.1, "first")
    for host, end in (("a", 1.0), ("b", 3.0), ("c", 2.0)):
        told.work("first", host, 0.2, end)
    told.announce(3.1, "second")
    for host, end in (("a", 5.2), ("b", 4.2), ("c", 4.2)):
        told.work("second", host, 3.2, end)
    told.end(5.5)
    path = critical_path(told.tree())
    assert _works(path) == [("first", "b"), ("second", "a")]
    assert _saved(path, "first") == (pytest.approx(2.91), pytest.approx(1.0, abs=0.02))
    assert _saved(path, "second") == (pytest.approx(2.2), pytest.approx(1.0, abs=0.02))
    assert [round(segment.ns / 1e9, 2) for segment in path.segments] == [0.2, 2.8, 0.2, 2.0, 0.3]


def test_host_that_has_something_to_do_is_not_slow_beside_those_that_skip() -> None:
    """Evened are hosts in which the task came to the same, failures with all that did something."""
    told = Told("abcdef", forks=6)
    told.announce(0, "some")
    for host, end, status in (("a", 3, "ok"), *((each, 0.5, "skipped") for each in "bcdef")):
        told.finish(end, told.start(0, "some", host), status, worker=end)
    told.announce(3, "all")
    for host, end, status in (("a", 8, "unreachable"), *((each, 4, "ok") for each in "bcdef")):
        told.finish(end, told.start(3, "all", host), status, worker=end)
    told.end(8)
    path = critical_path(told.tree())
    assert _saved(path, "some") == (pytest.approx(3.0), 0)
    assert _saved(path, "all") == (pytest.approx(5.0), pytest.approx(4.0))


def test_with_few_forks_the_hosts_that_held_the_fork() -> None:
    """Two forks, four hosts: the last waited for the fork of the first, not for the slower one beside it."""
    told = Told("abcd", forks=2)
    told.announce(0.1, "only")
    told.work("only", "a", 0.2, 1.2, announced=1.26)
    told.work("only", "b", 0.2, 3.2)
    told.work("only", "c", 1.25, 2.25, announced=2.31)
    told.work("only", "d", 2.3, 4.3)
    told.end(4.5)
    path = critical_path(told.tree())
    assert _works(path) == [("only", "a"), ("only", "c"), ("only", "d")]
    assert _saved(path, "only")[0] == pytest.approx(4.21)


@pytest.mark.parametrize(
    ("strategy", "starts", "last"), [("linear", (0, 1, 2, 3, 3, 3), "a"), ("free", (0, 1, 2, 2, 2, 3), "c")]
)
def test_with_a_throttle_the_hosts_that_stood_in_the_way(strategy: str, starts: tuple[float, ...], last: str) -> None:
    path = critical_path(throttled(strategy, *starts))
    assert _works(path) == [("narrow", "a"), ("narrow", "b"), ("narrow", "c"), ("wide", last)]
    assert _saved(path, "narrow")[0] == pytest.approx(3.0)


def test_what_started_late_without_waiting_for_a_fork_is_the_controller_s() -> None:
    """The first host is done before the last is started, and forks are free all the time."""
    told = Told("ab")
    told.announce(0.1, "only")
    told.work("only", "a", 0.2, 0.5)
    told.work("only", "b", 2.0, 3.0)
    told.end(3.1)
    path = critical_path(told.tree())
    assert _works(path) == [("only", "b")]
    assert path.segments[0].ns == pytest.approx(2.0e9)


def test_free_hosts_go_their_own_way() -> None:
    told = Told("ab", strategy="free")
    for task in ("first", "second"):
        told.define(task)
    told.announce(0.1, "first")
    told.work("first", "a", 0.1, 1.1)
    told.announce(0.2, "first")
    told.work("first", "b", 0.2, 3.2)
    told.announce(1.2, "second")
    told.work("second", "a", 1.2, 5.2)
    told.announce(3.3, "second")
    told.work("second", "b", 3.3, 4.3)
    told.end(5.4)
    path = critical_path(told.tree())
    assert _works(path) == [("first", "a"), ("second", "a")]
    assert _saved(path, "second")[0] == pytest.approx(2.0, abs=0.1)  # then b is last, with its first task
    assert _saved(path, "first")[0] == pytest.approx(1.1, abs=0.1)


def test_free_result_that_is_announced_late_does_not_lengthen_its_work() -> None:
    """Ansible stands still for a fork for c; a's result, long there, is taken in only after that."""
    told = Told("abc", strategy="free", forks=2)
    for task in ("first", "second"):
        told.define(task)
    told.announce(0.1, "first")
    told.work("first", "a", 0.1, 1.0, announced=2.2)
    told.announce(0.15, "first")
    told.work("first", "b", 0.15, 2.0, announced=2.21)
    told.announce(0.2, "first")
    told.work("first", "c", 2.1, 2.3, announced=2.4)
    told.announce(2.25, "second")
    told.work("second", "a", 2.26, 6.26)
    told.end(6.5)
    path = critical_path(told.tree())
    assert _works(path) == [("first", "a"), ("second", "a")]
    assert [round(segment.ns / 1e9, 2) for segment in path.segments] == [0.1, 0.9, 1.26, 4.0, 0.24]


def test_batches_handlers_and_delegation_stand_on_the_path() -> None:
    told = Told("a")
    told.announce(0.1, "change", delegate_to="lb", notify=("restart",))
    told.work("change", "a", 0.2, 1.2)
    told.announce(1.3, "restart", handler=True)
    told.work("restart", "a", 1.4, 2.4)
    told.play(2.5, hosts=("b",))
    told.announce(2.6, "change", delegate_to="lb")
    told.work("change", "b", 2.7, 4.7)
    told.end(4.9)
    path = critical_path(told.tree())
    works = [segment for segment in path.segments if segment.kind != "controller"]
    assert [(segment.kind, segment.host, segment.delegated_to) for segment in works] == [
        ("task", "a", "lb"),
        ("handler", "a", None),
        ("task", "b", "lb"),
    ]
    assert works[0].saving_ns == works[2].saving_ns == pytest.approx(3.3e9, abs=0.15e9)  # in both batches together


def test_delegate_that_only_a_template_names_is_told_where_a_result_says_so() -> None:
    told = Told("ab")
    told.announce(0.1, "change", delegate_to="{{ balancer }}")
    execution = told.start(0.2, "change", "a")
    told.finish(1.1, execution, worker=1, detail={"delegated_host": "lb"})
    told.announce(1.2, "each", delegate_to="{{ item }}", loop=True)
    told.work("each", "b", 1.3, 2.3)
    told.end(2.5)
    works = [segment for segment in critical_path(told.tree()).segments if segment.kind != "controller"]
    assert [(segment.host, segment.delegated_to) for segment in works] == [("a", "lb"), ("b", None)]


def test_run_without_work_is_the_controller_s_alone() -> None:
    told = Told("a")
    told.end(1)
    (segment,) = critical_path(told.tree()).segments
    assert (segment.kind, segment.ns, segment.saving_ns) == ("controller", 10**9, 0)
