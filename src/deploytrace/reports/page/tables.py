"""The page's tables: the slowest tasks, the roles, the hosts, when services were down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...analysis.downtime import ServiceDowntime, length
from ...analysis.ranking import Ranking
from ...run.model import DowntimeDetail, HostDetail, Kind, Node, Outcome, TaskDetail
from ..wording import duration
from .markup import Markup, element, line

__all__ = ["downtime_table", "find", "hosts_table", "roles_table", "share_bar", "table", "tasks_table"]

_TASKS, _ROLES, _HOSTS, _WINDOWS = 50, 30, 50, 200  # rows
_BAD = frozenset({Outcome.FAILED, Outcome.UNREACHABLE})

Cell = str
"""A cell's text, or its `Markup`."""


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, left: int = 1) -> Markup:
    """Return a table whose first ``left`` columns are text; the others are numbers. A row's first cell is its head."""

    def cell(number: int, text: Cell) -> Markup:
        kind = "" if number < left else "number"
        if number == 0:
            return element("th", text, scope="row")
        return element("td", text, class_=kind or None)

    head = element(
        "tr",
        *[element("th", name, scope="col", class_=None if at < left else "number") for at, name in enumerate(columns)],
    )
    body = [element("tr", *[cell(number, text) for number, text in enumerate(row)]) for row in rows]
    return element(
        "div",
        element("table", element("caption", caption), element("thead", head), element("tbody", *body)),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def share_bar(text: str, share: float, kind: str = "work") -> Markup:
    """Return a number with a bar below it that is ``share`` (0 to 1) of the cell wide."""
    width = f"{100 * min(1.0, max(0.0, share)):.1f}%"
    bar = element(
        "svg",
        element("rect", width=width, height="3", class_=kind),
        class_="share",
        aria_hidden="true",
        height="3",
        focusable="false",
    )
    return element("span", text, bar, class_="measured")


def find(text: str, query: str) -> Markup:
    """Return a name that, clicked, is looked for in the timeline."""
    return element("button", text, type="button", class_="find", data_find=query, title="Show in the timeline")


def tasks_table(ranking: Ranking, run_ns: int) -> Markup | None:
    """Return the slowest tasks, None where nothing was done."""
    tasks = ranking.tasks(limit=_TASKS)
    if not tasks:
        return None
    most = max(task.wall_ns for task in tasks) or 1

    def rows() -> Iterable[Sequence[Cell]]:
        for task in tasks:
            name = line(task.task) + (f" (x{task.count})" if task.count > 1 else "")
            yield (
                find(name, line(task.task)),
                line(task.role or "", 80),
                share_bar(duration(task.wall_ns), task.wall_ns / most),
                f"{100 * task.wall_ns / max(1, run_ns):.1f} %",
                duration(task.hosts_ns),
            )

    return table("Slowest tasks", ("task", "role", "time", "of the run", "all hosts"), rows(), left=2)


def roles_table(ranking: Ranking) -> Markup | None:
    """Return the roles by their own time, None where there are none."""
    roles = ranking.roles()[:_ROLES]
    if not roles:
        return None
    most = max(role.own_ns for role in roles) or 1
    rows = (
        (
            find(line(role.role, 120), line(role.role, 120)),
            share_bar(duration(role.own_ns), role.own_ns / most),
            duration(role.inclusive_ns),
        )
        for role in roles
    )
    return table("Roles", ("role", "own time", "with those it includes"), rows)


@dataclass(slots=True)
class _Host:
    work_ns: int = 0
    tasks: int = 0
    changed: int = 0
    bad: int = 0
    slowest: int = 0
    held_up_ns: int = 0


def hosts_table(nodes: Iterable[Node]) -> Markup | None:
    """Return the hosts that worked longest: how long, on what, and how long others waited for them."""
    hosts: defaultdict[str, _Host] = defaultdict(_Host)
    for node in nodes:
        detail = node.detail
        if isinstance(detail, HostDetail) and node.kind is Kind.HOST:
            host = hosts[detail.host]
            host.work_ns += node.end - node.start
            host.tasks += node.outcome is not Outcome.SKIPPED
            host.changed += node.outcome is Outcome.CHANGED
            host.bad += node.outcome in _BAD
        elif isinstance(detail, TaskDetail) and detail.straggler_host and detail.straggler_ns > 0:
            host = hosts[detail.straggler_host]
            host.slowest += 1
            host.held_up_ns += detail.straggler_ns
    if not hosts:
        return None
    ranked = sorted(hosts.items(), key=lambda each: -each[1].work_ns)[:_HOSTS]
    most = max(host.work_ns for _, host in ranked) or 1
    rows = (
        (
            find(line(name, 120), line(name, 120)),
            share_bar(duration(host.work_ns), host.work_ns / most),
            str(host.tasks),
            str(host.changed),
            str(host.bad or ""),
            str(host.slowest or ""),
            duration(host.held_up_ns),
        )
        for name, host in ranked
    )
    rest = f"Hosts (the {_HOSTS} that worked longest, of {len(hosts)})" if len(hosts) > _HOSTS else "Hosts"
    columns = ("host", "at work", "tasks", "changed", "failed", "slowest in", "above the median")
    return table(rest, columns, rows)


def downtime_table(windows: Sequence[Node], services: Sequence[ServiceDowntime]) -> Markup | None:
    """Return when which service was down where, None where none was."""
    if not windows:
        return None

    def rows() -> Iterable[Sequence[Cell]]:
        for service in services:
            up = "still down at the end" if service.open else ""
            yield (
                element("strong", line(service.service, 80) or "service"),
                f"{service.hosts} hosts",
                duration(length(service.reduced)),
                duration(service.reduced_at_least_ns),
                f"none up: {duration(length(service.outage))}" if service.outage else up,
            )
        for node in sorted(windows, key=lambda node: node.start)[:_WINDOWS]:
            detail = node.detail
            if isinstance(detail, DowntimeDetail):
                yield (
                    line(detail.service, 80) or "service",
                    find(line(detail.host, 120), line(detail.host, 120)),
                    duration(detail.duration_ns),
                    duration(detail.at_least_ns),
                    "still down at the end" if detail.open else "",
                )

    return table("When services were down", ("service", "host", "at most", "at least", ""), rows(), left=2)
