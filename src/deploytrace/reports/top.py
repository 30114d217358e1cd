"""The slowest tasks, as profile_tasks shows them: in the console at a run's end, at the end of the log, in the mail.

    storefront | Wait until it answers ------------------------------ 23.37s
    release | Unpack the build (x4) ---------------------------------- 3.20s

Names have at least 70 columns and the time 9; a long name is cut in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len

from ..analysis.ranking import RankedTask, Ranking
from ..settings import Settings
from .wording import cut_middle, neutral

__all__ = ["render"]

_NAME, _TIME = 70, 9


def render(ranking: Ranking, settings: Settings, limit: int, width: int) -> str:
    """Return the report of a run: its ``limit`` slowest tasks, its roles, and the totals.

    Lines are as long as they need to be, and never longer than ``width`` columns.
    """
    return "\n".join(_lines(ranking, settings, limit, width))


def _lines(ranking: Ranking, settings: Settings, limit: int, width: int) -> Iterator[str]:
    measure = settings.top_measure
    tasks = ranking.tasks(
        measure=measure, order=settings.top_order, minimum_ns=round(settings.top_minimum * 1e9), limit=limit
    )
    names = [_name(task) for task in tasks]
    room = max(_NAME, *(cell_len(name) + 4 for name in names)) if names else _NAME
    room = max(1, min(room, width - _TIME))
    yield "=" * (room + _TIME)
    for name, task in zip(names, tasks, strict=True):
        yield _line(name, task.hosts_ns if measure == "hosts" else task.wall_ns, room)
    roles = ranking.roles()
    if roles:
        yield ""
        yield f"{'role':<{room - _TIME}}{'own':>{_TIME}}{'inclusive':>{_TIME}}"
        for role in roles[:limit]:
            yield _line(neutral(role.role), role.own_ns, room - _TIME) + f"{_seconds(role.inclusive_ns):>{_TIME}}"
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
