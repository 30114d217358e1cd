"""What Ansible's process grows by in a long run: each megabyte that it holds also makes every fork dearer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contestants import DEPLOYTRACE, LISTENING, OPENTELEMETRY_LOGS, Contestant
from benchmarks.driven import driving
from benchmarks.report import Budget, Section
from benchmarks.samples import spread
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_HOSTS = 1000
_TASKS = {LISTENING.name: 100, DEPLOYTRACE.name: 100, OPENTELEMETRY_LOGS.name: 6}


def measure(setting: Setting) -> Section:
    """Measure the growth from the 1,000th host result on, and extrapolate it to the 1,000,000th."""
    rows: list[Sequence[str]] = []
    grown: dict[str, tuple[int, float]] = {}
    hooks: Sequence[str] = ()
    for each in (DEPLOYTRACE, LISTENING, OPENTELEMETRY_LOGS):
        with driving(setting, each, version=NEWEST_STABLE, hosts=_HOSTS, hooks=hooks) as driven:
            hooks = hooks or driven.hooks
            grown[each.name] = results, growth = _growth(setting, each, driven)
            per_result = growth / results
            rows.append(
                (
                    each.title,
                    f"{results:,}",
                    f"{growth / 1e6:.2f}",
                    f"{per_result:,.1f}",
                    f"{per_result * 999_000 / 1e6:,.1f}",
                )
            )
    results, growth = grown[DEPLOYTRACE.name]
    numbers: dict[str, Any] = {"grown": grown}
    return Section(
        name="memory",
        title="Memory of Ansible's process in a long run",
        method=(
            f"Resident memory of the held run after a garbage collection, tasks on {_HOSTS:,} hosts: growth after the "
            "1,000th host result, and what it makes by the 1,000,000th if it goes on like that."
        ),
        columns=("callback", "host results", "growth, MB", "bytes per host result", "by the 1,000,000th, MB"),
        rows=rows,
        budgets=(
            Budget("growth from the 1,000th to the 1,000,000th result", "MB", 5, spread([growth / results * 0.999])),
        ),
        numbers=numbers,
    )


def _growth(setting: Setting, contestant: Contestant, driven: Any) -> tuple[int, float]:
    driven.dispatch("ok", 1)
    before = driven.memory()
    tasks = setting.times(_TASKS[contestant.name])
    driven.dispatch("ok", tasks)
    return tasks * _HOSTS, float(driven.memory() - before)
