"""What was measured, for people and programs: a table in the terminal, JSON, and the figures of docs/performance.md."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.samples import Measured

__all__ = ["Budget", "Section", "budgets_table", "markdown", "rewrite", "terminal", "write_json"]

_BEGIN = "<!-- figures: written by `make benchmark` -->"
_END = "<!-- end of figures -->"


@dataclass(frozen=True)
class Budget:
    """One limit of the design, and what was measured."""

    what: str
    unit: str
    limit: float
    measured: Measured
    at_least: bool = False
    """The limit is the least that is allowed, not the most."""

    @property
    def holds(self) -> bool:
        """Whether what was measured keeps to the limit."""
        return self.measured.value >= self.limit if self.at_least else self.measured.value <= self.limit


@dataclass(frozen=True)
class Section:
    """One measurement's outcome: a table, the budgets that it decides, and the numbers behind both."""

    name: str
    title: str
    method: str
    """How it was measured, in a few sentences."""
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    budgets: Sequence[Budget] = ()
    numbers: dict[str, Any] = field(default_factory=dict)


def terminal(section: Section) -> str:
    """Return a section as text for the terminal."""
    table = [section.columns, *[[cell.replace("*", "").replace("`", "") for cell in row] for row in section.rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(section.columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([f"\n{section.title}", lines[0], "-" * len(lines[0]), *lines[1:]])


def budgets_table(sections: Sequence[Section]) -> Section:
    """Return all budgets as a section of its own."""
    return Section(
        name="budgets",
        title="Budgets",
        method="The limits that the design sets, each against what was measured in this run.",
        columns=("budget", "limit", "measured", ""),
        rows=[
            (
                budget.what,
                f"{'at least' if budget.at_least else 'at most'} {budget.limit:g} {budget.unit}",
                f"{_rounded(budget.measured)} {budget.unit}",
                "holds" if budget.holds else "**DOES NOT HOLD**",
            )
            for section in sections
            for budget in section.budgets
        ],
    )


def markdown(sections: Sequence[Section], circumstances: str) -> str:
    """Return the generated part of docs/performance.md."""
    parts = [circumstances]
    for section in [budgets_table(sections), *sections]:
        table = [section.columns, ["---"] * len(section.columns), *section.rows]
        rows = "\n".join("| " + " | ".join(row) + " |" for row in table)
        parts.append(f"## {section.title}\n\n{section.method}\n\n{rows}")
    return "\n\n".join(parts)


def circumstances() -> str:
    """Return one sentence about the machine and how busy it has been before now."""
    cores = os.cpu_count() or 1
    load = os.getloadavg()[1]
    idle = load < cores * 0.75
    busy = (
        "otherwise idle" if idle else f"with other work on it (load average {load:.1f}), so the figures are rather high"
    )
    return f"Measured on a Linux machine with {cores} {platform.machine()} cores, {busy}."


def rewrite(page: Path, sections: Sequence[Section], sentence: str) -> None:
    """Replace the generated part of a page; `ValueError` where it has no place for one."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{page} has no lines {_BEGIN!r} and {_END!r}")
    page.write_text(f"{before}{begin}\n\n{markdown(sections, sentence)}\n\n{end}{after}", encoding="utf-8")


def write_json(path: Path, sections: Sequence[Section], sentence: str) -> None:
    """Write everything that was measured, the numbers behind the tables included."""
    document = {"circumstances": sentence, "sections": [dataclasses.asdict(section) for section in sections]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _rounded(value: Measured) -> str:
    digits = 0 if abs(value.value) >= 100 else 1 if abs(value.value) >= 10 else 3 if abs(value.value) < 1.1 else 2
    return f"{value:,.{digits}f}"
