"""What passes for slower than usual: seldom what is not, at once what is; and what is left of a run."""

from __future__ import annotations

import dataclasses
import random

import pytest

from deploytrace.analysis.expectation import left_of
from deploytrace.analysis.regression import find_regressions
from deploytrace.analysis.usual import comparable, usual_of
from deploytrace.kinds import task_hash
from deploytrace.run.summary import Summary

from .summaries import SECOND, again, recorded, told

# The median absolute deviation, made a standard deviation, of eight tasks (files, copies, commands, sleeps) of a
# playbook that was really run again and again on a machine with little else to do: 0.6 to 8 percent, in the middle 3.
MEASURED_NOISE = 0.03


def _series(name: str, count: int, seed: int) -> list[Summary]:
    chance = random.Random(seed)
    return [again(recorded(name), number, chance, MEASURED_NOISE) for number in range(count)]


def _slowed(summary: Summary, number: int, times: float) -> Summary:
    task = summary.tasks[number]
    more = round(task.wall_ns * (times - 1))
    slow = dataclasses.replace(task, wall_ns=task.wall_ns + more)
    tasks = (*summary.tasks[:number], slow, *summary.tasks[number + 1 :])
    return dataclasses.replace(summary, tasks=tasks, duration_ns=summary.duration_ns + more)


@pytest.mark.parametrize("name", ["roles-2.21", "serial-2.21"])
def test_at_most_one_false_alarm_in_a_hundred_and_half_as_much_again_is_caught_at_once(name: str) -> None:
    """200 unchanged runs, each against those before it; then each task in turn takes half as long again, once."""
    alarms = missed = tried = 0
    runs = _series(name, 205, seed=11)
    for number, run in enumerate(runs):
        found = find_regressions(run, usual_of(comparable(runs[:number], run)))
        alarms += bool(found)
        assert (found is None) == (number < 5)
        if number >= 30 and number % 20 == 0:
            usual = usual_of(comparable(runs[:number], run))
            for place, task in enumerate(run.tasks):
                slower = find_regressions(_slowed(run, place, 1.5), usual)
                if task.wall_ns >= 0.5 * SECOND:
                    tried += 1
                    missed += slower is None or task.key not in {each.key for each in slower.tasks}
    assert alarms <= 2, f"{alarms} of 200"
    assert tried > 20
    assert missed == 0, f"{missed} of {tried}"


def test_a_false_alarm_is_rarer_than_that() -> None:
    """One series may be lucky: ten of them."""
    alarms = []
    for seed in range(10):
        runs = _series("roles-2.21", 205, seed)
        found = (find_regressions(run, usual_of(runs[max(0, number - 30) : number])) for number, run in enumerate(runs))
        alarms.append(sum(map(bool, found)))
    assert max(alarms) <= 2
    assert sum(alarms) <= 2, f"{alarms}: of 2000, a tenth of what is promised"


def test_in_a_wild_run_a_task_is_seldom_blamed_for_what_all_of_them_do() -> None:
    """An hour in which the machine is busy: all take longer, and scatter three times as much. The run is told."""
    chance = random.Random(7)
    runs = _series("roles-2.21", 30, seed=7)
    usual = usual_of(runs)
    told = [find_regressions(_busy(again(runs[0], 31, chance, 3 * MEASURED_NOISE)), usual) for _ in range(20)]
    assert len([found for found in told if found and found.tasks]) <= 5, "nearly all, if each task were seen by itself"
    assert len([found for found in told if found and found.whole]) >= 15
    blamed = find_regressions(_slowed(_busy(again(runs[0], 31, chance, 3 * MEASURED_NOISE)), 0, 3.0), usual)
    assert blamed
    assert [each.key and each.key.name for each in blamed.tasks] == ["Install packages"]


def _busy(summary: Summary) -> Summary:
    """The run as it is where everything takes a seventh longer."""
    tasks = tuple(dataclasses.replace(task, wall_ns=round(task.wall_ns * 1.15)) for task in summary.tasks)
    return dataclasses.replace(summary, tasks=tasks, duration_ns=round(summary.duration_ns * 1.15))


def test_the_slow_task_is_named_with_what_it_usually_takes() -> None:
    runs = _series("roles-2.21", 20, seed=3)
    slow = dataclasses.replace(_slowed(runs[-1], 0, 3.0))
    found = find_regressions(slow, usual_of(comparable(runs[:-1], slow)))
    assert found
    assert [each.key and each.key.name for each in found.tasks] == ["Install packages"]
    (task,) = found.tasks
    assert abs(task.usual_ns / recorded("roles-2.21").tasks[0].wall_ns - 1) < 0.1
    assert found.whole is not None
    assert found.whole.excess_ns > found.whole.limit_ns
    assert (found.faster, found.compared, found.unknown) == ((), len(slow.tasks), ())
    found = find_regressions(_slowed(runs[-1], 0, 0.3), usual_of(comparable(runs[:-1], slow)))
    assert found is not None
    assert (found.tasks, [each.key and each.key.name for each in found.faster]) == ((), ["Install packages"])


def test_what_is_not_comparable_is_not_compared() -> None:
    tasks = {"Install": 4.0, "Restart": 2.0}
    runs = [told(tasks, number) for number in range(10)]
    slow = told({**tasks, "Install": 40.0}, 20)
    assert find_regressions(slow, usual_of(comparable(runs, slow)))
    for other in ({"kind": "another"}, {"hosts": 20}):
        run = told({"Install": 40.0}, 20, **other)
        assert usual_of(comparable(runs, run)) is None
    failed = [told(tasks, number, outcome="failed") for number in range(10)]
    assert not comparable(failed, slow)
    later = [told(tasks, number) for number in range(21, 30)]
    assert not comparable(later, slow), "what came later tells nothing"
    changed = dataclasses.replace(
        slow, tasks=tuple(dataclasses.replace(task, outcome="changed") for task in slow.tasks), duration_ns=6 * SECOND
    )
    assert not find_regressions(changed, usual_of(comparable(runs, changed))), "to change takes longer than to look"


def test_left_is_within_fifteen_percent_at_mid_run_after_five_runs() -> None:
    """Of each task that begins in the middle half of a sixth run, by the median of the five before."""
    for name in ("roles-2.21", "serial-2.21", "handlers-2.21"):
        *runs, now = _series(name, 6, seed=5)
        left = left_of(runs)
        assert left is not None
        assert left.runs == 5
        for task in now.tasks:
            known = left.tasks[task_hash(*task.key[:4])]
            for (begin, _), (half, most) in zip(task.passes, known, strict=True):
                assert half <= most
                if now.duration_ns / 4 < begin < now.duration_ns * 3 / 4:
                    assert abs(half - (now.duration_ns - begin)) < 0.15 * now.duration_ns
    assert left_of(runs[:1]) is None
