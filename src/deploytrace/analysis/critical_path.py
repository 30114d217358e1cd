"""The critical path: the chain of tasks and hosts, and of the controller's own time, that determined a run's end.

It is found backwards from the end: what did Ansible's main process wait for last? For that work, it then waited from
its start on; what did it wait for before that? Barriers between tasks, taken forks, batches, handlers and delegation
need no rules of their own, since each shows as what the main process waited for (`analysis.controller`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..run.delegation import delegate_of
from ..run.model import Kind, PlayDetail, Tree
from .controller import Action, actions
from .plan import plan
from .savings import Saving, savings
from .schedule import Schedule, schedule

__all__ = ["CriticalPath", "Segment", "critical_path"]


class Segment(NamedTuple):
    """One stretch of the path; times are Unix ns.

    ``kind`` is task, handler, or controller: Ansible's main process itself, before, between and after tasks. Of the
    controller's there are no names and no savings. ``node`` is the host result's, ``task_node`` its task's.
    ``saving_ns`` is what the run would be shorter by if the task were not there, on no host, wherever in the run it
    stands; ``median_saving_ns`` if it took no host longer than the median host.
    """

    kind: str
    start: int
    end: int
    task: str | None = None
    role: str | None = None
    play: str | None = None
    host: str | None = None
    delegated_to: str | None = None
    node: str | None = None
    task_node: str | None = None
    stable_id: str | None = None
    saving_ns: int = 0
    median_saving_ns: int = 0

    @property
    def ns(self) -> int:
        """How long it took."""
        return self.end - self.start


class CriticalPath(NamedTuple):
    """The segments in order of time; each begins where the one before ended, so they sum to ``duration_ns``."""

    duration_ns: int
    segments: tuple[Segment, ...]


class _Stretch(NamedTuple):
    start: int
    end: int
    action: Action | None  # the start of the work that it is; None: the controller


def critical_path(tree: Tree, scheduled: Schedule | None = None) -> CriticalPath:
    """Return a run's critical path; ``scheduled`` is its schedule, where that is known already."""
    scheduled = scheduled or schedule(tree)
    done = actions(scheduled)
    stretches = list(_backwards(scheduled, done))[::-1]
    weight: Counter[str] = Counter()
    for stretch in stretches:
        if stretch.action is not None:
            weight[stretch.action.step.detail.stable_id] += stretch.end - stretch.start
    saved = savings(plan(scheduled, done), (task for task, _ in weight.most_common()))
    segments = tuple(_segment(stretch, scheduled.start, saved) for stretch in stretches)
    return CriticalPath(scheduled.duration, segments)


def _backwards(scheduled: Schedule, done: list[Action]) -> Iterator[_Stretch]:
    """Yield the path from the run's end to its start, all of the controller's between two works in one."""
    t = until = scheduled.duration
    place = len(done) - 1
    while place >= 0:
        action = done[place]
        awaited = action.awaited
        t = min(t, action.t)
        if awaited is None or awaited.start >= min(t, awaited.end):
            place -= 1
            continue
        end = min(t, awaited.end)
        if end < until:
            yield _Stretch(end, until, None)
        while done[place].work is not awaited or not done[place].starts:
            place -= 1
        yield _Stretch(awaited.start, end, done[place])
        t = until = awaited.start
    if until > 0:
        yield _Stretch(0, until, None)


def _segment(stretch: _Stretch, base: int, saved: dict[str, Saving]) -> Segment:
    start, end = base + stretch.start, base + stretch.end
    if stretch.action is None:
        return Segment("controller", start, end)
    work, step, play = stretch.action.work, stretch.action.step, stretch.action.batch.play.detail
    definition = step.detail.definition
    saving = saved.get(step.detail.stable_id, Saving())
    return Segment(
        kind="handler" if step.node.kind is Kind.HANDLER else "task",
        start=start,
        end=end,
        task=step.node.name,
        role=definition.role,
        play=play.started.name if isinstance(play, PlayDetail) else None,
        host=work.host,
        delegated_to=delegate_of(work.detail),
        node=work.node.id,
        task_node=step.node.id,
        stable_id=step.detail.stable_id,
        saving_ns=saving.whole_ns,
        median_saving_ns=saving.median_ns,
    )
