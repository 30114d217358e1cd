"""Two runs side by side: what of it is more than noise, and what else is different; for people or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ..analysis.comparison import Compared, Comparison, Verdict
from ..run.summary import Summary, TaskKey
from .paper import on_paper, wrapped
from .styles import DIM
from .wording import cut, cut_middle, duration, local_time, neutral, neutral_line

__all__ = ["as_json", "render"]

_TIME = 9  # columns of a time
_FIXED = 4 * (_TIME + 1) + 2  # columns beside the names
_WHOLE = "the whole run"
_ID = 8
_MARKS = {Verdict.ADDED: "+", Verdict.REMOVED: "-", Verdict.SLOWER: "▲", Verdict.FASTER: "▼", Verdict.SAME: " "}
_PLAIN = {"▲": "^", "▼": "v", "→": "->"}
_WORSE = (Verdict.ADDED, Verdict.SLOWER)
_VALUE = 40  # cells of a circumstance


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for programs; times in seconds, null where a task is not in a run."""
    return {
        "a": _run(comparison.a),
        "b": _run(comparison.b),
        "duration": _times(comparison.duration),
        "shift": comparison.shift_ns / 1e9,
        "runs": comparison.runs,
        "context": [{"name": change.name, "a": change.a, "b": change.b} for change in comparison.context],
        "tasks": [
            {
                "role": task.key.role or None,
                "task": task.key.name,
                "play": task.key.play,
                "file": task.key.place,
                "occurrence": task.key.nth,
                **_times(task),
                "a_outcome": task.a_outcome,
                "b_outcome": task.b_outcome,
            }
            for task in comparison.tasks
        ],
    }


def _run(summary: Summary) -> dict[str, Any]:
    return {
        "run_id": summary.run_id,
        "playbook": summary.context.playbook,
        "start": summary.start / 1e9,
        "duration": summary.duration_ns / 1e9,
        "outcome": summary.outcome,
    }


def _times(compared: Compared) -> dict[str, Any]:
    return {
        "a": None if compared.a_ns is None else compared.a_ns / 1e9,
        "b": None if compared.b_ns is None else compared.b_ns / 1e9,
        "limit": compared.limit_ns / 1e9,
        "significant": compared.significant,
        "verdict": compared.verdict.value,
    }


def render(
    comparison: Comparison, width: int, *, everything: bool = False, color: bool = False, ascii_only: bool = False
) -> str:
    """Return the comparison as text, lines of at most ``width`` terminal cells; ``everything``: with all tasks."""
    lines = list(_lines(comparison, width, everything))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    text = on_paper(lines, width, color=color, ascii_only=False)
    if ascii_only:
        for mark, plain in _PLAIN.items():
            text = text.replace(mark, plain)
        text = text.replace("…", "~").encode("ascii", "backslashreplace").decode("ascii")
    return text


def _lines(comparison: Comparison, width: int, everything: bool) -> Iterator[Text]:
    a, b = comparison.a, comparison.b
    for name, run in (("a", a), ("b", b)):
        yield (
            Text()
            .append(f"{name}  ", DIM)
            .append(run.run_id[:_ID], "bold")
            .append(f"  {local_time(run.start)[:19]}  {neutral_line(run.context.playbook)}  {run.outcome}", DIM)
        )
    for change in comparison.context:
        before, after = (cut(neutral_line(value), _VALUE) or "none" for value in (change.a, change.b))
        yield Text().append(f"   {change.name}: ", DIM).append(f"{before} → {after}")
    yield Text()
    shown = comparison.tasks if everything else comparison.significant
    names = [_name(task.key) for task in shown]
    longest = max(map(cell_len, [*names, _WHOLE]))
    narrow = longest + _FIXED > width  # then names are worth more than the noise
    room = max(10, min(longest, width - _FIXED + narrow * (_TIME + 1)))
    noise = "" if narrow else f" {'noise':>{_TIME}}"
    yield Text(f"  {'':{room}} {'a':>{_TIME}} {'b':>{_TIME}} {'change':>{_TIME}}{noise}", DIM)
    yield _line(_WHOLE, comparison.duration, room, "bold", narrow)
    for task, name in zip(shown, names, strict=True):
        yield _line(name, task, room, "" if task.significant else DIM, narrow)
    yield Text()
    for sentence in _remarks(comparison, everything):
        yield from wrapped((Text(word, DIM) for word in sentence.split(" ")), width, between=Text(" "))


def _line(name: str, compared: Compared, room: int, style: str, narrow: bool) -> Text:
    colour = ("red" if compared.verdict in _WORSE else "green") if compared.significant else ""
    name = cut_middle(name, room)
    times = f"{_time(compared.a_ns):>{_TIME}} {_time(compared.b_ns):>{_TIME}} "
    line = Text(f"{_MARKS[compared.verdict]} ", colour or style).append(name, style)
    line.append(" " * (room - cell_len(name)) + f" {times}", style)
    difference = compared.difference_ns
    line.append(f"{'+' if difference >= 0 else '-'}{duration(abs(difference))}".rjust(_TIME), colour or style)
    return line if narrow else line.append(f" {duration(compared.limit_ns):>{_TIME}}", DIM)


def _remarks(comparison: Comparison, everything: bool) -> Iterator[str]:
    within = sum(not task.significant for task in comparison.tasks)
    if within and not everything:
        most = max(abs(task.difference_ns) for task in comparison.tasks if not task.significant)
        tasks = f"{within} {'other ' if comparison.significant else ''}task{'s' if within > 1 else ''}"
        yield f"{tasks} within the noise, at most {duration(most)} apart; --all shows them."
    if abs(comparison.shift_ns) >= 50_000_000:
        slower = "slower" if comparison.shift_ns > 0 else "faster"
        yield f"Tasks of b are {duration(abs(comparison.shift_ns))} {slower} in common: the controller or connections."
    told = f"{comparison.runs} other runs of this kind" if comparison.runs else "the two runs alone"
    yield f"The noise is told by {told}."


def _time(ns: int | None) -> str:
    return "-" if ns is None else duration(ns)


def _name(key: TaskKey) -> str:
    name = neutral(f"{key.role} | {key.name}" if key.role else key.name)
    return f"{name} (#{key.nth})" if key.nth > 1 else name
