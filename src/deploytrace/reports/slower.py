"""What was slower than usual in a run, in words: for the report at its end, the mail and the page."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.regression import Regressions, Unusual
from ..analysis.usual import FEWEST
from ..run.summary import TaskKey
from .wording import duration, neutral

__all__ = ["NEEDED", "lines", "more_of", "name_of", "task_name", "too_few"]

NEEDED = f"It takes {FEWEST} that went well, of the same playbook and environment, on about as many hosts."
"""What it takes to tell, in a sentence."""


def too_few(comparable: int | None) -> str:
    """Return, in a sentence, that nothing is known to compare with; ``comparable`` runs there are, None: a few."""
    if comparable is None:
        return "There are too few comparable runs before it to tell."
    runs = "is 1 comparable run" if comparable == 1 else f"are {comparable or 'no'} comparable runs"
    return f"There {runs}: too few to tell."


def lines(regressions: Regressions | None, limit: int = 10) -> Iterator[str]:
    """Yield a line for the run and each of its ``limit`` worst tasks, none where nothing was slower than usual."""
    if not regressions:
        return
    if regressions.whole is not None:
        yield _in_short(regressions.whole)
    for each in regressions.tasks[:limit]:
        yield _in_short(each)
    if len(regressions.tasks) > limit:
        yield f"and {len(regressions.tasks) - limit} more tasks"


def _in_short(slower: Unusual) -> str:
    """Return what was slower than usual in one line."""
    more = f" ({more_of(slower)})" if slower.usual_ns else ""
    return f"{name_of(slower)}: {duration(slower.ns)}, usually {duration(slower.usual_ns)}{more}"


def name_of(slower: Unusual) -> str:
    """Return the name of what was slower: a task with its role, or the run."""
    return "the whole run" if slower.key is None else task_name(slower.key)


def task_name(key: TaskKey) -> str:
    """Return a task's name with its role."""
    return neutral(f"{key.role} | {key.name}" if key.role else key.name)


def more_of(slower: Unusual) -> str:
    """Return by what share it took longer; "" where it usually takes no time."""
    return f"+{slower.excess_ns / slower.usual_ns:.0%}" if slower.usual_ns else ""
