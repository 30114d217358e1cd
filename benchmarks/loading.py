"""What it costs to be loaded: CPU and memory before the first task, in every run, however short."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import DEPLOYTRACE, DEPLOYTRACE_SENDING, NOTHING, OPENTELEMETRY
from benchmarks.driven import driving
from benchmarks.report import Budget, Section
from benchmarks.samples import Measured, cpu_above
from benchmarks.setting import NEWEST_STABLE, Setting

__all__ = ["measure"]

_CONTESTANTS = (NOTHING, DEPLOYTRACE, DEPLOYTRACE_SENDING, OPENTELEMETRY)
_ROUNDS = 9


def measure(setting: Setting) -> Section:
    """Measure fresh runs of each contestant, taking turns, after one that fills the caches."""
    cpu: dict[str, list[float]] = {each.name: [] for each in _CONTESTANTS}
    memory: dict[str, list[float]] = {each.name: [] for each in _CONTESTANTS}
    for number in range(1 + setting.times(_ROUNDS)):
        for each in _CONTESTANTS:
            with driving(setting, each, version=NEWEST_STABLE, hosts=1) as driven:
                if number:
                    cpu[each.name].append(driven.loading_cpu / 1e6)
                    memory[each.name].append(driven.loading_memory / 1e6)
    above_cpu = {name: cpu_above(values, cpu[NOTHING.name]) for name, values in cpu.items()}
    above_memory = {name: cpu_above(values, memory[NOTHING.name]) for name, values in memory.items()}
    rows: list[Sequence[str]] = [
        (each.title, f"{above_cpu[each.name]:.0f}", f"{above_memory[each.name]:.1f}") for each in _CONTESTANTS[1:]
    ]
    ours: tuple[Measured, Measured] = (above_cpu[DEPLOYTRACE.name], above_memory[DEPLOYTRACE.name])
    return Section(
        name="loading",
        title="Loading",
        method=(
            "CPU time of Ansible's process, and what its memory grows by, from before it loads its callbacks until "
            "after they have been told that a playbook begins, the start of the sidecar included; above a run without "
            f"a callback beside it, {_ROUNDS} fresh runs each."
        ),
        columns=("callback", "CPU, ms", "memory, MB"),
        rows=rows,
        budgets=(
            Budget("CPU of loading", "ms", 25, ours[0]),
            Budget("memory of loading", "MB", 3, ours[1]),
        ),
        numbers={"cpu_ms": cpu, "memory_mb": memory},
    )
