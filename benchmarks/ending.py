"""How much longer a command takes to end, with everything reachable and with a destination that never answers."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import (
    DEPLOYTRACE,
    DEPLOYTRACE_SENDING,
    DEPLOYTRACE_SILENT,
    NOTHING,
    OPENTELEMETRY_LOGS,
    OPENTELEMETRY_SILENT,
)
from benchmarks.report import Budget, Section
from benchmarks.runs import whole_run
from benchmarks.samples import wall, wall_above
from benchmarks.setting import Setting

__all__ = ["measure"]

_OFTEN = (NOTHING, DEPLOYTRACE, DEPLOYTRACE_SENDING, DEPLOYTRACE_SILENT, OPENTELEMETRY_LOGS)
_ROUNDS = 5
_HOSTS = 20


def measure(setting: Setting) -> Section:
    """Measure the ends of runs of 200 host results; the peer with a silent endpoint once, since it takes so long."""
    took: dict[str, list[float]] = {each.name: [] for each in (*_OFTEN, OPENTELEMETRY_SILENT)}
    for number in range(setting.times(_ROUNDS)):
        for each in (*_OFTEN, *([OPENTELEMETRY_SILENT] if number == 0 else [])):
            with setting.ansible() as ansible:
                took[each.name].append(whole_run(setting, ansible, each, "fleet.yml", hosts=_HOSTS).end)
    above = {name: wall_above(values, took[NOTHING.name]) for name, values in took.items() if values}
    rows: list[Sequence[str]] = [
        (each.title, f"{wall(took[each.name]).value:.2f}", f"{above[each.name]:.2f}" if each is not NOTHING else "")
        for each in (*_OFTEN, OPENTELEMETRY_SILENT)
    ]
    return Section(
        name="ending",
        title="From the statistics to the exit",
        method=(
            "Wall time from the moment Ansible would show the statistics until its process has ended; runs of "
            f"{_HOSTS} hosts and ten tasks, {_ROUNDS} of each in turns. The silent endpoint accepts connections and "
            "never answers."
        ),
        columns=("callback", "seconds", "above no callback, seconds"),
        rows=rows,
        budgets=(
            Budget("end of the run, spans to a file", "s", 0.3, above[DEPLOYTRACE.name]),
            Budget("end of the run, endpoint reachable", "s", 0.3, above[DEPLOYTRACE_SENDING.name]),
            Budget("end of the run, endpoint silent", "s", 1.0, above[DEPLOYTRACE_SILENT.name]),
        ),
        numbers={"seconds": took},
    )
