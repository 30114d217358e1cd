"""What Ansible's process grows by in a long run: each megabyte that it holds also makes every fork dearer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import DEPLOYTRACE, LISTENING, OPENTELEMETRY_LOGS, Contestant
from benchmarks.driven import Driven, driving
from benchmarks.report import Budget, Section
from benchmarks.samples import single
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_HOSTS = 1000
_TASKS = {LISTENING.name: 100, DEPLOYTRACE.name: 100, OPENTELEMETRY_LOGS.name: 6}


def measure(setting: Setting) -> Section:
    """Measure the growth from the 1,000th host result on, and extrapolate it to the 1,000,000th."""
    rows: list[Sequence[str]] = []
    grown: dict[str, tuple[int, int, int]] = {}
    hooks: Sequence[str] = ()
    for each in (DEPLOYTRACE, LISTENING, OPENTELEMETRY_LOGS):
        with driving(setting, each, version=NEWEST_STABLE, hosts=_HOSTS, hooks=hooks) as driven:
            hooks = hooks or driven.hooks
            results, growth, at_end = grown[each.name] = _growth(setting, each, driven)
            by_million = f"{growth / results * 0.999:,.1f}"
            bytes_each = f"{growth / results:,.1f}", f"{(growth + at_end) / results:,.1f}"
            rows.append((each.title, f"{results:,}", f"{growth / 1e6:.2f}", *bytes_each, by_million))
    results, growth, _ = grown[DEPLOYTRACE.name]
    numbers: dict[str, Any] = {"grown": grown}
    return Section(
        name="memory",
        title="Memory of Ansible's process in a long run",
        method=(
            f"Resident memory of the held run after a garbage collection, tasks on {_HOSTS:,} hosts: growth after the "
            "1,000th host result, and what it makes by the 1,000,000th if it goes on like that; *with the end*: once "
            "the callbacks have been told that the run is over."
        ),
        columns=("callback", "host results", "growth, MB", "bytes each", "with the end", "by the 1,000,000th, MB"),
        rows=rows,
        budgets=(
            Budget("growth from the 1,000th to the 1,000,000th result", "MB", 5, single(growth / results * 0.999)),
        ),
        numbers=numbers,
    )


def _growth(setting: Setting, contestant: Contestant, driven: Driven) -> tuple[int, int, int]:
    """Return how many results there were, and the bytes grown by meanwhile and at the end of the run."""
    driven.dispatch("ok", 1)
    before = driven.memory()
    tasks = setting.times(_TASKS[contestant.name])
    driven.dispatch("ok", tasks)
    after = driven.memory()
    driven.finish()
    return tasks * _HOSTS, after - before, driven.memory() - after
