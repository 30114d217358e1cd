"""What was slower than usual in a run: for the terminal, the report at a run's end, the mail, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..analysis.regression import Regressions, Unusual
from ..analysis.usual import FEWEST
from .wording import duration, neutral

__all__ = ["NEEDED", "as_json", "in_short", "lines", "too_few"]

NEEDED = f"It takes {FEWEST} that went well, of the same playbook and environment, on about as many hosts."
"""What it takes to tell, in a sentence."""


def too_few(comparable: int | None) -> str:
    """Return, in a sentence, that nothing is known to compare with; ``comparable`` runs there are, None: a few."""
    if comparable is None:
        return "There are too few comparable runs before it to tell."
    runs = "is 1 comparable run" if comparable == 1 else f"are {comparable} comparable runs"
    return f"There {runs}: too few to tell."


def as_json(run_id: str, regressions: Regressions | None) -> dict[str, Any]:
    """Return the findings for programs; times in seconds. ``compared_with`` is 0 where nothing is known to compare."""
    if regressions is None:
        return {"run_id": run_id, "compared_with": 0, "regressed": False, "run": None, "tasks": []}
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
    }


def _times(slower: Unusual) -> dict[str, float]:
    return {"seconds": slower.ns / 1e9, "usual": slower.usual_ns / 1e9, "limit": slower.limit_ns / 1e9}


def lines(regressions: Regressions | None, limit: int = 10) -> Iterator[str]:
    """Yield a line for the run and each of its ``limit`` worst tasks, none where nothing was slower than usual."""
    if not regressions:
        return
    if regressions.whole is not None:
        yield in_short(regressions.whole)
    for each in regressions.tasks[:limit]:
        yield in_short(each)
    if len(regressions.tasks) > limit:
        yield f"and {len(regressions.tasks) - limit} more tasks"


def in_short(slower: Unusual) -> str:
    """Return what was slower than usual in one line."""
    key = slower.key
    name = "the whole run" if key is None else neutral(f"{key.role} | {key.name}" if key.role else key.name)
    more = f" (+{slower.excess_ns / slower.usual_ns:.0%})" if slower.usual_ns else ""
    return f"{name}: {duration(slower.ns)}, usually {duration(slower.usual_ns)}{more}"
