"""The slowest tasks, as profile_tasks shows them: in the console at a run's end, at the end of the log, in the mail.

    storefront | Wait until it answers ------------------------------ 23.37s
    release | Unpack the build (x4) ---------------------------------- 3.20s

Names have at least 70 columns and the time 9; a long name is cut in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len

from ..analysis.ranking import RankedTask, Ranking
from ..settings import Settings
from .wording import cut_middle, neutral

__all__ = ["as_json", "render"]

_NAME, _TIME, _INCLUSIVE = 70, 9, 11  # columns


def render(ranking: Ranking, settings: Settings, limit: int, width: int) -> str:
    """Return the report of a run: its ``limit`` slowest tasks, its roles, and the totals.

    Lines are as long as they need to be, and never longer than ``width`` columns.
    """
    return "\n".join(_lines(ranking, settings, limit, width))


def as_json(ranking: Ranking, settings: Settings, limit: int, playbook: str) -> list[dict[str, Any]]:
    """Return the ``limit`` slowest tasks for programs; times in seconds."""
    return [
        {
            "role": task.role,
            "task": task.task,
            "play": task.play,
            "playbook": playbook,
            "seconds": (task.hosts_ns if settings.top_measure == "hosts" else task.wall_ns) / 1e9,
            "wall_seconds": task.wall_ns / 1e9,
            "host_seconds": task.hosts_ns / 1e9,
            "count": task.count,
            "stable_id": task.stable_id,
        }
        for task in _tasks(ranking, settings, limit)
    ]


def _tasks(ranking: Ranking, settings: Settings, limit: int) -> list[RankedTask]:
    return ranking.tasks(
        measure=settings.top_measure,
        order=settings.top_order,
        minimum_ns=round(settings.top_minimum * 1e9),
        limit=limit,
    )


def _lines(ranking: Ranking, settings: Settings, limit: int, width: int) -> Iterator[str]:
    measure = settings.top_measure
    tasks = _tasks(ranking, settings, limit)
    names = [_name(task) for task in tasks]
    room = max(_NAME, *(cell_len(name) + 4 for name in names)) if names else _NAME
    room = max(1, min(room, width - _TIME))
    yield "=" * (room + _TIME)
    for name, task in zip(names, tasks, strict=True):
        yield _line(name, task.hosts_ns if measure == "hosts" else task.wall_ns, room)
    roles = ranking.roles()
    if roles:
        yield ""
        yield f"{'role':<{room - _INCLUSIVE}}{'own':>{_TIME}}{'inclusive':>{_INCLUSIVE}}"
        for role in roles[:limit]:
            yield (
                _line(neutral(role.role), role.own_ns, room - _INCLUSIVE)
                + f"{_seconds(role.inclusive_ns):>{_INCLUSIVE}}"
            )
    yield ""
    yield _line(
        "total of all tasks" + (", all hosts added up" if measure == "hosts" else ""), ranking.total_ns(measure), room
    )
    if ranking.run is not None:
        seconds = round((ranking.run.end - ranking.run.start) / 1e9)
        yield f">> TOTAL TIME: <<< {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _name(task: RankedTask) -> str:
    name = neutral(f"{task.role} | {task.task}" if task.role else task.task)
    return f"{name} (x{task.count})" if task.count > 1 else name


def _line(name: str, ns: int, room: int) -> str:
    name = cut_middle(name, room - 1) + " "
    return name + "-" * (room - cell_len(name)) + f"{f' {_seconds(ns)}':->{_TIME}}"


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:.2f}s"
