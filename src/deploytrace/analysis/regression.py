"""What of a run was slower, or faster, than is usual for its kind, beyond what chance explains."""

from __future__ import annotations

from dataclasses import dataclass

from ..run.summary import Summary, TaskKey, TaskTime
from .noise import MEASURABLE_NS, shift_of, wildness_of
from .usual import Usual, alike, case_of

__all__ = ["Regressions", "Unusual", "find_regressions"]

_UNCOMPARED = frozenset({"skipped", "failed", "unreachable", "interrupted", "running"})


@dataclass(frozen=True, slots=True)
class Unusual:
    """A task that was slower or faster than usual, or with ``key`` None the whole run. Durations are ns.

    ``limit_ns`` is how far from ``usual_ns`` chance may take it.
    """

    key: TaskKey | None
    ns: int
    usual_ns: int
    limit_ns: int

    @property
    def excess_ns(self) -> int:
        """How much longer it took than usual; negative: shorter."""
        return self.ns - self.usual_ns


@dataclass(frozen=True, slots=True)
class Regressions:
    """What was slower than usual; false where nothing was. ``runs`` is how many runs tell what is usual.

    ``whole`` is the run itself, ``tasks`` come in the order of what they lost. ``shift_ns`` is by how much tasks were
    slower in common, which is the controller's or the network's affair: ``tasks`` are slower than that. ``compared``
    tasks were looked at, ``unknown`` ones are new or came to what they seldom come to, the longest first. Those that
    were ``faster`` are nobody's worry, and come in the order of what they won.
    """

    runs: int
    duration_ns: int
    usual_ns: int
    shift_ns: int
    compared: int
    unknown: tuple[TaskTime, ...]
    whole: Unusual | None
    tasks: tuple[Unusual, ...]
    faster: tuple[Unusual, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything was slower."""
        return self.whole is not None or bool(self.tasks)


def find_regressions(summary: Summary, usual: Usual | None) -> Regressions | None:
    """Return what was slower than usual in a run, None where it is not known what would be.

    Of a run that failed the tasks count that went well. A run that is among those that tell what is usual is compared
    with nothing, and so is one with many more or fewer hosts.
    """
    if usual is None or summary.run_id in usual.runs or not alike(usual.hosts, summary.context.hosts):
        return None
    done = {case_of(task): task for task in summary.tasks if task.outcome not in _UNCOMPARED}
    known = {case: task for case, task in done.items() if case in usual.tasks}
    excess = [(task.wall_ns - usual.tasks[case].median, usual.tasks[case]) for case, task in known.items()]
    common = shift_of([ns for ns, scatter in excess if scatter.median >= MEASURABLE_NS])
    shift = max(0.0, common)
    wildness = wildness_of([ns / scatter.sigma for ns, scatter in excess])
    tests = len(known) + 1
    unusual = []
    for case, task in known.items():
        scatter = usual.tasks[case]
        more = task.wall_ns - scatter.median
        in_common = shift if more > 0 else -min(0.0, common)
        limit = scatter.limit(tests, of=wildness) + (in_common if scatter.median >= MEASURABLE_NS else 0.0)
        if abs(more) > limit:
            unusual.append(Unusual(task.key, task.wall_ns, round(scatter.median), round(limit)))
    unusual.sort(key=lambda each: -abs(each.excess_ns))
    return Regressions(
        runs=len(usual.runs),
        duration_ns=summary.duration_ns,
        usual_ns=round(usual.whole.median),
        shift_ns=round(shift),
        compared=len(known),
        unknown=tuple(sorted((done[case] for case in done.keys() - known.keys()), key=_longest_first)),
        whole=_whole(summary, usual, tests),
        tasks=tuple(each for each in unusual if each.excess_ns > 0),
        faster=tuple(each for each in unusual if each.excess_ns < 0),
    )


def _longest_first(task: TaskTime) -> tuple[int, TaskKey]:
    return -task.wall_ns, task.key


def _whole(summary: Summary, usual: Usual, tests: int) -> Unusual | None:
    limit = usual.whole.limit(tests)
    if summary.outcome != "ok" or summary.duration_ns - usual.whole.median <= limit:
        return None
    return Unusual(None, summary.duration_ns, round(usual.whole.median), round(limit))
