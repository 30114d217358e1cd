"""The list of recorded runs, newest first: a line each, or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ..run.model import Outcome
from .paper import on_paper
from .styles import DIM, OUTCOME_STYLES
from .wording import cut, cut_middle, duration, local_time, neutral_line

__all__ = ["RunLine", "as_json", "render"]

_ID = 8  # digits of a run id that are shown; enough to name it
_GAP = "  "


@dataclass(frozen=True)
class RunLine:
    """One run in short. ``start`` is Unix time and ``duration_ns`` how long it took, or has taken so far, both in ns.

    ``delivery`` is running, delivered or waiting; ``destination`` where its trace is or is to be; ``trouble`` why it
    waits.
    """

    run_id: str
    trace_id: str
    playbook: str
    outcome: Outcome
    start: int
    duration_ns: int
    delivery: str
    destination: str = ""
    trouble: str = ""


def as_json(lines: Sequence[RunLine]) -> list[dict[str, Any]]:
    """Return the list as JSON values; times in Unix seconds, durations in seconds."""
    return [
        {
            "run_id": line.run_id,
            "trace_id": line.trace_id,
            "playbook": line.playbook,
            "outcome": line.outcome.value,
            "start": line.start / 1e9,
            "duration": line.duration_ns / 1e9,
            "delivery": line.delivery,
            "destination": line.destination or None,
            "trouble": line.trouble or None,
        }
        for line in lines
    ]


def render(lines: Sequence[RunLine], width: int, *, color: bool = False, ascii_only: bool = False) -> str:
    """Return the list as text of at most ``width`` terminal cells a line, under a line of headings."""
    names = [neutral_line(PurePath(line.playbook).name) for line in lines]
    column = max(len("playbook"), min(max(map(cell_len, names), default=0), max(8, width // 3)))
    headings = (
        "run".ljust(_ID),
        "start".ljust(19),
        "playbook".ljust(column),
        "duration",
        "outcome".ljust(11),
        "delivery",
    )
    table = [Text(cut(_GAP.join(headings), width), style=DIM)]
    for line, name in zip(lines, names, strict=True):
        name = cut_middle(name, column)
        text = Text(line.run_id[:_ID] + _GAP).append(local_time(line.start)[:19] + _GAP, style=DIM)
        text.append(name + " " * (column - cell_len(name)) + _GAP, style="bold")
        text.append(duration(line.duration_ns).rjust(8) + _GAP)
        text.append(line.outcome.value.ljust(11) + _GAP, style=OUTCOME_STYLES[line.outcome])
        text.append(_delivery(line), style="red" if line.trouble else DIM)
        text.truncate(width, overflow="ellipsis")
        table.append(text)
    return on_paper(table, width, color=color, ascii_only=ascii_only)


def _delivery(line: RunLine) -> str:
    """Return the words for where a run's trace is."""
    if line.trouble:
        return f"{line.delivery}: {neutral_line(line.trouble)}"
    if line.delivery == "delivered" and line.destination:
        return "in a file" if line.destination.startswith("/") else f"delivered to {neutral_line(line.destination)}"
    return line.delivery
