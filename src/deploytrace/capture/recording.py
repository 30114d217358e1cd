"""One run being recorded: its journal and the numbers that name its plays and tasks.

All that is kept grows with the number of hosts or is bounded, never with the number of results: each megabyte that
Ansible's process keeps costs each of its forks 65 µs.
"""

from __future__ import annotations

import multiprocessing.process
import time
from collections.abc import Iterable
from typing import Any

from ..events import Event, ItemFinished, RunStarted
from ..journal.format import encode
from ..journal.writer import Writer
from .introductions import Introductions

__all__ = ["Recording"]

_FAILED_ITEMS = 20  # failed items that a result names
_TASKS = 8192  # tasks of a play start that are remembered; the older half goes when there are more


class Recording:
    """The journal of one run, and where the run stands. Creating it puts the run's first event on record."""

    def __init__(self, writer: Writer, started: RunStarted) -> None:
        self.writer = writer
        self.write = writer.write
        self.started = started
        self.mono_ns = started.mono_ns
        self.plays = 0
        self.introductions = Introductions()
        self.task_numbers: dict[str, int] = {}  # by uuid, of this play start
        self.ordinary_tasks: dict[str, int] = {}  # those whose success is told by their status alone
        self._failed_items: dict[str, tuple[int, list[dict[str, str]]]] = {}  # by host, and of which task
        self.signalled = False
        self._defined = 0
        self.emit(started)

    def emit(self, event: Event) -> None:
        """Put an event on record. Raises `OSError` where that fails."""
        self.write(encode(event))

    def now(self) -> int:
        """Return the time since the run's start, ns."""
        return time.monotonic_ns() - self.mono_ns

    def begin_play(self, hosts: Iterable[str]) -> int:
        """Return the number of the play that starts now with these hosts; tasks of earlier ones are forgotten."""
        self.plays += 1
        self.introductions.expect(hosts)
        self.task_numbers.clear()
        self.ordinary_tasks.clear()
        self._failed_items.clear()
        return self.plays

    def item_failed(self, task: int, item: ItemFinished) -> None:
        """Remember that an item of a host failed, so that the host's result can name it."""
        of_task, failed = self._failed_items.get(item.host, (None, []))
        if of_task != task:
            failed = []
            self._failed_items[item.host] = task, failed
        if len(failed) < _FAILED_ITEMS:
            reason = str((item.detail or {}).get("reason", ""))
            failed.append({"label": item.label or "(hidden)", "msg": reason})

    def failed_items(self, task: int, host: str) -> dict[str, Any]:
        """Return what a host's result says of its failed items: nothing where none failed."""
        of_task, failed = self._failed_items.pop(host, (None, []))
        if of_task != task:
            return {}
        return {"failed_items": failed, "reason": ": ".join(filter(None, failed[0].values()))}

    def number_task(self, uuid: str) -> int:
        """Return a new number for a task that is met for the first time in this play start."""
        if len(self.task_numbers) >= _TASKS:
            at_work = {getattr(getattr(child, "_task", None), "_uuid", None) for child in _children()}
            for known in list(self.task_numbers)[: _TASKS // 2]:
                if known not in at_work:
                    del self.task_numbers[known]
                    self.ordinary_tasks.pop(known, None)
        self._defined += 1
        self.task_numbers[uuid] = self._defined
        return self._defined


def _children() -> list[Any]:
    """Return this process's children that ``multiprocessing`` has not seen end, Ansible's workers among them."""
    return list(getattr(multiprocessing.process, "_children", ()))
