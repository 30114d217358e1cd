"""Ansible's workers as anybody outside can see them: their true start and end, from /proc."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

__all__ = ["WorkerWatch"]

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # the process has ended just now
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, thread.read_text().split())
    return found


def _started_ns(pid: int) -> int | None:
    """A process's start on the clock since boot (ns, to 10 ms), None if it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19]) * _TICK_NS


class WorkerWatch(threading.Thread):
    """Watches the children of a process: ``lifetimes`` maps pid to (start, last seen, seen gone), ns, monotonic clock.

    The worker ended between the two sights, which are far apart where the machine lets this thread wait.
    The clock since boot is the monotonic one on machines that have never been suspended.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.lifetimes: dict[int, tuple[int, int, int]] = {}
        self._offset = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()

    def run(self) -> None:
        alive: dict[int, tuple[int, int]] = {}
        while Path(f"/proc/{self._pid}/task").exists():
            for pid in {*_children(self._pid), *alive}:
                before = time.monotonic_ns()
                started = _started_ns(pid)
                if started is None:
                    if pid in alive:
                        self.lifetimes[pid] = (*alive.pop(pid), time.monotonic_ns())
                elif pid not in self.lifetimes:
                    alive[pid] = (started - self._offset, before)
            time.sleep(0.01)
