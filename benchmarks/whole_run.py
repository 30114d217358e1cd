"""What each contestant takes of the CPU of a whole run, a real one that forks.

Two runs without any callback differ by a few percent, which is more than a callback takes. So what it takes is counted
within each run; the difference of whole runs stands beside it for what it is worth.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.accounted import Account, accounted_run
from benchmarks.contestants import DEPLOYTRACE, LISTENING, NOTHING, OPENTELEMETRY, OPENTELEMETRY_LOGS
from benchmarks.driven import driving
from benchmarks.report import Budget, Section
from benchmarks.samples import Measured, cpu_ratio, share
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_HOSTS = 40
_TASKS = 40
_RESULTS = _TASKS * _HOSTS
_CONTESTANTS = (NOTHING, LISTENING, DEPLOYTRACE, OPENTELEMETRY, OPENTELEMETRY_LOGS)
_ROUNDS = {NOTHING.name: 5, LISTENING.name: 5, DEPLOYTRACE.name: 5, OPENTELEMETRY.name: 1, OPENTELEMETRY_LOGS.name: 1}
_REST = "other hooks"


def measure(setting: Setting, version: str = NEWEST_STABLE) -> Section:
    """Measure whole runs in turns."""
    runs = _in_turns(setting, version)
    nothing = runs[NOTHING.name]
    names = list(_parts(nothing[0]))
    all_of: dict[str, Measured] = {}
    rows: list[Sequence[str]] = []
    for each in _CONTESTANTS:
        own = runs[each.name]
        all_of[each.name] = share(
            [_all(run) for run in own], [_all(run) for run in nothing], [run.cpu for run in nothing]
        )
        ratio = cpu_ratio([run.cpu for run in own], [run.cpu for run in nothing])
        rows.append(
            (
                each.title,
                *([_cell(name, own, nothing) for name in names] if each is not NOTHING else [""] * len(names)),
                f"{all_of[each.name]:.2f} %" if each is not NOTHING else "",
                f"{min(run.cpu for run in own) / 1e9:.2f} s" + (f", {ratio:.3f} times" if each is not NOTHING else ""),
                f"{statistics.median(run.faults for run in own) / _RESULTS:,.0f}",
                f"{min(run.workers for run in own) / _RESULTS / 1e6:.2f} ms",
            )
        )
    return Section(
        name="whole_run",
        title="A whole run",
        method=(
            f"What callbacks take of the CPU of Ansible's main process in runs of {_HOSTS} hosts and forty `debug` "
            f"tasks ({_RESULTS:,} host results, ten forks) with Ansible's own output: counted within each run, in "
            "loading them, in each dispatch to them (without the output) and at the end, above the same in a run "
            "without a callback beside it and in percent of that run; with it the page faults of a call. The median "
            f"of {_ROUNDS[DEPLOYTRACE.name]} runs each, in turns. *Whole runs* is the CPU of all of it, the fastest "
            "of each; *a worker* the CPU of one, on average."
        ),
        columns=(
            "callback",
            *names,
            "all",
            "whole runs",
            "page faults per host result",
            "a worker",
        ),
        rows=rows,
        budgets=(Budget("CPU of a whole run, by what the callback takes of it", "%", 1, all_of[DEPLOYTRACE.name]),),
        numbers={name: [dataclasses.asdict(run) for run in own] for name, own in runs.items()},
    )


def _in_turns(setting: Setting, version: str) -> Mapping[str, Sequence[Account]]:
    with driving(setting, DEPLOYTRACE, version=version, hosts=1) as driven:
        hooks = driven.hooks
    runs: dict[str, list[Account]] = {each.name: [] for each in _CONTESTANTS}
    for number in range(max(map(setting.times, _ROUNDS.values()))):
        for each in _CONTESTANTS:
            if number < setting.times(_ROUNDS[each.name]):
                run = accounted_run(setting, each, "long_fleet.yml", hosts=_HOSTS, hooks=hooks, version=version)
                runs[each.name].append(run)
    return runs


def _parts(run: Account) -> Mapping[str, tuple[float, float | None]]:
    """Return what a run's callbacks took, in ns, and page faults per call: hooks that come with every task by name."""
    often = {name: hook for name, hook in run.hooks.items() if hook.calls >= _TASKS}
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
