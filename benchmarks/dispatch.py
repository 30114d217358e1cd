"""What one more host result costs Ansible's main process, where all its hosts' results go through one thread."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contestants import (
    DEPLOYTRACE,
    DEPLOYTRACE_ALL,
    DEPLOYTRACE_SILENT,
    LISTENING,
    OPENTELEMETRY,
    OPENTELEMETRY_LOGS,
    READING,
    Contestant,
)
from benchmarks.driven import Driven, driving
from benchmarks.report import Budget, Section
from benchmarks.samples import Measured, cpu_above, cpu_ratio
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_HOSTS = 100
_ROUNDS = 25


@dataclass(frozen=True)
class _Work:
    """What is dispatched: a task of inside/measured.yml, and its results and items per host."""

    task: str
    what: str
    tasks: int
    """How many such tasks a round is: short rounds alternate often, and some of them are undisturbed."""
    events: int
    limit: float | None = None
    """µs that deploytrace may take above the empty callback, per event."""
    limit_all: float | None = None
    """The same with results=all, above the callback that reads."""


_OK = _Work("ok", "host result", 3, 1, limit=30, limit_all=60)
_LOOP = _Work("loop", "result or item of a loop of 10", 1, 11, limit=30, limit_all=60)
_FAILED = _Work("failed", "failed host result, its details recorded", 3, 1)

_OURS = (LISTENING, DEPLOYTRACE, READING, DEPLOYTRACE_ALL)
_ALL = (*_OURS, DEPLOYTRACE_SILENT, OPENTELEMETRY, OPENTELEMETRY_LOGS)
_MEASURED: Mapping[str, tuple[Sequence[_Work], Sequence[Contestant]]] = {
    NEWEST_STABLE: ((_OK, _LOOP, _FAILED), _ALL),
    "2.19": ((_OK, _LOOP), _OURS),
    "2.17": ((_OK, _LOOP), _OURS),
}


def measure(setting: Setting) -> Section:
    """Measure all works on all versions."""
    rows: list[Sequence[str]] = []
    budgets: list[Budget] = []
    numbers: dict[str, Any] = {}
    for version, (works, contestants) in _MEASURED.items():
        taken, at_end = _interleaved(setting, version, works, contestants)
        numbers[version] = {"us": taken, "us_at_end": at_end}
        for work, contestant in itertools.product(works, contestants):
            baseline = READING if contestant is DEPLOYTRACE_ALL else LISTENING
            of_work = taken[work.task]
            above = cpu_above(of_work[contestant.name], of_work[baseline.name])
            budgets += _budget(version, work, contestant, above)
            rows.append(_row(version, work, contestant, of_work, at_end[contestant.name] / work.events, above))
    return Section(
        name="dispatch",
        title="CPU of Ansible's main process per host result",
        method=(
            "A real run is held before its end and asked to dispatch the events of a `debug` task again, as new tasks "
            f"on {_HOSTS} hosts, through Ansible's own dispatch to its callbacks; CPU time of its main thread, "
            f"the fastest of {_ROUNDS} short rounds in which the contestants take turns. *Above* is the difference to "
            "the empty callback, for `results=all` to the callback that reads (in brackets the middle half of the "
            "rounds). *At the end* is what the end of the run took, divided by the host results: community.general "
            "builds its spans there."
        ),
        columns=("ansible-core", "per", "callback", "µs", "µs above", "µs at the end", "all, times the empty one"),
        rows=rows,
        budgets=budgets,
        numbers=numbers,
    )


def _interleaved(
    setting: Setting, version: str, works: Sequence[_Work], contestants: Sequence[Contestant]
) -> tuple[dict[str, dict[str, list[float]]], dict[str, float]]:
    """Return by work and contestant the µs per event of each round, and by contestant the end's µs per host result."""
    taken: dict[str, dict[str, list[float]]] = {work.task: {each.name: [] for each in contestants} for work in works}
    rounds = setting.times(_ROUNDS)
    with contextlib.ExitStack() as stack:
        hooks = stack.enter_context(driving(setting, DEPLOYTRACE, version=version)).hooks
        driven: dict[str, Driven] = {
            each.name: stack.enter_context(driving(setting, each, version=version, hooks=hooks, hosts=_HOSTS))
            for each in contestants
        }
        for _, work, name in itertools.product(range(rounds), works, driven):
            cpu = driven[name].dispatch(work.task, work.tasks)
            taken[work.task][name].append(cpu / 1000 / (work.tasks * _HOSTS * work.events))
        results = rounds * sum(work.tasks for work in works) * _HOSTS
        return taken, {name: each.finish() / 1000 / results for name, each in driven.items()}


def _budget(version: str, work: _Work, contestant: Contestant, above: Measured) -> Sequence[Budget]:
    limit = {DEPLOYTRACE.name: work.limit, DEPLOYTRACE_ALL.name: work.limit_all}.get(contestant.name)
    if limit is None:
        return ()
    than = "a callback that reads results" if contestant is DEPLOYTRACE_ALL else "the empty callback"
    settings = ", `results=all`" if contestant is DEPLOYTRACE_ALL else ""
    what = f"CPU per {work.what}{settings}, above {than}, ansible-core {version}"
    return (Budget(what, "µs", limit, above),)


def _row(
    version: str, work: _Work, contestant: Contestant, taken: Mapping[str, Sequence[float]], end: float, above: Measured
) -> Sequence[str]:
    whole = [value + end for value in taken[contestant.name]]
    return (
        version,
        work.what,
        contestant.title,
        f"{min(taken[contestant.name]):.1f}",
        f"{above:.1f}" if contestant is not LISTENING else "",
        f"{end:.1f}",
        f"{cpu_ratio(whole, taken[LISTENING.name]).value:.1f}",
    )
