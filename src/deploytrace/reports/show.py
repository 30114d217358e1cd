"""One run in short: how it ended, where its time went, what would help, how long services were down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from .. import identity
from ..analysis.critical_path import CriticalPath, Segment
from ..analysis.where import SHARES, Part, Where
from ..run.load import children_first
from ..run.model import DowntimeDetail, Kind, PlayDetail, RunDetail, Tree
from .heading import heading, in_lines
from .paper import on_paper
from .styles import DIM, NAME_STYLES, OUTCOME_STYLES
from .timeline import Glyphs
from .tree_labels import reason_of
from .where_words import RARE, SHARE_STYLES, SHARE_WORDS
from .wording import cut, cut_middle, duration, neutral, neutral_line

__all__ = ["Shown", "as_json", "render"]

_MOST = 3  # savings that are named
_PARTS = 8  # plays, roles and windows that are shown
_GAP = "  "
_TIME, _SHARE = 7, 5  # columns
_BAR = 30  # columns of the longest bar
_HEADS = {
    "module": "work",
    "connection": "connect",
    "forks": "forks",
    "throttle": "throttle",
    "slowest_host": "slower",
    "controller": "ansible",
}


class Shown(NamedTuple):
    """A run with what was found out about it."""

    tree: Tree
    where: Where
    path: CriticalPath

    @property
    def downtime(self) -> list[DowntimeDetail]:
        """The windows in which services were down, the longest first."""
        found = [node.detail for node in children_first(self.tree) if isinstance(node.detail, DowntimeDetail)]
        return sorted(found, key=lambda window: -window.duration_ns)

    @property
    def gains(self) -> list[Segment]:
        """A segment of each task on the critical path, the one that would save most first."""
        tasks = {segment.stable_id: segment for segment in self.path.segments if segment.kind != "controller"}
        return sorted(tasks.values(), key=lambda segment: -segment.saving_ns)


def as_json(shown: Shown) -> dict[str, Any]:
    """Return all of it as JSON values; seconds, Unix seconds."""
    node, detail = shown.tree.node, shown.tree.node.detail
    record: dict[str, Any] = {
        "outcome": node.outcome.value,
        "start": node.start / 1e9,
        "duration": shown.where.duration_ns / 1e9,
        "where": _seconds(shown.where.shares),
        "plays": [_part(part) for part in shown.where.plays],
        "roles": [_part(part) for part in shown.where.roles],
        "connection_measured": shown.where.connection_measured,
        "gains": [
            {"role": each.role, "task": each.task, "saving": each.saving_ns / 1e9, "stable_id": each.stable_id}
            for each in shown.gains
        ],
        "downtime": [
            {
                "host": window.host,
                "service": window.service,
                "seconds": window.duration_ns / 1e9,
                "at_least": window.at_least_ns / 1e9,
                "open": window.open,
            }
            for window in shown.downtime
        ],
    }
    if not isinstance(detail, RunDetail):
        return record
    started = detail.started
    about = {
        "run_id": started.run_id,
        "trace_id": identity.trace_id(started.run_id, started.traceparent, started.join_trace),
        "playbook": started.playbook,
        "result": detail.result,
        "forks": started.forks or None,
        "hosts": dict(detail.hosts),
        "tasks": detail.tasks_total,
    }
    return about | record


def _seconds(shares: Any) -> dict[str, float]:
    return {name: shares[name] / 1e9 for name in SHARES}


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "seconds": part.ns / 1e9, "where": _seconds(part.shares)}


def render(shown: Shown, width: int, *, color: bool = False, ascii_only: bool = False) -> str:
    """Return all of it as text, at most ``width`` terminal cells a line."""
    glyphs = Glyphs.ascii() if ascii_only else Glyphs.unicode()
    lines = [*heading(shown.tree, glyphs, width), Text(), *_ending(shown.tree, glyphs, width)]
    lines += [*_where(shown.where, glyphs, width), *_parts("play", shown.where.plays, width)]
    lines += [
        *_parts("role", shown.where.roles, width),
        *_gains(shown, width),
        *_downtime(shown.downtime, glyphs),
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return on_paper(lines, width, color=color, ascii_only=ascii_only)


def _ending(tree: Tree, glyphs: Glyphs, width: int) -> Iterator[Text]:
    node, detail = tree.node, tree.node.detail
    line = Text().append(neutral_line(node.name), "bold")
    line.append(_GAP + node.outcome.value, OUTCOME_STYLES[node.outcome])
    yield line.append(_GAP + duration(node.end - node.start), "bold")
    if reason := reason_of(node, bool(tree.children)):
        yield Text(glyphs.note, DIM).append(cut(reason, width - 2), "red")
    if isinstance(detail, RunDetail):
        hosts = [f"{count} {name}" for name, count in detail.hosts.items() if count and name != "total"]
        facts = [f"{_count(detail.hosts.get('total', 0), 'host')}{': ' if hosts else ''}{', '.join(hosts)}"]
        facts += [_count(detail.tasks_total, "task")]
        facts += [f"{detail.started.forks} forks"] if detail.started.forks else []
        strategies = dict.fromkeys(
            neutral(play.node.detail.started.strategy)
            for play in tree.children
            if isinstance(play.node.detail, PlayDetail)
        )
        facts += [", ".join(strategies)] if strategies else []
        yield from in_lines(facts, glyphs, width)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s'[: number != 1]}"


def _where(where: Where, glyphs: Glyphs, width: int) -> Iterator[Text]:
    yield from _title("Where the time went")
    longest = max(where.shares.values(), default=0) or 1
    fixed = 4 * len(_GAP) + _TIME + _SHARE
    room = min(max(map(cell_len, SHARE_WORDS.values())), width - fixed + len(_GAP))
    cells = max(0, min(_BAR, width - fixed - room))
    for name in (name for name in SHARES if where.shares[name] or name not in RARE):
        ns = where.shares[name]
        unknown = name == "connection" and not where.connection_measured
        words = cut(SHARE_WORDS[name], room).ljust(room)
        line = Text(_GAP).append(words, "" if ns else DIM)
        if unknown:
            line.append(_GAP + "-".rjust(_TIME) + _GAP + "not recorded", DIM)
            more = " (setting `results`)"
            yield line.append(more if line.cell_len + len(more) <= width else "", DIM)
            continue
        if not ns:
            yield line.append(_GAP + "-".rjust(_TIME), DIM)
            continue
        line.append(_GAP + duration(ns).rjust(_TIME), "bold")
        line.append(_GAP + _percent(ns, where.duration_ns).rjust(_SHARE), DIM)
        halves = min(2 * cells, max(1, round(2 * cells * ns / longest)))
        bar = glyphs.bar[2][2] * (halves // 2) + (glyphs.bar[2][0] if halves % 2 else "")
        yield line.append(_GAP + bar, SHARE_STYLES[name]) if cells else line


def _parts(what: str, parts: Sequence[Part], width: int) -> Iterator[Text]:
    """Yield where the time of each play or role went, in per cent of its own; nothing where there is only one."""
    if len(parts) < 2:
        return
    shown = [name for name in _HEADS if any(part.shares[name] for part in parts)]
    fixed = len(_GAP) * 2 + _TIME + _SHARE + sum(len(_GAP) + len(_HEADS[name]) for name in shown)
    names = [neutral_line(part.name) or f"no {what}" for part in parts[:_PARTS]]
    room = max(8, min(max(map(cell_len, names)), width - fixed - len(_GAP)))
    yield Text()
    head = _GAP + what.ljust(room) + _GAP + "time".rjust(_TIME) + _GAP + "share".rjust(_SHARE)
    yield Text(head + "".join(_GAP + _HEADS[name] for name in shown), DIM)
    whole = sum(part.ns for part in parts)
    for name, part in zip(names, parts[:_PARTS], strict=False):
        label = cut_middle(name, room)
        line = Text(_GAP + label + " " * (room - cell_len(label)))
        line.append(_GAP + duration(part.ns).rjust(_TIME)).append(_GAP + _percent(part.ns, whole).rjust(_SHARE), DIM)
        for share in shown:
            ns = part.shares[share] + (part.shares["overhead"] if share == "controller" else 0)
            text = _percent(ns, part.ns).rjust(len(_HEADS[share]))
            line.append(_GAP + text, SHARE_STYLES[share] if ns * 4 > part.ns else DIM)
        yield line
    if len(parts) > _PARTS:
        yield Text(f"{_GAP}and {len(parts) - _PARTS} more", DIM)


def _gains(shown: Shown, width: int) -> Iterator[Text]:
    gains = [segment for segment in shown.gains[:_MOST] if segment.saving_ns * 100 > shown.where.duration_ns]
    if not gains:
        return
    yield from _title("Without this task the run would be shorter by")
    for segment in gains:
        task = segment.task or ""
        name = neutral_line(f"{segment.role} | {task}" if segment.role else task)
        line = Text(_GAP).append(duration(segment.saving_ns).rjust(_TIME), "bold green")
        line.append(_GAP + _percent(segment.saving_ns, shown.where.duration_ns).rjust(_SHARE), DIM)
        yield line.append(_GAP + cut_middle(name, width - len(_GAP) * 3 - _TIME - _SHARE))


def _downtime(windows: Sequence[DowntimeDetail], glyphs: Glyphs) -> Iterator[Text]:
    if not windows:
        return
    yield from _title("Downtime")
    for window in windows[:_PARTS]:
        line = Text(_GAP).append(duration(window.duration_ns).rjust(_TIME), "bold yellow")
        line.append(_GAP + neutral_line(window.service or "service")).append(
            glyphs.dot + neutral(window.host), NAME_STYLES[Kind.HOST]
        )
        if window.at_least_ns:
            line.append(f"{glyphs.dot}at least {duration(window.at_least_ns)}", DIM)
        yield line.append(f"{glyphs.dot}still down", "bold red") if window.open else line
    if len(windows) > _PARTS:
        yield Text(f"{_GAP}and {len(windows) - _PARTS} more, none longer", DIM)


def _title(text: str) -> Iterator[Text]:
    yield Text()
    yield Text(text, "bold")


def _percent(ns: int, whole: int) -> str:
    return f"{100 * ns / max(1, whole):.0f} %"
