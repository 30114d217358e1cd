"""The list of recorded runs, newest first: a line each, or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ..run.model import Outcome
from .paper import on_paper, wrapped
from .styles import DIM, OUTCOME_STYLES
from .wording import cut_middle, duration, local_time, neutral_line

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
    """Return the list as text under a line of headings, and below it why some of the runs wait.

    Lines have at most ``width`` terminal cells.
    """
    names = [neutral_line(PurePath(line.playbook).name) for line in lines]
    column = max(len("playbook"), min(max(map(cell_len, names), default=0), max(8, width // 3)))
    headings = ("run".ljust(_ID), "start".ljust(19), "playbook".ljust(column), "duration", "outcome".ljust(11), "trace")
    table = [Text(_GAP.join(headings), style=DIM)]
    for line, name in zip(lines, names, strict=True):
        name = cut_middle(name, column)
        text = Text(line.run_id[:_ID] + _GAP).append(local_time(line.start)[:19] + _GAP, style=DIM)
        text.append(name + " " * (column - cell_len(name)) + _GAP, style="bold")
        text.append(duration(line.duration_ns).rjust(8) + _GAP)
        text.append(line.outcome.value.ljust(11) + _GAP, style=OUTCOME_STYLES[line.outcome])
        table.append(text.append(_delivery(line), style="red" if line.trouble else DIM))
    for text in table:
        text.truncate(width, overflow="ellipsis")
    return on_paper([*table, *_troubles(lines, width)], width, color=color, ascii_only=ascii_only)


def _delivery(line: RunLine) -> str:
    """Return the word for where a run's trace is."""
    return "in a file" if line.delivery == "delivered" and line.destination.startswith("/") else line.delivery


def _troubles(lines: Sequence[RunLine], width: int) -> Iterator[Text]:
    """Yield why runs wait, each reason once."""
    reasons = Counter(line.trouble for line in lines if line.trouble)
    for reason, count in reasons.most_common():
        sentence = f"{count} {'wait' if count > 1 else 'waits'}: {neutral_line(reason)}"
        yield Text()
        yield from wrapped((Text(word, "red") for word in sentence.split(" ")), width, between=Text(" "))
