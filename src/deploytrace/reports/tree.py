"""A run's tree for the terminal: names, durations, outcomes, and bars on one time axis, like a trace viewer's.

    deploy.yml                          1m 23s  failed   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    └╴play Roll out                     1m 22s  failed    ╺━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ├╴role app                         42.1s  ok        ╺━━━━━━━━━━━━━━━
      │ └╴Unpack the release             41.9s  changed   ╺━━━━━━━━━━━━━━━

Heavy lines are work, light lines are waiting (for a fork, for another host, for the controller) or downtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from ..run.model import Kind, Outcome, RunDetail, Tree
from .heading import heading, in_lines
from .paper import on_paper
from .styles import DIM, NAME_STYLES, OUTCOME_STYLES
from .timeline import Glyphs, Timeline
from .tree_rows import Row, rows_of
from .wording import cut, cut_middle, duration

__all__ = ["render"]

_DURATION = 7  # columns, as `wording.duration` promises
_OUTCOME = max(len(outcome.value) for outcome in Outcome)
_GAP = 2
_BAD = (Outcome.FAILED.value, Outcome.UNREACHABLE.value, Outcome.INTERRUPTED.value)
_SHORTEST = 6  # columns that a name keeps, whatever stands beside it
_NARROW = 64  # below so many columns there is no room for bars


@dataclass(frozen=True)
class _Columns:
    """Widths in terminal cells; ``bar`` is 0 where there is no room for one."""

    name: int
    bar: int


def render(
    tree: Tree,
    width: int,
    *,
    color: bool = False,
    ascii_only: bool = False,
    hosts: bool = True,
    everything: bool = False,
) -> str:
    """Return a whole run as text of at most ``width`` terminal cells a line, ending in a newline.

    ``color`` adds ANSI colours, ``ascii_only`` draws without box characters, ``hosts`` false stops at the tasks,
    ``everything`` shows every host and item however many there are.
    """
    glyphs = Glyphs.ascii() if ascii_only else Glyphs.unicode()
    rows = list(rows_of(tree, hosts=hosts, everything=everything))
    columns = _columns(rows, width)
    node = tree.node
    timeline = Timeline(node.start, node.end, columns.bar, glyphs)
    lines = [*heading(tree, glyphs, width), Text()]
    if columns.bar:
        lines.append(Text(" " * _bar_column(columns) + timeline.axis(), style=DIM))
    lines += [_line(row, columns, width, timeline, glyphs) for row in rows]
    lines += [Text(), *_closing(tree, glyphs, width, bool(columns.bar))]
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _columns(rows: Sequence[Row], width: int) -> _Columns:
    """Share the width: names get what the longest needs, but at most half of what names and bars have together."""
    fixed = _DURATION + _OUTCOME + 2 * _GAP
    longest = max(_label_width(row) for row in rows if row.outcome)
    if width < _NARROW:
        return _Columns(max(8, min(longest, width - fixed)), 0)
    room = width - fixed - _GAP
    name = min(longest, max(room // 2, 24))
    return _Columns(name, room - name)


def _label_width(row: Row) -> int:
    what, name, beside = map(cell_len, row.label)
    return 2 * len(row.branches) + what + bool(what) + name + beside + 3 * bool(beside)


def _bar_column(columns: _Columns) -> int:
    return columns.name + _GAP + _DURATION + _GAP + _OUTCOME + _GAP


def _line(row: Row, columns: _Columns, width: int, timeline: Timeline, glyphs: Glyphs) -> Text:
    text = Text().append(_guides(row, glyphs), style=DIM)
    if row.outcome is None:
        mark = glyphs.note if row.remark else glyphs.more
        style = "red" if row.remark else DIM
        return text.append(mark, style=DIM).append(cut(row.label[1], width - text.cell_len - 2), style=style)
    _append_label(text, row, columns.name, glyphs)
    style = OUTCOME_STYLES[row.outcome]
    text.append(" " * (columns.name - text.cell_len + _GAP))
    text.append(duration(row.duration_ns).rjust(_DURATION), style="bold" if row.kind is Kind.RUN else "")
    text.append(" " * _GAP)
    text.append(row.ending.ljust(_OUTCOME), style=style)
    if columns.bar:
        text.append(" " * _GAP)
        text.append(timeline.bar(row.extent, row.busy), style=style)
    return text


def _guides(row: Row, glyphs: Glyphs) -> str:
    above = "".join(glyphs.through if goes_on else glyphs.blank for goes_on in row.branches[:-1])
    if not row.branches:
        return ""
    if row.remark:
        return above + (glyphs.through if row.branches[-1] else glyphs.blank)
    return above + (glyphs.branch if row.branches[-1] else glyphs.last)


def _append_label(text: Text, row: Row, width: int, glyphs: Glyphs) -> None:
    """Append what a row is called, cut to the column: first the name in its middle, then what belongs to it."""
    what, name, beside = row.label
    room = width - text.cell_len
    what += " " if what and name else ""
    beside = glyphs.dot + beside if beside else ""
    name = cut_middle(name, max(_SHORTEST, room - cell_len(what) - cell_len(beside)))
    label = Text().append(what, DIM).append(name, NAME_STYLES.get(row.kind, "")).append(beside, NAME_STYLES[Kind.HOST])
    label.truncate(room, overflow="ellipsis")
    text.append_text(label)


def _closing(tree: Tree, glyphs: Glyphs, width: int, bars: bool) -> list[Text]:
    """Return what stands below the tree: how the hosts ended, and what the bars mean."""
    detail = tree.node.detail
    facts = []
    if isinstance(detail, RunDetail):
        total = detail.hosts.get("total", 0)
        bad = [f", {count} {name}" for name in _BAD if (count := detail.hosts.get(name))]
        facts += [f"{total} host{'s'[: total != 1]}" + "".join(bad)]
        facts += [f"{detail.tasks_total} task{'s'[: detail.tasks_total != 1]}"]
        down = ", or down" if detail.downtime_ns is not None else ""
        facts += [f"{glyphs.bar[2][2] * 2} at work  {glyphs.bar[1][1] * 2} waiting{down}"] if bars else []
    return in_lines(facts, glyphs, width)
