"""What each contestant takes of the CPU of a whole run, a real one that forks.

Two runs without any callback differ by a few percent, which is more than a callback takes. So what it takes is counted
within each run; the difference of whole runs stands beside it for what it is worth.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.accounted import Account, accounted_run
from benchmarks.contestants import DEPLOYTRACE, LISTENING, NOTHING, OPENTELEMETRY, OPENTELEMETRY_LOGS, Contestant
from benchmarks.driven import driving
from benchmarks.report import Budget, Section
from benchmarks.samples import Measured, cpu_ratio, share
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_CONTESTANTS = (NOTHING, LISTENING, DEPLOYTRACE, OPENTELEMETRY, OPENTELEMETRY_LOGS)
_ROUNDS = {NOTHING.name: 5, LISTENING.name: 5, DEPLOYTRACE.name: 5, OPENTELEMETRY.name: 1, OPENTELEMETRY_LOGS.name: 1}
_REST = "other hooks"


class _Kind(NamedTuple):
    """What is run: a playbook of ``inside/``, how many tasks it has, and on how many hosts."""

    title: str
    playbook: str
    tasks: int
    hosts: int

    @property
    def results(self) -> int:
        return self.hosts * self.tasks


_ROLLOUT = _Kind("a roll-out", "rollout.yml", 41, 20)
_DEBUG = _Kind("nothing but `debug`", "long_fleet.yml", 40, 40)
_OFTEN = 40  # a hook that is called that often comes with every task, and is shown by itself


def measure(setting: Setting, version: str = NEWEST_STABLE) -> Section:
    """Measure whole runs in turns."""
    with driving(setting, DEPLOYTRACE, version=version, hosts=1) as driven:
        hooks = driven.hooks
    runs = {kind: _in_turns(setting, kind, hooks, version) for kind in (_ROLLOUT, _DEBUG)}
    names = list(_parts(runs[_ROLLOUT][NOTHING.name][0]))
    return Section(
        name="whole_run",
        title="A whole run",
        method=(
            "What callbacks take of the CPU of Ansible's main process in two runs of forty tasks, ten forks, with "
            f"Ansible's own output: a roll-out on {_ROLLOUT.hosts} hosts that gathers facts first, as plays do, and in "
            f"which seven of ten tasks run a module; and `debug` tasks alone on {_DEBUG.hosts}, than which Ansible has "
            "nothing shorter to do, so that nothing weighs more. Counted within each run, in loading them, in each "
            "dispatch to them (without the output) and at the end, above the same in a run without a callback beside "
            "it and in percent of that run; with it the page faults of a call. The median of "
            f"{_ROUNDS[DEPLOYTRACE.name]} runs each, in turns. *Whole runs* is the CPU of all of it, the fastest of "
            "each; *a worker* the CPU of one, on average."
        ),
        columns=("run", "callback", *names, "all", "whole runs", "page faults per host result", "a worker"),
        rows=[row for kind, own in runs.items() for row in _rows(kind, own, names)],
        budgets=(
            Budget("CPU of a whole run, a roll-out, by what the callback takes of it", "%", 1, _share(runs[_ROLLOUT])),
        ),
        numbers={
            kind.playbook: {name: [dataclasses.asdict(run) for run in own] for name, own in each.items()}
            for kind, each in runs.items()
        },
    )


def _rows(kind: _Kind, runs: Mapping[str, Sequence[Account]], names: Sequence[str]) -> Iterator[Sequence[str]]:
    nothing = runs[NOTHING.name]
    for each in _CONTESTANTS:
        own = runs[each.name]
        ratio = cpu_ratio([run.cpu for run in own], [run.cpu for run in nothing])
        yield (
            kind.title,
            each.title,
            *([_cell(name, own, nothing) for name in names] if each is not NOTHING else [""] * len(names)),
            f"{_share(runs, each):.2f} %" if each is not NOTHING else "",
            f"{min(run.cpu for run in own) / 1e9:.2f} s" + (f", {ratio:.3f} times" if each is not NOTHING else ""),
            f"{statistics.median(run.faults for run in own) / kind.results:,.0f}",
            f"{min(run.workers for run in own) / kind.results / 1e6:.2f} ms",
        )


def _share(runs: Mapping[str, Sequence[Account]], contestant: Contestant = DEPLOYTRACE) -> Measured:
    """Return what percentage of the run a callback takes."""
    own, nothing = runs[contestant.name], runs[NOTHING.name]
    return share([_all(run) for run in own], [_all(run) for run in nothing], [run.cpu for run in nothing])


def _in_turns(setting: Setting, kind: _Kind, hooks: Sequence[str], version: str) -> Mapping[str, Sequence[Account]]:
    runs: dict[str, list[Account]] = {each.name: [] for each in _CONTESTANTS}
    for number in range(max(map(setting.times, _ROUNDS.values()))):
        for each in _CONTESTANTS:
            if number < setting.times(_ROUNDS[each.name]):
                run = accounted_run(setting, each, kind.playbook, hosts=kind.hosts, hooks=hooks, version=version)
                runs[each.name].append(run)
    return runs


def _parts(run: Account) -> Mapping[str, tuple[float, float | None]]:
    """Return what a run's callbacks took, in ns, and page faults per call: hooks that come with every task by name."""
    often = {name: hook for name, hook in run.hooks.items() if hook.calls >= _OFTEN}
    rest = sum(hook.cpu for name, hook in run.hooks.items() if name not in often)
    return {
        "loading": (run.loading, None),
        **{name: (hook.cpu, hook.faults / hook.calls) for name, hook in often.items()},
        _REST: (rest, None),
        "end": (run.end, None),
    }


def _all(run: Account) -> float:
    return sum(cpu for cpu, _ in _parts(run).values())


def _cell(name: str, own: Sequence[Account], nothing: Sequence[Account]) -> str:
    taken, beside = ([_parts(run)[name] for run in runs] for runs in (own, nothing))
    part = share([cpu for cpu, _ in taken], [cpu for cpu, _ in beside], [run.cpu for run in nothing])
    if taken[0][1] is None:
        return f"{part.value:.2f} %"
    faults = [statistics.median(each or 0 for _, each in runs) for runs in (taken, beside)]
    return f"{part.value:.2f} %, {faults[0] - faults[1]:.1f} faults"
