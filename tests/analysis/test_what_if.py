"""What would have been: changes to runs told by hand, where the answer can be counted."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from deploytrace.analysis.advice import advise
from deploytrace.analysis.changes import Changes, Faster
from deploytrace.analysis.critical_path import critical_path
from deploytrace.analysis.names import plays_by_name
from deploytrace.analysis.schedule import Strategy, schedule
from deploytrace.analysis.what_if import Predictor
from deploytrace.run.model import Tree

from .runs import RECORDED, Told, recorded, throttled


def _two_tasks() -> Tree:
    """Two forks, four hosts in lockstep; the first task takes 1 s each, d 3 s; the second 1 s each. No own costs."""
    told = Told("abcd", forks=2)
    told.announce(0, "first")
    for host, start, end, announced in (("a", 0, 1, 1.001), ("b", 0, 1, 1.001), ("c", 1, 2, 2), ("d", 1, 4, 4)):
        told.work("first", host, start, end, announced=announced)
    told.announce(4, "second")
    for host, start, announced in (("a", 4, 5.001), ("b", 4, 5.001), ("c", 5, 6), ("d", 5, 6)):
        told.work("second", host, start, start + 1, announced=announced)
    told.end(6)
    return told.tree()


def _predicted(tree: Tree, changes: Changes) -> float:
    prediction = Predictor(tree).predict(changes)
    assert prediction.recorded_ns == tree.node.end - tree.node.start
    assert prediction.low_ns <= prediction.predicted_ns <= prediction.high_ns
    return round(prediction.predicted_ns / 1e9, 1)


def _id(tree: Tree, task: str) -> str:
    steps = [step for batch in schedule(tree).batches for step in batch.steps]
    return next(step.detail.stable_id for step in steps if step.node.name == task)


def test_forks() -> None:
    assert _predicted(_two_tasks(), Changes(forks=4)) == 4.0
    assert _predicted(_two_tasks(), Changes(forks=1)) == 10.0
    assert _predicted(_two_tasks(), Changes(forks=2)) == 6.0


def test_strategy() -> None:
    """Free: the hosts that are done go on while d is still at its first task."""
    assert _predicted(_two_tasks(), Changes(strategy=Strategy.FREE)) == 5.0
    assert _predicted(_two_tasks(), Changes(strategy=Strategy.FREE, forks=4)) == 4.0
    assert _predicted(_two_tasks(), Changes(strategy=Strategy.HOST_PINNED, forks=4)) == 4.0


def test_serial() -> None:
    """Batches of two: 1 + 1 s for a and b, 3 + 1 s for c and d; then each host by itself."""
    assert _predicted(_two_tasks(), Changes(serial=("2",))) == 6.0
    assert _predicted(_two_tasks(), Changes(serial=("50%",))) == 6.0
    assert _predicted(_two_tasks(), Changes(serial=("1",))) == 10.0
    assert _predicted(_two_tasks(), Changes(serial=("1", "3"))) == 8.0


def test_without_and_faster() -> None:
    tree = _two_tasks()
    first = _id(tree, "first")
    assert _predicted(tree, Changes(without=(first,))) == 2.0
    assert _predicted(tree, Changes(faster=(Faster(first, share=0.5),))) == 4.0
    assert _predicted(tree, Changes(faster=(Faster(first, most_ns=10**9),))) == 4.0


def test_run_once_runs_on_every_host_outside_lockstep() -> None:
    told = Told("ab", forks=1)
    told.announce(0, "once", run_once=True)
    told.work("once", "a", 0, 2, announced=2)
    told.end(2)
    assert _predicted(told.tree(), Changes(strategy=Strategy.FREE)) == 4.0


def test_in_lockstep_nobody_runs_once_more_than_once() -> None:
    told = Told("ab", strategy="free", forks=2)
    told.define("once", run_once=True)
    for host in "ab":
        told.announce(0, "once")
        told.work("once", host, 0, 2, announced=2)
    told.end(2)
    assert _predicted(told.tree(), Changes(strategy=Strategy.LINEAR, forks=1)) == 2.0


def test_in_lockstep_all_hosts_are_at_one_task_of_an_included_file() -> None:
    """Under free each host that includes it by itself has it as tasks of its own; here they are one again."""
    told = Told("ab", strategy="free")
    lines = tuple(enumerate(("one", "two")))
    included = [{task: told.define(task, path="/p/inc.yml", line=line) for line, task in lines} for _ in "ab"]
    for host, middle, told.tasks in zip("ab", (1, 2), included, strict=True):
        for task, start, end in (("one", 0, middle), ("two", middle, 3)):
            told.announce(start, task)
            told.work(task, host, start, end, announced=end)
    told.end(3)
    tree = told.tree()
    assert [len(step.works) for batch in schedule(tree).batches for step in batch.steps] == [1, 1, 1, 1]
    assert _predicted(tree, Changes(strategy=Strategy.LINEAR)) == 4.0  # 2 s for the slower one of each


def test_throttle() -> None:
    """In lockstep one host after the other; under free, moreover, nobody is started while one waits for it."""
    linear, free = throttled("linear", 0, 1, 2, 3, 3, 3), throttled("free", 0, 1, 2, 2, 2, 3)
    for tree in (linear, free):
        assert _predicted(tree, Changes()) == 4.0
        assert _predicted(tree, Changes(forks=10)) == 4.0
        assert _predicted(tree, Changes(without=(_id(tree, "narrow"),))) == 1.0
        assert _predicted(tree, Changes(faster=(Faster(_id(tree, "narrow"), share=0.5),))) == 2.5
    assert _predicted(linear, Changes(strategy=Strategy.FREE)) == 4.0
    assert _predicted(free, Changes(strategy=Strategy.LINEAR, forks=1)) == 6.0


def test_free_looks_at_hosts_in_the_order_of_the_play() -> None:
    """Backwards here: c holds the one fork first, so b and a follow; a's long task comes last."""
    told = Told("abc", forks=1)
    told.announce(0, "only")
    for number, host in enumerate("cba"):
        told.work("only", host, number, number + 1, announced=number + 1)
    told.end(3)
    assert [batch.hosts for batch in schedule(told.tree()).batches] == [("c", "b", "a")]


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_recorded_runs_can_be_played_otherwise(journal: Path) -> None:
    """Nothing changed is nothing gained; more forks are never worse; without a task, the path's saving counts."""
    tree = recorded(journal)
    predictor = Predictor(tree)
    assert predictor.predict(Changes()).saving_ns == 0
    assert predictor.predict(Changes(forks=100)).saving_ns >= -0.02 * predictor.recorded_ns
    for changes in (*(Changes(strategy=each) for each in Strategy), Changes(serial=("1",)), Changes(serial=("100%",))):
        assert 0 < predictor.predict(changes).predicted_ns < 5 * predictor.recorded_ns
    for segment in critical_path(tree).segments:
        if segment.stable_id is not None:
            alone = predictor.predict(Changes(without=(segment.stable_id,)))
            assert alone.saving_ns == pytest.approx(segment.saving_ns, abs=10**6)


def test_advice_names_the_changes_that_save_most() -> None:
    found = advise(_two_tasks())
    assert {advice.arguments: round(advice.prediction.saving_ns / 1e9, 1) for advice in found} == {
        ("--forks", "4"): 2.0,
        ("--faster", "first=50%"): 2.0,
        ("--strategy", "free"): 1.0,
    }
    savings = [advice.prediction.saving_ns for advice in found]
    assert savings == sorted(savings, reverse=True)


def test_free_is_not_advised_where_hosts_depend_on_each_other() -> None:
    told = Told("ab", forks=2)
    for number, task in enumerate(("first", "once", "last")):
        told.announce(number * 3, task, run_once=task == "once")
        for host, takes in (("a", 3), ("b", 1)) if task != "once" else (("a", 3),):
            told.work(task, host, number * 3, number * 3 + takes, announced=number * 3 + takes)
    told.end(9)
    assert all("--strategy" not in advice.arguments for advice in advise(told.tree()))


def test_throttle_of_a_task_can_be_another() -> None:
    for strategy, starts in (("linear", (0, 1, 2, 3, 3, 3)), ("free", (0, 1, 2, 2, 2, 3))):
        tree = throttled(strategy, *starts)
        narrow = _id(tree, "narrow")
        assert _predicted(tree, Changes(throttle=((narrow, 2),))) == 3.0
        assert _predicted(tree, Changes(throttle=((narrow, 0),))) == 2.0


def _two_plays() -> Tree:
    """A play of four hosts, then one of the same in batches of one, one and two; two forks; each work takes 1 s."""
    told = Told("abcd", forks=2)
    told.announce(0, "first")
    for number, host in enumerate("abcd"):
        told.work("first", host, number // 2, number // 2 + 1, announced=number // 2 + 1.001)
    t = 2.0
    for hosts in ("a", "b", "cd"):
        told.play(t, uuid="p2", name="roll", hosts=tuple(hosts))
        told.announce(t, "second")
        for host in hosts:
            told.work("second", host, t, t + 1, announced=t + 1.001)
        t += 1.0
    told.end(t)
    return told.tree()


def test_strategy_and_batches_can_be_those_of_one_play() -> None:
    tree = _two_plays()
    roll = tuple(plays_by_name(tree)["roll"])
    assert _predicted(tree, Changes(serial=("1",))) == 8.0
    assert _predicted(tree, Changes(serial=("1",), plays=roll)) == 6.0
    assert _predicted(tree, Changes(serial=("100%",), plays=roll)) == 4.0


def test_advice_is_what_can_be_done() -> None:
    """Batches get bigger only in their play; a throttled task is not told to be faster, and forks not to be more than
    help."""
    batches = next(advice for advice in advise(_two_plays(), most=9) if "--serial" in advice.arguments)
    assert batches.change == "batches of 2, 4 hosts in roll"
    assert batches.arguments == ("--serial", "2,4", "--play", "roll")
    narrow = [advice.arguments for advice in advise(throttled("linear", 0, 1, 2, 3, 3, 3), most=9)]
    assert ("--throttle", "narrow=2") in narrow
    assert not any("--forks" in arguments or "narrow=50%" in arguments for arguments in narrow)


@pytest.mark.parametrize(
    ("sizes", "serial"),
    [((3, 3, 3, 1), "6"), ((1, 10, 10, 9), "1,20"), ((1, 3, 3, 2), "1,6"), ((5, 5), "100%"), ((5, 3), "100%")],
)
def test_bigger_batches_keep_the_one_that_goes_ahead(sizes: tuple[int, ...], serial: str) -> None:
    hosts = iter([f"h{number:02}" for number in range(sum(sizes))])
    told, t = Told("x", forks=50), 0.0
    for size in sizes:
        batch = tuple(itertools.islice(hosts, size))
        told.play(t, uuid="p2", name="roll", hosts=batch)
        told.announce(t, "swap")
        for host in batch:
            told.work("swap", host, t, t + 1, announced=t + 1.001)
        t += 1.0
    told.end(t)
    batches = next(advice for advice in advise(told.tree(), most=9) if "--serial" in advice.arguments)
    assert batches.arguments[1] == serial


def test_advice_says_what_can_be_seen_to_take_so_long() -> None:
    told = Told("abc", forks=3)
    for task, action in (
        ("facts", "gather_facts"),
        ("more", "include_tasks"),
        ("never", "command"),
        ("odd", "command"),
    ):
        told.define(task, action=f"ansible.builtin.{action}")
    for t, (task, status) in enumerate((("facts", "ok"), ("more", "ok"), ("never", "skipped"), ("odd", "ok"))):
        told.announce(t, task)
        for host in "abc":
            end = t + (0.99 if task != "odd" or host == "c" else 0.3)
            told.finish(end + 0.001, told.start(t, task, host), status, worker=end)
    told.end(4.01)
    reasons = {advice.change: advice.reason for advice in advise(told.tree(), most=9)}
    assert ": gather_subset has fewer facts gathered" in reasons["half the time for facts"]
    assert ": import_tasks takes no time" in reasons["half the time for more"]
    assert reasons["without never"] == "all hosts skip it, and the run waits 1.0 s for that"
    assert reasons["no slow host in odd"] == "c takes 1.0 s, the median host 0.3 s"


def test_fewest_forks_that_save_about_as_much_are_advised() -> None:
    """One of eight hosts takes 4 s, the others one: with four forks all are done by then, with eight no sooner."""
    told = Told("abcdefgh", forks=2)
    told.announce(0, "only")
    for host, start in zip("abcdefgh", (0, 0, 1, 2, 3, 4, 4, 5), strict=True):
        end = start + (4 if host == "a" else 1)
        told.work("only", host, start, end, announced=end + 0.001)
    told.end(6.001)
    (forks,) = [advice for advice in advise(told.tree(), most=9) if "--forks" in advice.arguments]
    assert forks.arguments == ("--forks", "4")
    assert forks.prediction.saving_ns == pytest.approx(2e9, abs=0.01e9)
