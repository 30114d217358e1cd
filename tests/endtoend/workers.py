"""Ansible's workers as anybody outside can see them: their true start and end, from /proc."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["WorkerWatch"]

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_LOOK_MS = 10


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
        self.lifetimes: dict[int, tuple[int, int, int]] = {}
        self._children = Path(f"/proc/{pid}/task/{pid}/children")  # Ansible forks in its main thread
        self._offset = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()

    def run(self) -> None:
        alive: dict[int, tuple[int, int]] = {}  # by the descriptor that tells a process's end
        ends = select.poll()
        for pids in self._looks():
            for pid in pids - self.lifetimes.keys() - {pid for pid, _ in alive.values()}:
                with contextlib.suppress(ProcessLookupError):
                    descriptor = os.pidfd_open(pid)
                    started = _started_ns(pid)
                    if started is None:
                        os.close(descriptor)
                    else:
                        alive[descriptor] = pid, started - self._offset
                        ends.register(descriptor, select.POLLIN)
            before = time.monotonic_ns()
            for descriptor, _ in ends.poll(_LOOK_MS):
                pid, start = alive.pop(descriptor)
                self.lifetimes[pid] = start, before, time.monotonic_ns()
                ends.unregister(descriptor)
                os.close(descriptor)
        for descriptor in alive:
            os.close(descriptor)

    def _looks(self) -> Iterator[set[int]]:
        """The children at one moment after the other, until the process is gone."""
        with contextlib.suppress(OSError):
            while True:
                yield set(map(int, self._children.read_text().split()))
