"""One run being recorded: its journal and the numbers that name its plays, tasks and executions.

All that is kept grows with the number of hosts or is bounded, never with the number of results: each megabyte that
Ansible's process keeps costs each of its forks 65 µs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ..events import Event, ItemFinished, RunStarted
from ..journal.format import encode
from ..journal.writer import Writer
from . import lines

__all__ = ["Recording", "Slot"]

_FAILED_ITEMS = 20  # failed items that a result names
_TASKS = 8192  # tasks of a play start that are remembered; the older half goes when there are more


@dataclass(slots=True)
class Slot:
    """What a host is at: no host ever runs two tasks at once. ``quoted`` is its name in JSON."""

    quoted: bytes
    execution: int = 0
    task: int = 0
    finished: bool = False


class Recording:
    """The journal of one run, and where the run stands. Creating it puts the run's first event on record."""

    def __init__(self, writer: Writer, started: RunStarted) -> None:
        self.writer = writer
        self.write = writer.write
        self.started = started
        self.mono_ns = started.mono_ns
        self.plays = 0
        self.executions = 0
        self.introducing: int | None = None  # the last execution whose worker is the first of its host
        self.slots: dict[str, Slot] = {}  # by host, of this play start
        self.forked_slots: dict[str, Slot] = {}  # those of hosts that had a worker already
        self.task_numbers: dict[str, int] = {}  # by uuid, of this play start
        self.ordinary_tasks: dict[str, int] = {}  # those whose success is told by their status alone
        self.spent_ns = 0  # on the hot path
        self._hosts_seen: set[str] = set()
        self._failed_items: dict[str, tuple[int, list[dict[str, str]]]] = {}  # by host, and of which execution
        self.signalled = False
        self._defined = 0
        self.emit(started)

    def emit(self, event: Event) -> None:
        """Put an event on record. Raises `OSError` where that fails."""
        self.write(encode(event))

    def now(self) -> int:
        """Return the time since the run's start, ns."""
        return time.monotonic_ns() - self.mono_ns

    def begin_play(self) -> int:
        """Return the number of the play that starts now; tasks of earlier play starts are forgotten."""
        self.plays += 1
        self.task_numbers.clear()
        self.ordinary_tasks.clear()
        self.slots.clear()
        self.forked_slots.clear()
        self._failed_items.clear()
        return self.plays

    def begin_execution(self, name: str, task: int, *, forked: bool) -> Slot:
        """Return what a host is at from now on: a new execution of a task, for which a worker is forked or not."""
        slot = self.slots.get(name)
        if slot is None:
            slot = self.slots[name] = Slot(lines.quoted(name))
        self.executions = slot.execution = self.executions + 1
        slot.task, slot.finished = task, False
        if forked:
            self.forked_slots[name] = slot
            if name not in self._hosts_seen:
                self._hosts_seen.add(name)
                self.introducing = slot.execution
        return slot

    def execution_of(self, name: str, uuid: str) -> Slot | None:
        """Return what a host is at, if that is the task of this uuid; else None."""
        slot = self.slots.get(name)
        return slot if slot is not None and slot.task == self.task_numbers.get(uuid) else None

    def item_failed(self, name: str, item: ItemFinished) -> None:
        """Remember that an item of a host failed, so that the host's result can name it."""
        execution, failed = self._failed_items.get(name, (None, []))
        if execution != item.execution:
            failed = []
            self._failed_items[name] = item.execution, failed
        if len(failed) < _FAILED_ITEMS:
            reason = str((item.detail or {}).get("reason", ""))
            failed.append({"label": item.label or "(hidden)", "msg": reason})

    def failed_items(self, name: str, execution: int) -> dict[str, Any]:
        """Return what a host's result says of its failed items: nothing where none failed."""
        of_execution, failed = self._failed_items.pop(name, (None, []))
        if of_execution != execution:
            return {}
        return {"failed_items": failed, "reason": ": ".join(filter(None, failed[0].values()))}

    def number_task(self, uuid: str) -> int:
        """Return a new number for a task that is met for the first time in this play start."""
        if len(self.task_numbers) >= _TASKS:
            at_work = {slot.task for slot in self.slots.values()}
            for known in list(self.task_numbers)[: _TASKS // 2]:
                if self.task_numbers[known] not in at_work:
                    del self.task_numbers[known]
                    self.ordinary_tasks.pop(known, None)
        self._defined += 1
        self.task_numbers[uuid] = self._defined
        return self._defined
