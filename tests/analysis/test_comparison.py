"""Two runs side by side: how tasks are aligned, what passes for noise, and what else is told to be different."""

from __future__ import annotations

import dataclasses
import random

from deploytrace.analysis.comparison import Verdict, compare
from deploytrace.run.summary import Summary

from .summaries import SECOND, again, recorded, told

TASKS = {"Look": 0.5, "Copy": 0.8, "Install": 4.0, "Restart": 2.0, "Check": 0.6, "Wait": 1.0}


def _verdicts(a: Summary, b: Summary, history: list[Summary] | None = None) -> dict[str, Verdict]:
    return {task.key.name: task.verdict for task in compare(a, b, history or []).significant}


def test_what_came_went_and_changed() -> None:
    b = {**TASKS, "Install": 9.0, "Restart": 0.1, "Sleep": 3.2}
    del b["Check"]
    comparison = compare(told({**TASKS, "Check": 6.0}), told(b, 2))
    assert {task.key.name: (task.verdict, task.significant) for task in comparison.tasks} == {
        "Look": (Verdict.SAME, False),
        "Copy": (Verdict.SAME, False),
        "Install": (Verdict.SLOWER, True),
        "Restart": (Verdict.FASTER, True),
        "Check": (Verdict.REMOVED, True),
        "Wait": (Verdict.SAME, False),
        "Sleep": (Verdict.ADDED, True),
    }
    assert [task.key.name for task in comparison.tasks] == [*TASKS, "Sleep"], "what is gone stands where it was"
    assert [task.key.name for task in comparison.significant] == ["Check", "Install", "Sleep", "Restart"]
    (sleep,) = (task for task in comparison.tasks if task.key.name == "Sleep")
    assert (sleep.a_ns, sleep.b_ns, sleep.a_outcome) == (None, 3_200_000_000, None)


def test_a_task_that_takes_nothing_is_added_but_within_the_noise() -> None:
    (new,) = (task for task in compare(told(TASKS), told({**TASKS, "Say": 0.03}, 2)).tasks if task.key.name == "Say")
    assert (new.verdict, new.significant) == (Verdict.ADDED, False)


def test_lines_that_move_change_nothing_and_namesakes_are_told_apart() -> None:
    """The same name three times in one file: the second becomes slower, and all stand ten lines lower."""
    run = told({"x": 1, "y": 2, "z": 3})
    first = run.tasks[0].key
    keys = [first._replace(nth=number) for number in (1, 2, 3)]
    a = dataclasses.replace(
        run, tasks=tuple(dataclasses.replace(t, key=key) for t, key in zip(run.tasks, keys, strict=True))
    )
    times = (1, 12, 3)
    b = dataclasses.replace(
        a,
        run_id="b",
        tasks=tuple(
            dataclasses.replace(task, line=task.line + 10, wall_ns=seconds * SECOND)
            for task, seconds in zip(a.tasks, times, strict=True)
        ),
    )
    assert [task.key.nth for task in compare(a, b).significant] == [2]


def test_what_all_tasks_have_in_common_is_no_task_s_own() -> None:
    """The controller is busy: each task takes a second longer, and one of them five."""
    b = {name: seconds + 1.0 for name, seconds in TASKS.items()}
    comparison = compare(told(TASKS), told({**b, "Install": 9.5}, 2))
    assert [task.key.name for task in comparison.significant] == ["Install"]
    assert comparison.shift_ns == SECOND
    half = {**TASKS, "Look": 8.5, "Copy": 8.8, "Install": 12.0, "Wait": 9.0}
    comparison = compare(told(TASKS), told(half, 2))
    assert comparison.shift_ns == 0, "four of six are no common matter"
    assert {task.key.name for task in comparison.significant} == {"Look", "Copy", "Install", "Wait"}


def test_history_tells_the_noise() -> None:
    """What two runs alone cannot tell from noise: half a second; where a task always scatters, two are nothing."""
    chance = random.Random(4)
    a, b = told(TASKS, 30), told({**TASKS, "Check": 1.2}, 31)
    assert not _verdicts(a, b)
    history = [again(told(TASKS, 0), number, chance, 0.02) for number in range(1, 20)]
    assert _verdicts(a, b, history) == {"Check": Verdict.SLOWER}
    wild = [
        told({**TASKS, "Install": chance.uniform(2, 12), "Check": 0.6 + chance.gauss(0, 0.02)}, number)
        for number in range(1, 20)
    ]
    assert not _verdicts(a, told({**TASKS, "Install": 7.0}, 31), wild)
    assert _verdicts(a, told({**TASKS, "Install": 7.0}, 31), history) == {"Install": Verdict.SLOWER}


def test_circumstances() -> None:
    a = told(TASKS, revision="abc")
    b = told(TASKS, 2, revision="def", forks=10, hosts=4, check_mode=True, ansible_version="2.22.0", limit="web")
    changes = {change.name: (change.a, change.b) for change in compare(a, b).context}
    assert changes == {
        "hosts": ("3", "4"),
        "limit": ("", "web"),
        "forks": ("5", "10"),
        "check mode": ("no", "yes"),
        "ansible-core": ("2.21.5", "2.22.0"),
        "revision": ("abc", "def"),
    }
    assert not compare(a, a).context


def test_a_run_is_like_itself_and_versions_of_ansible_are_aligned() -> None:
    roles = recorded("roles-2.21")
    assert not compare(roles, roles).significant
    older = recorded("roles-2.17")
    assert {task.key for task in roles.tasks} == {task.key for task in older.tasks}
    batches = next(task for task in roles.tasks if task.key.role == "probe")
    assert batches.count == len(batches.passes) == 4, "invocations of a role are one line"
