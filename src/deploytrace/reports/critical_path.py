"""The critical path of a run: as a table with bars on a time axis, or for programs.

    Install the packages · web3     5.80s   25 %    5.99s   1.20s   ━━━━━━━━
    Unpack the build · web1         2.10s    9 %    2.20s      -            ━━━

What follows each other without another task in between is one row; what is short is summed up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from ..analysis.critical_path import CriticalPath, Segment
from ..run.model import Kind, Tree
from .heading import heading, in_lines
from .paper import on_paper
from .styles import DIM, NAME_STYLES
from .timeline import Glyphs, Timeline
from .wording import cut_middle, duration, neutral, neutral_line

__all__ = ["as_json", "render"]

_HOSTS = 3  # hosts that a row names
_SHORT = 0.01  # of the run: rows below that are summed up, twice as long ones of the controller left out
_COLUMNS = {"time": 7, "share": 5, "saves": 7, "evened": 7}
_STYLES = {"time": "", "share": DIM, "saves": "bold green", "evened": "green"}
_GAP = "  "
_SHORTEST_NAME, _SHORTEST_BAR, _ENOUGH_BAR = 20, 12, 24
_CONTROLLER = "Ansible itself"


def as_json(path: CriticalPath) -> dict[str, Any]:
    """Return the path as JSON values; seconds, Unix seconds."""
    return {
        "duration": path.duration_ns / 1e9,
        "segments": [
            {
                "kind": segment.kind,
                "play": segment.play,
                "role": segment.role,
                "task": segment.task,
                "host": segment.host,
                "delegated_to": segment.delegated_to,
                "start": segment.start / 1e9,
                "seconds": segment.ns / 1e9,
                "saving": segment.saving_ns / 1e9,
                "median_saving": segment.median_saving_ns / 1e9,
                "stable_id": segment.stable_id,
                "node": segment.node,
            }
            for segment in path.segments
        ],
    }


@dataclass(frozen=True)
class _Row:
    """Segments that are shown as one; ``name`` and ``hosts`` are neutral."""

    segments: tuple[Segment, ...]
    name: str
    hosts: str = ""
    fewer: str = ""  # instead of ``hosts``, where these leave too little room for the name
    quiet: bool = False

    @property
    def ns(self) -> int:
        return sum(segment.ns for segment in self.segments)


def render(
    tree: Tree,
    path: CriticalPath,
    width: int,
    *,
    color: bool = False,
    ascii_only: bool = False,
    everything: bool = False,
) -> str:
    """Return the path as text, at most ``width`` terminal cells a line; ``everything`` sums up nothing."""
    glyphs = Glyphs.ascii() if ascii_only else Glyphs.unicode()
    least = 0 if everything else round(path.duration_ns * _SHORT)
    rows = list(_summed_up(_rows(path.segments), least, glyphs))
    longest = max((cell_len(row.name) + cell_len(row.hosts) + len(glyphs.dot) for row in rows), default=0)
    layout = _layout(width, longest)
    timeline = Timeline(tree.node.start, tree.node.end, layout.bar, glyphs) if layout.bar else None
    head = " " * layout.name + "".join(_GAP + title.rjust(_COLUMNS[title]) for title in layout.columns)
    lines = [*heading(tree, glyphs, width), Text()]
    lines.append(Text(head + (_GAP + timeline.axis() if timeline is not None else ""), style=DIM))
    lines += [_line(row, path, layout, timeline, glyphs) for row in rows]
    lines += [Text(), *_closing(path, layout, glyphs, width)]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


class _Layout(NamedTuple):
    """Columns of the names and of the bars (0: none), and which others there are."""

    name: int
    bar: int
    columns: tuple[str, ...]


def _layout(width: int, longest: int) -> _Layout:
    """Return what there is room for: names first, then the savings, then bars; the rest gives way."""
    columns = tuple(_COLUMNS)
    room = width - sum(_COLUMNS[title] + len(_GAP) for title in columns)
    name = max(_SHORTEST_NAME, min(longest, max(room * 3 // 5, room - len(_GAP) - _ENOUGH_BAR)))
    bar = room - name - len(_GAP)
    if bar >= _SHORTEST_BAR:
        return _Layout(name, bar, columns)
    for title in ("share", "evened"):
        if longest > room:
            room += _COLUMNS[title] + len(_GAP)
            columns = tuple(each for each in columns if each != title)
    return _Layout(max(_SHORTEST_NAME, min(longest, room)), 0, columns)


def _rows(segments: Sequence[Segment]) -> Iterator[_Row]:
    """Yield a row for each task on the path, with the controller's time between its hosts; and for the controller."""
    pending: list[Segment] = []
    current: list[Segment] = []

    def done() -> _Row:
        works = [segment for segment in current if segment.kind != "controller"]
        first = works[0]
        what = f"{first.role} | {first.task}" if first.role else first.task or ""
        return _Row(tuple(current), neutral_line(what), *_hosts(works))

    for segment in segments:
        if segment.kind == "controller":
            pending.append(segment)
            continue
        if current and segment.task_node == current[-1].task_node:
            current += [*pending, segment]
        else:
            if current:
                yield done()
            if pending:
                yield _Row(tuple(pending), _CONTROLLER, quiet=True)
            current = [segment]
        pending = []
    if current:
        yield done()
    if pending:
        yield _Row(tuple(pending), _CONTROLLER, quiet=True)


def _hosts(works: Sequence[Segment]) -> tuple[str, str]:
    """Return the hosts of a row, and in short; where all were delegated to one host, that is named once."""
    where = [f" on {work.delegated_to}" if work.delegated_to not in (None, work.host) else "" for work in works]
    common = where[0] if len(set(where)) == 1 else ""
    names = [neutral(f"{work.host}{'' if common else on}") for work, on in zip(works, where, strict=True)]
    common = neutral(common)
    short = f"{len(names)} hosts{common}" if len(names) > 1 else ""
    return (f"{len(names)} hosts in turn{common}" if len(names) > _HOSTS else ", ".join(names) + common), short


def _summed_up(rows: Iterator[_Row], least: int, glyphs: Glyphs) -> Iterator[_Row]:
    """Yield the rows, those that follow each other and are short (ns) as one."""
    for short, group in groupby(rows, lambda row: row.ns < least * (1 + row.quiet)):
        found = list(group)
        tasks = [row for row in found if not row.quiet]
        if not short or len(tasks) == 1:
            yield from (tasks if short else found)
        elif tasks:
            segments = tuple(segment for row in found for segment in row.segments)
            yield _Row(segments, f"{glyphs.more}{len(tasks)} shorter ones", quiet=True)


def _line(row: _Row, path: CriticalPath, layout: _Layout, timeline: Timeline | None, glyphs: Glyphs) -> Text:
    hosts = glyphs.dot + row.hosts if row.hosts else ""
    if cell_len(row.name) + cell_len(hosts) > layout.name and row.fewer:
        hosts = min(hosts, glyphs.dot + row.fewer, key=cell_len)
    room = max(6, layout.name - cell_len(hosts))
    line = Text().append(cut_middle(row.name, room), DIM if row.quiet else "").append(hosts, NAME_STYLES[Kind.HOST])
    line.truncate(layout.name, overflow="ellipsis")
    line.append(" " * (layout.name - line.cell_len))
    work = next((segment for segment in row.segments if segment.kind != "controller"), None)
    saves, evened = ("", "") if row.quiet or work is None else (_saved(work.saving_ns), _saved(work.median_saving_ns))
    share = f"{100 * row.ns / max(1, path.duration_ns):.0f} %"
    texts = {"time": duration(row.ns), "share": share, "saves": saves, "evened": evened}
    for title in layout.columns:
        line.append(_GAP + texts[title].rjust(_COLUMNS[title]), DIM if row.quiet else _STYLES[title])
    if timeline is not None:
        busy = [(segment.start, segment.end) for segment in row.segments if segment.kind != "controller"]
        extent = row.segments[0].start, row.segments[-1].end
        line.append(_GAP).append(timeline.bar(extent, busy), DIM if row.quiet else "red")
    return line


def _saved(ns: int) -> str:
    return duration(ns) if ns >= 5_000_000 else "-"


def _closing(path: CriticalPath, layout: _Layout, glyphs: Glyphs, width: int) -> list[Text]:
    own = sum(segment.ns for segment in path.segments if segment.kind == "controller")
    share = 100 * own / max(1, path.duration_ns)
    facts = [f"{duration(path.duration_ns)} in all, of it {duration(own)} ({share:.0f} %) {_CONTROLLER}"]
    facts += ["saves: what the run would be shorter by without the task"]
    facts += ["evened: if no host took longer than the median host"] if "evened" in layout.columns else []
    return in_lines(facts, glyphs, width)
