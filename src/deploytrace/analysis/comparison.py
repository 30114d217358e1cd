"""Two runs side by side: which tasks came, went, or took another time than chance explains, and what else changed.

Tasks are aligned by play, role, file and name, not by line (`run.summary.TaskKey`). What chance does is told by the
history of such runs where there is one, else by how far the tasks of the two runs differ in general.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..run.summary import Context, Summary, TaskKey, TaskTime
from .noise import MEASURABLE_NS, Noise, Scatter, noise_of, shift_of
from .usual import Usual, case_of, usual_of

__all__ = ["Change", "Compared", "ComparedTask", "Comparison", "Verdict", "compare"]

_FEWEST = 3  # comparable runs that tell more than the two runs do
_WILDEST = 5.0  # times the noise that is assumed: two runs that differ in more than half of their tasks are no noise
_PAIR = math.sqrt(2)  # the difference of two values scatters so much more than one


class Verdict(str, Enum):
    """What became of a task from one run to the other."""

    ADDED = "added"
    REMOVED = "removed"
    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Compared:
    """A time in both runs (ns; None where it is not in one), and how far chance may take them apart."""

    a_ns: int | None
    b_ns: int | None
    limit_ns: int
    significant: bool
    verdict: Verdict

    @property
    def difference_ns(self) -> int:
        """By how much b is longer."""
        return (self.b_ns or 0) - (self.a_ns or 0)


@dataclass(frozen=True, slots=True)
class ComparedTask(Compared):
    """A task in both runs, and what it came to there."""

    key: TaskKey
    a_outcome: str | None
    b_outcome: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """A circumstance that is not the same, in words."""

    name: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side. ``tasks`` are in b's order, what is gone behind what it followed.

    ``shift_ns`` is by how much the tasks of b are slower in common (negative: faster): a busy controller, another
    connection. It is no task's own affair, so it counts in none of them. ``runs`` is how many others told the noise.
    """

    a: Summary
    b: Summary
    duration: Compared
    tasks: tuple[ComparedTask, ...]
    context: tuple[Change, ...]
    shift_ns: int
    runs: int

    @property
    def significant(self) -> tuple[ComparedTask, ...]:
        """What is beyond the noise, the largest difference first."""
        found = (task for task in self.tasks if task.significant)
        return tuple(sorted(found, key=lambda task: -abs(task.difference_ns)))


def compare(a: Summary, b: Summary, history: Sequence[Summary] = ()) -> Comparison:
    """Return b beside a. ``history``: other runs of their kind, in order of start."""
    history = [each for each in history if each.run_id not in (a.run_id, b.run_id)]
    usual = usual_of(history, _FEWEST)
    in_a, in_b = {task.key: task for task in a.tasks}, {task.key: task for task in b.tasks}
    both = [(in_a[key], task) for key, task in in_b.items() if key in in_a]
    measured = [(x.wall_ns, y.wall_ns) for x, y in both if min(x.wall_ns, y.wall_ns) >= MEASURABLE_NS]
    shift = shift_of([y - x for x, y in measured])
    noise = noise_of([(x + shift, y) for x, y in measured])
    noise = replace(noise, factor=min(noise.factor, _WILDEST))
    if usual is not None:
        noise = replace(usual.noise, factor=max(usual.noise.factor, noise.factor))
    judge = _Judge(usual, noise, shift, tests=len(in_a.keys() | in_b.keys()) + 1)
    scatter = usual.whole if usual is not None else noise.around((a.duration_ns + b.duration_ns) / 2)
    return Comparison(
        a=a,
        b=b,
        duration=_duration(a, b, scatter, judge.tests),
        tasks=tuple(judge.task(key, in_a.get(key), in_b.get(key)) for key in _in_order(in_a, in_b)),
        context=tuple(_changes(a.context, b.context)),
        shift_ns=round(shift),
        runs=len(usual.runs) if usual is not None else 0,
    )


@dataclass(frozen=True)
class _Judge:
    """Says what of a difference is more than noise."""

    usual: Usual | None
    noise: Noise
    shift: float
    tests: int

    def task(self, key: TaskKey, a: TaskTime | None, b: TaskTime | None) -> ComparedTask:
        if a is None or b is None:
            limit = self.noise.around(0).limit(self.tests)  # what any task may take longer than none
            beyond = any(task is not None and task.wall_ns > limit for task in (a, b))
            verdict = Verdict.REMOVED if b is None else Verdict.ADDED
        else:
            limit = self._scatter(a, b).limit(self.tests, of=_PAIR)
            shift = self.shift if min(a.wall_ns, b.wall_ns) >= MEASURABLE_NS else 0.0
            difference = b.wall_ns - a.wall_ns - shift
            beyond = abs(difference) > limit
            verdict = Verdict.SAME if not beyond else Verdict.SLOWER if difference > 0 else Verdict.FASTER
        return ComparedTask(
            a_ns=a.wall_ns if a is not None else None,
            b_ns=b.wall_ns if b is not None else None,
            limit_ns=round(limit),
            significant=beyond,
            verdict=verdict,
            key=key,
            a_outcome=a.outcome if a is not None else None,
            b_outcome=b.outcome if b is not None else None,
        )

    def _scatter(self, a: TaskTime, b: TaskTime) -> Scatter:
        """Return the scatter of a task: its own where the history knows it, else that of any task of its length."""
        known = self.usual.tasks if self.usual is not None else {}
        own = [known[case_of(task)] for task in (a, b) if case_of(task) in known]
        own.append(self.noise.around(min(a.wall_ns, b.wall_ns)))
        return max(own, key=lambda scatter: scatter.sigma)


def _duration(a: Summary, b: Summary, scatter: Scatter, tests: int) -> Compared:
    limit = scatter.limit(tests, of=_PAIR)
    difference = b.duration_ns - a.duration_ns
    beyond = abs(difference) > limit
    verdict = Verdict.SAME if not beyond else Verdict.SLOWER if difference > 0 else Verdict.FASTER
    return Compared(a.duration_ns, b.duration_ns, round(limit), beyond, verdict)


def _in_order(a: Mapping[TaskKey, TaskTime], b: Mapping[TaskKey, TaskTime]) -> list[TaskKey]:
    """Return all keys as b runs them; what only a has stands behind what it followed there."""
    ordered = list(b)
    places = {key: place for place, key in enumerate(ordered)}
    after = -1.0
    for number, key in enumerate(a):
        if key in b:
            after = places[key]
        else:
            ordered.append(key)
            places[key] = after + (number + 1) / (len(a) + 1)  # type: ignore[assignment]
    return sorted(ordered, key=lambda key: places[key])


def _changes(a: Context, b: Context) -> Iterator[Change]:
    words = (
        ("playbook", a.playbook, b.playbook),
        ("environment", a.environment, b.environment),
        ("hosts", str(a.hosts), str(b.hosts)),
        ("limit", a.limit or "", b.limit or ""),
        ("forks", str(a.forks), str(b.forks)),
        ("strategy", ", ".join(a.strategies), ", ".join(b.strategies)),
        ("check mode", _yes(a.check_mode), _yes(b.check_mode)),
        ("tags", ", ".join(a.tags), ", ".join(b.tags)),
        ("skipped tags", ", ".join(a.skip_tags), ", ".join(b.skip_tags)),
        ("controller", a.controller, b.controller),
        ("ansible-core", a.ansible_version, b.ansible_version),
        ("Python", a.python_version, b.python_version),
        ("deploytrace", a.deploytrace_version, b.deploytrace_version),
        ("revision", a.revision or "", b.revision or ""),
    )
    for name, before, after in words:
        if before != after:
            yield Change(name, before, after)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
