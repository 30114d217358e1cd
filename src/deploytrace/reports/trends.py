"""What the latest runs spend their time on: a line each, with the usual time, its share and its trend; or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from ..analysis.trends import Trend
from ..run.summary import TaskKey
from .paper import on_paper, wrapped
from .styles import DIM
from .wording import cut_middle, duration, neutral

__all__ = ["as_json", "render"]

_TIME = 8
_BARS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 16
_NOTABLE = 0.1  # of a trend that is coloured


def as_json(trends: Sequence[Trend], by: str, playbook: str) -> list[dict[str, Any]]:
    """Return the lines for programs; times in seconds, ``seconds`` is the median."""
    return [
        {
            **_named(trend.key, by),
            "playbook": playbook,
            "seconds": trend.median_ns / 1e9,
            "p95": trend.p95_ns / 1e9,
            "total_seconds": trend.total_ns / 1e9,
            "share": trend.share,
            "trend": trend.change,
            "count": trend.runs,
        }
        for trend in trends
    ]


def _named(key: TaskKey | str, by: str) -> dict[str, str | None]:
    if isinstance(key, TaskKey):
        return {"role": key.role or None, "task": key.name, "play": key.play}
    return {by: key}


def render(
    trends: Sequence[Trend], by: str, runs: int, width: int, *, color: bool = False, ascii_only: bool = False
) -> str:
    """Return the lines as text of at most ``width`` terminal cells, under a heading."""
    names = [_name(trend.key) for trend in trends]
    longest = max(map(cell_len, [*names, by]))
    used = 2 * (_TIME + 1) + 8 + 9
    bars = not ascii_only and runs > 3 and longest + used + 2 + min(runs, _MOST_BARS) <= width
    room = max(10, min(longest, width - used))
    lines = [Text(f"{by:{room}} {'median':>{_TIME}} {'p95':>{_TIME}} {'share':>7} {'trend':>8}", DIM)]
    for trend, name in zip(trends, names, strict=True):
        lines.append(_line(trend, cut_middle(name, room), room, bars))
    lines += [Text(), *wrapped((Text(word, DIM) for word in _remark(runs).split(" ")), width, between=Text(" "))]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _line(trend: Trend, name: str, room: int, bars: bool) -> Text:
    line = Text(name + " " * (room - cell_len(name)))
    line.append(f" {duration(trend.median_ns):>{_TIME}} {duration(trend.p95_ns):>{_TIME}} {trend.share:>7.1%}")
    change = trend.change
    style = "" if change is None or abs(change) < _NOTABLE else "red" if change > 0 else "green"
    line.append(f" {'' if change is None else f'{change:+.0%}':>8}", style)
    return line.append("  " + "".join(_sparks(trend.values)), DIM) if bars else line


def _sparks(values: Sequence[int]) -> Iterator[str]:
    """Yield a bar for each run, or for so many runs together that 16 are enough."""
    each = -(-len(values) // _MOST_BARS)
    means = [sum(some) / len(some) for some in (values[at : at + each] for at in range(0, len(values), each))]
    most = max(means) or 1
    yield from (_BARS[round(mean / most * (len(_BARS) - 1))] for mean in means)


def _remark(runs: int) -> str:
    if runs == 1:
        return "One run; --last 20 looks at 20 runs of its kind."
    return f"Over {runs} runs that went well; the trend is the later half against the earlier one."


def _name(key: TaskKey | str) -> str:
    if isinstance(key, str):
        return neutral(key)
    name = neutral(f"{key.role} | {key.name}" if key.role else key.name)
    return f"{name} (#{key.nth})" if key.nth > 1 else name
