"""Runs in short, told by hand or made of recorded ones: for what compares runs and looks back on many."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deploytrace.analysis.summing import summary_of
from deploytrace.journal.reader import read_events
from deploytrace.run.load import children_first, load
from deploytrace.run.summary import Context, Summary, TaskKey, TaskTime

SECOND = 1_000_000_000
JOURNALS = Path(__file__).parents[1] / "journals"

_CONTEXT = Context(
    kind="k",
    playbook="site.yml",
    environment="",
    check_mode=False,
    forks=5,
    hosts=3,
    limit=None,
    tags=(),
    skip_tags=(),
    ansible_version="2.21.5",
    python_version="3.13.0",
    deploytrace_version="0.1.0",
    revision=None,
    controller="c",
    strategies=("linear",),
)


def told(seconds: Mapping[str, float], number: int = 1, *, outcome: str = "ok", **context: object) -> Summary:
    """A run of tasks by name, one after the other; ``number`` makes its id and its start."""
    tasks = []
    now = 0
    for line, (name, each) in enumerate(seconds.items(), 1):
        ns = round(each * SECOND)
        key = TaskKey("Deploy", "", "site.yml", name)
        tasks.append(TaskTime(key, f"{line:016x}", line, ns, 3 * ns, 1, 3, "ok", ((now, now + ns),)))
        now += ns
    return Summary(
        run_id=f"{number:032x}",
        trace_id=f"{number:032x}",
        start=1_700_000_000 * SECOND + number * 3600 * SECOND,
        duration_ns=now,
        outcome=outcome,
        context=dataclasses.replace(_CONTEXT, **context),  # type: ignore[arg-type]
        tasks=tuple(tasks),
    )


@cache
def recorded(name: str) -> Summary:
    """A recorded run of ``tests/journals``."""
    tree = load(read_events(JOURNALS / f"{name}.jsonl"))
    assert tree is not None
    return summary_of(children_first(tree))


def again(summary: Summary, number: int, chance: random.Random, noise: float) -> Summary:
    """The same run once more: each task takes about as long, scattered by ``noise`` (relative) and 20 ms of start."""
    tasks = []
    late = 0.0
    for task in summary.tasks:
        wall = max(1.0, task.wall_ns * chance.gauss(1, noise) + chance.gauss(0, 0.02) * SECOND)
        passes = tuple((round(begin + late), round(end + late + wall - task.wall_ns)) for begin, end in task.passes)
        late += wall - task.wall_ns
        tasks.append(dataclasses.replace(task, wall_ns=round(wall), passes=passes))
    return dataclasses.replace(
        summary,
        run_id=f"{number:032x}",
        start=summary.start + number * 3600 * SECOND,
        duration_ns=round(summary.duration_ns + late),
        outcome="ok",
        tasks=tuple(tasks),
    )
