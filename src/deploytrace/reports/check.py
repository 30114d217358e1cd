"""What was slower than usual in a run: for the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ..analysis.regression import Regressions, Unusual
from ..run.summary import Summary
from .paper import on_paper, wrapped
from .slower import NEEDED, more_of, name_of, task_name, too_few
from .styles import DIM
from .wording import cut_middle, duration, local_time, neutral_line

__all__ = ["as_json", "render"]

_ID = 8
_TIME = 9  # columns of a time
_FIXED = 3 * (_TIME + 1)  # columns beside the names
_NOTEWORTHY_NS = 50_000_000
_MOST_UNKNOWN = 3  # that are named


def as_json(run_id: str, regressions: Regressions | None) -> dict[str, Any]:
    """Return the findings for programs; times in seconds. ``compared_with`` is 0 where nothing is known to compare."""
    if regressions is None:
        return {"run_id": run_id, "compared_with": 0, "regressed": False, "run": None, "tasks": [], "unknown": []}
    return {
        "run_id": run_id,
        "compared_with": regressions.runs,
        "regressed": bool(regressions),
        "seconds": regressions.duration_ns / 1e9,
        "usual": regressions.usual_ns / 1e9,
        "shift": regressions.shift_ns / 1e9,
        "run": None if regressions.whole is None else _times(regressions.whole),
        "tasks": [
            {
                "role": each.key.role or None if each.key else None,
                "task": each.key.name if each.key else None,
                **_times(each),
            }
            for each in regressions.tasks
        ],
        "unknown": [
            {"role": task.key.role or None, "task": task.key.name, "seconds": task.wall_ns / 1e9}
            for task in regressions.unknown
        ],
    }


def _times(slower: Unusual) -> dict[str, float]:
    return {"seconds": slower.ns / 1e9, "usual": slower.usual_ns / 1e9, "limit": slower.limit_ns / 1e9}


def render(
    summary: Summary,
    regressions: Regressions | None,
    width: int,
    *,
    comparable: int | None = None,
    color: bool = False,
    ascii_only: bool = False,
) -> str:
    """Return the findings as text, lines of at most ``width`` terminal cells.

    Where there are none, ``comparable`` is how many runs there are to compare with.
    """
    started = f"  {local_time(summary.start)[:19]}  {neutral_line(summary.context.playbook)}  "
    lines = [Text().append(summary.run_id[:_ID], "bold").append(started, DIM).append(summary.outcome, DIM), Text()]
    if regressions is not None:
        lines += [*_findings(regressions, width), Text()]
    for sentence in _remarks(regressions) if regressions is not None else (too_few(comparable), NEEDED):
        lines += wrapped((Text(word, DIM) for word in sentence.split(" ")), width, between=Text(" "))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _findings(regressions: Regressions, width: int) -> Iterator[Text]:
    slower = [*filter(None, (regressions.whole,)), *regressions.tasks]
    if not slower:
        yield Text().append("Nothing was slower than usual", "bold green")
        return
    names = [name_of(each) for each in slower]
    room = max(10, min(max(map(cell_len, names)), width - _FIXED))
    yield Text(f"{'':{room}} {'time':>{_TIME}} {'usually':>{_TIME}} {'more':>{_TIME}}", DIM)
    for each, name in zip(slower, names, strict=True):
        name, style = cut_middle(name, room), "bold" if each.key is None else ""
        line = Text().append(name + " " * (room - cell_len(name)), style)
        line.append(f" {duration(each.ns):>{_TIME}} {duration(each.usual_ns):>{_TIME}}", style)
        yield line.append(f" {more_of(each):>{_TIME}}", "bold red")


def _remarks(regressions: Regressions) -> Iterator[str]:
    if regressions.shift_ns >= _NOTEWORTHY_NS:
        yield f"Tasks took {duration(regressions.shift_ns)} longer in common: the controller or connections."
    if unknown := [task for task in regressions.unknown if task.wall_ns >= _NOTEWORTHY_NS]:
        names = [f"{task_name(task.key)} ({duration(task.wall_ns)})" for task in unknown[:_MOST_UNKNOWN]]
        more = len(unknown) - len(names)
        names += [f"{more} more"] if more else []
        yield f"Not compared, since new or with another outcome than usually: {', '.join(names)}."
    yield f"What is usual is told by {regressions.runs} comparable runs."
