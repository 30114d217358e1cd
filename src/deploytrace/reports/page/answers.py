"""What the analyses say of a run: where its time went, and what its end waited for."""

from __future__ import annotations

from dataclasses import dataclass

from ...analysis.critical_path import CriticalPath
from ...analysis.where import SHARES, Where
from ..where_words import RARE, SHARE_WORDS
from ..wording import duration
from .markup import Markup, element, line
from .tables import find, share_bar, table

__all__ = ["path_table", "where_figure"]

_TASKS = 30


def where_figure(where: Where) -> Markup | None:
    """Return the shares of a run's time as one bar with its legend; None of a run that took no time."""
    whole = where.duration_ns
    if whole <= 0:
        return None
    parts, entries, left = [], [], 0.0
    names = [name for name in SHARES if where.shares[name] or (name not in RARE and _told(name, where))]
    for name in names:
        ns = where.shares[name]
        percent = 100 * ns / whole
        parts.append(element("rect", x=f"{left:.2f}%", width=f"{percent:.2f}%", height="22", class_=f"share-{name}"))
        left += percent
        entries.append(
            element(
                "li",
                f"{SHARE_WORDS[name]}: ",
                element("strong", duration(ns)),
                f" ({percent:.1f} %)",
                class_=f"key share-{name}",
            )
        )
    words = "; ".join(f"{SHARE_WORDS[name]} {duration(where.shares[name])}" for name in names)
    bar = element("svg", *parts, class_="where", height="22", role="img", aria_label=words)
    return element("div", bar, element("ul", *entries, class_="legend"))


def _told(name: str, where: Where) -> bool:
    return name != "connection" or where.connection_measured > 0


@dataclass(slots=True)
class _OnPath:
    task: str
    role: str
    hosts: dict[str, None]
    ns: int = 0
    saving_ns: int = 0
    median_saving_ns: int = 0


def path_table(path: CriticalPath) -> Markup | None:
    """Return the tasks on the critical path by their time on it, None where none is."""
    tasks: dict[str, _OnPath] = {}
    controller = 0
    for segment in path.segments:
        if segment.stable_id is None:
            controller += segment.ns
            continue
        task = tasks.setdefault(segment.stable_id, _OnPath(segment.task or "", segment.role or "", {}))
        task.ns += segment.ns
        task.hosts[segment.host or ""] = None
        task.saving_ns = max(task.saving_ns, segment.saving_ns)
        task.median_saving_ns = max(task.median_saving_ns, segment.median_saving_ns)
    if not tasks:
        return None
    ranked = sorted(tasks.values(), key=lambda task: -task.ns)
    rows = [
        (
            find(line(task.task), line(task.task)),
            line(task.role, 80),
            line(", ".join(task.hosts), 80),
            share_bar(duration(task.ns), task.ns / max(1, ranked[0].ns)),
            duration(task.saving_ns),
            duration(task.median_saving_ns),
        )
        for task in ranked[:_TASKS]
    ]
    caption = f"What the end waited for; Ansible itself took {duration(controller)} of it"
    columns = ("task", "role", "host", "on the path", "shorter without it", "were all as the median host")
    return table(caption, columns, rows, left=3)
