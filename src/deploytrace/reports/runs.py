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
_DURATION, _OUTCOME = 8, 11  # columns
_TRACE = len("in a file")
_PLAYBOOK = "playbook"
_SHORT_NAME = 14  # columns of a playbook's name for which others give way
_LAYOUTS = ((slice(0, 19), True), (slice(5, 16), True), (slice(5, 16), False), (slice(0, 0), False))
"""Which part of the start is shown, and whether where the trace is, the widest first."""


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
    longest = max(len(_PLAYBOOK), *map(cell_len, names), 0)
    start, with_trace, room = _layout(width, longest)
    column = max(len(_PLAYBOOK), min(longest, width // 3, room))
    moments = [local_time(line.start)[start] for line in lines]
    headings = ["run".ljust(_ID), "start".ljust(start.stop - start.start) if start.stop else ""]
    headings += [_PLAYBOOK.ljust(column), "duration".rjust(_DURATION), "outcome".ljust(_OUTCOME)]
    table = [_row([Text(each) for each in headings] + [Text("trace")] * with_trace, DIM)]
    for line, name, moment in zip(lines, names, moments, strict=True):
        name = cut_middle(name, column)
        cells = [Text(line.run_id[:_ID]), Text(moment, DIM), Text(name + " " * (column - cell_len(name)), "bold")]
        cells.append(Text(duration(line.duration_ns).rjust(_DURATION)))
        cells.append(Text(line.outcome.value.ljust(_OUTCOME), OUTCOME_STYLES[line.outcome]))
        cells += [Text(_delivery(line), "red" if line.trouble else DIM)] * with_trace
        table.append(_row(cells))
    for text in table:
        text.truncate(width, overflow="ellipsis")
    return on_paper([*table, *_troubles(lines, width)], width, color=color, ascii_only=ascii_only)


def _layout(width: int, longest: int) -> tuple[slice, bool, int]:
    """Return which part of the start fits, whether where the trace is does, and what is left for the playbook."""
    others = _ID + _DURATION + _OUTCOME + 3 * len(_GAP)
    for start, trace in _LAYOUTS:
        moment = start.stop - start.start
        room = width - others - (moment + len(_GAP) if moment else 0) - (_TRACE + len(_GAP) if trace else 0)
        if room >= min(longest, _SHORT_NAME):
            break
    return start, trace, room


def _row(cells: Sequence[Text], style: str = "") -> Text:
    """Return the cells that say something in one line."""
    text = Text(_GAP, style).join([cell for cell in cells if cell.plain])
    text.rstrip()
    return text


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
