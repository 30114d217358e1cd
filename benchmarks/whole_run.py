"""What a whole run's main process takes with each contestant, against one without any."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.contestants import DEPLOYTRACE, LISTENING, NOTHING, OPENTELEMETRY, OPENTELEMETRY_LOGS
from benchmarks.report import Budget, Section
from benchmarks.runs import whole_run
from benchmarks.samples import cpu_above, cpu_ratio
from benchmarks.setting import Setting

__all__ = ["measure"]

_HOSTS = 40
_RESULTS = 40 * _HOSTS
_ROUNDS = {NOTHING.name: 5, LISTENING.name: 5, DEPLOYTRACE.name: 5, OPENTELEMETRY.name: 1, OPENTELEMETRY_LOGS.name: 1}


def measure(setting: Setting) -> Section:
    """Measure whole runs in turns."""
    contestants = (NOTHING, LISTENING, DEPLOYTRACE, OPENTELEMETRY, OPENTELEMETRY_LOGS)
    cpu: dict[str, list[float]] = {each.name: [] for each in contestants}
    faults: dict[str, list[int]] = {each.name: [] for each in contestants}
    for number in range(max(map(setting.times, _ROUNDS.values()))):
        for each in contestants:
            if number < setting.times(_ROUNDS[each.name]):
                with setting.ansible() as ansible:
                    run = whole_run(setting, ansible, each, "long_fleet.yml", hosts=_HOSTS, output="shown")
                    cpu[each.name].append(run.cpu)
                    faults[each.name].append(run.faults)
    rows: list[Sequence[str]] = []
    for each in contestants:
        nothing = cpu[NOTHING.name]
        above = cpu_above(cpu[each.name], nothing)
        rows.append(
            (
                each.title,
                f"{min(cpu[each.name]):.2f}",
                f"{cpu_ratio(cpu[each.name], nothing):.3f}" if each is not NOTHING else "",
                f"{above.value / _RESULTS * 1e6:,.0f}" if each is not NOTHING else "",
                f"{statistics.median(faults[each.name]) / _RESULTS:,.0f}",
            )
        )
    return Section(
        name="whole_run",
        title="A whole run",
        method=(
            f"CPU of Ansible's main process in whole runs of {_HOSTS} hosts and forty `debug` tasks ({_RESULTS:,} host "
            "results, ten forks) with Ansible's own output, in turns with runs without a callback; of each the fastest."
        ),
        columns=(
            "callback",
            "CPU, s",
            "times no callback",
            "µs above, per host result",
            "page faults per host result",
        ),
        rows=rows,
        budgets=(
            Budget(
                "CPU of a whole run", "times no callback", 1.01, cpu_ratio(cpu[DEPLOYTRACE.name], cpu[NOTHING.name])
            ),
        ),
        numbers={"cpu_s": cpu, "faults": faults},
    )
