"""What the timeline draws: hosts, tasks and one bar for each host result, as columns of numbers, which stay small.

Times are seconds since the run's start in the containers, whole microseconds in the bars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...run.delegation import delegate_of
from ...run.model import BatchDetail, DowntimeDetail, HostDetail, Kind, Node, Outcome, TaskDetail, Tree
from .markup import line

__all__ = ["MAX_BARS", "Bar", "bars_of", "timeline_of"]

MAX_BARS = 100_000
"""How many host results are drawn: beyond that the shortest of those that went well are left out, and counted."""

_MAX_NOTES = 3000  # reasons and tries that are told beside a bar
_CONTAINERS = frozenset({Kind.PLAY, Kind.BATCH, Kind.ROLE, Kind.BLOCK})
_BAD = frozenset({Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED})
_OUTCOMES = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Bar:
    """One host result: ``host`` and ``task`` are numbers of rows."""

    node: Node
    host: int
    task: int


@dataclass(frozen=True, slots=True)
class _Rows:
    hosts: dict[str, int]
    tasks: list[Node]
    bars: list[Bar]
    containers: list[tuple[Node, int]]  # with how many others are around it
    windows: list[Node]


def bars_of(tree: Tree) -> list[Bar]:
    """Return a bar for each host result, in order of host and start."""
    return _rows(tree).bars


def timeline_of(tree: Tree, critical: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a run's timeline as JSON values; ``critical`` holds the node ids of the host results that gate it."""
    run, rows = tree.node, _rows(tree)
    bars = rows.bars
    if len(bars) > MAX_BARS:
        urgent = sorted(bars, key=lambda bar: (not _stays(bar, critical), bar.node.start - bar.node.end))
        bars = sorted(urgent[:MAX_BARS], key=lambda bar: (bar.host, bar.node.start))

    def since(t: int) -> float:
        return round((t - run.start) / 1e9, 6)

    return {
        "start": run.start / 1e6,
        "duration": since(run.end),
        "hosts": [line(host, 120) for host in rows.hosts],
        "tasks": [_task(node) for node in rows.tasks],
        "outcomes": [outcome.value for outcome in _OUTCOMES],
        "bars": {
            "host": [bar.host for bar in bars],
            "task": [bar.task for bar in bars],
            "start": [(bar.node.start - run.start) // 1000 for bar in bars],
            "length": [(bar.node.end - bar.node.start) // 1000 for bar in bars],
            "outcome": [_OUTCOMES.index(bar.node.outcome) for bar in bars],
            "critical": [number for number, bar in enumerate(bars) if bar.node.id in critical],
            "notes": dict(_notes(bars)),
            "left_out": len(rows.bars) - len(bars),
        },
        "containers": [
            {"kind": node.kind.value, "name": _name(node), "depth": depth, "from": since(node.start)}
            | {"to": since(node.end), "outcome": _OUTCOMES.index(node.outcome)}
            for node, depth in rows.containers
        ],
        "downtime": [
            {"host": rows.hosts[detail.host], "service": line(detail.service, 80), "from": since(node.start)}
            | {"to": since(node.start + detail.duration_ns), "open": detail.open}
            for node in rows.windows
            if isinstance(detail := node.detail, DowntimeDetail) and detail.host in rows.hosts
        ],
    }


def _stays(bar: Bar, critical: frozenset[str]) -> bool:
    return bar.node.outcome in _BAD or bar.node.id in critical


def _rows(tree: Tree) -> _Rows:
    rows = _Rows({}, [], [], [], [])
    for node, host_results, depth in _walk(tree, 0):
        if node.kind in _CONTAINERS:
            rows.containers.append((node, depth))
        elif node.kind is Kind.DOWNTIME:
            rows.windows.append(node)
        elif host_results:
            for child in host_results:
                if isinstance(child.detail, HostDetail):
                    host = rows.hosts.setdefault(child.detail.host, len(rows.hosts))
                    rows.bars.append(Bar(child, host, len(rows.tasks)))
            rows.tasks.append(node)
    rows.bars.sort(key=lambda bar: (bar.host, bar.node.start))
    return rows


def _walk(tree: Tree, depth: int) -> Iterator[tuple[Node, list[Node], int]]:
    """Yield what is above the hosts, outermost first, each with its host results."""
    for child in tree.children:
        node = child.node
        below = [each.node for each in child.children if each.node.kind is Kind.HOST]
        yield node, below, depth
        if node.kind in _CONTAINERS:
            yield from _walk(child, depth + 1)


def _task(node: Node) -> dict[str, Any]:
    detail = node.detail
    if not isinstance(detail, TaskDetail):
        return {"name": line(node.name)}
    definition = detail.definition
    place = f"{definition.path}:{definition.line}" if definition.path and definition.line else ""
    return {
        "name": line(definition.name),
        "role": line(definition.role or "", 120),
        "action": line(definition.action, 120),
        "play": line(detail.play, 120),
        "place": line(place),
        "handler": node.kind is Kind.HANDLER,
        "key": detail.stable_id,
    }


def _name(node: Node) -> str:
    return line(f"batch {node.detail.number}" if isinstance(node.detail, BatchDetail) else node.name, 120)


def _notes(bars: list[Bar]) -> Iterator[tuple[int, str]]:
    """Yield what is to be told of some bars beside their times: why they failed, how often they tried."""
    told = 0
    for number, bar in enumerate(bars):
        detail = bar.node.detail
        words = []
        if isinstance(detail, HostDetail):
            words += [f"{detail.attempts} tries"] if detail.attempts > 1 else []
            words += [f"{detail.items} items"] if detail.items else []
            target = delegate_of(detail)
            words += [f"on {line(target, 80)}"] if target and target != detail.host else []
        if bar.node.failure is not None and bar.node.failure.message:
            words.append(line(bar.node.failure.message, 200))
        if words and told < _MAX_NOTES:
            told += 1
            yield number, " · ".join(words)
