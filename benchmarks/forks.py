"""What a fork costs, which Ansible makes for every task on every host: what the callbacks hold is copied into each."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import DEPLOYTRACE, LISTENING, NOTHING, OPENTELEMETRY_LOGS
from benchmarks.driven import driving
from benchmarks.report import Budget, Section
from benchmarks.samples import cpu_above, single
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_CONTESTANTS = (NOTHING, LISTENING, DEPLOYTRACE, OPENTELEMETRY_LOGS)
_ROUNDS = 15
_FORKS = 15  # per round
_TASKS_BEFORE = 20  # on 100 hosts: what a run in its middle has behind it


def measure(setting: Setting) -> Section:
    """Measure the forks of a run that has 2,000 host results behind it."""
    parent: dict[str, list[float]] = {each.name: [] for each in _CONTESTANTS}
    child: dict[str, list[float]] = {each.name: [] for each in _CONTESTANTS}
    threads: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        driven = {
            each.name: stack.enter_context(driving(setting, each, version=NEWEST_STABLE)) for each in _CONTESTANTS
        }
        for each in driven.values():
            each.dispatch("ok", _TASKS_BEFORE)
        for _ in range(setting.times(_ROUNDS)):
            for name, each in driven.items():
                forks = each.fork(_FORKS)
                parent[name].append(forks.parent / 1e6 / _FORKS)
                child[name].append(forks.child / 1e6 / _FORKS)
                threads[name] = max(threads.get(name, 0), forks.threads)
    both = {name: [sum(pair) for pair in zip(parent[name], child[name], strict=True)] for name in driven}
    rows: list[Sequence[str]] = [
        (
            each.title,
            f"{min(parent[each.name]):.2f}",
            f"{min(child[each.name]):.2f}",
            f"{cpu_above(both[each.name], both[NOTHING.name]):.2f}" if each is not NOTHING else "",
            str(threads[each.name]),
        )
        for each in _CONTESTANTS
    ]
    numbers: dict[str, Any] = {"parent_ms": parent, "child_ms": child, "threads": threads}
    return Section(
        name="forks",
        title="CPU per fork, and threads in a worker",
        method=(
            f"The same held run, after {_TASKS_BEFORE * 100:,} host results, forks processes as Ansible forks its "
            f"workers, which count their threads and end; {_ROUNDS} rounds of {_FORKS} forks, taking turns."
        ),
        columns=("callback", "parent, ms", "child, ms", "both above no callback, ms", "threads in the child"),
        rows=rows,
        budgets=(Budget("threads in a worker", "", 1, single(threads[DEPLOYTRACE.name])),),
        numbers=numbers,
    )
