"""Whether the Ansible process that writes a journal still lives: a pid alone does not tell, since pids are reused."""

from __future__ import annotations

import os
from pathlib import Path

from ..events import RunStarted

__all__ = ["boot_id", "is_alive", "start_ticks"]

_PROC = Path("/proc")


def boot_id() -> str:
    """Return the kernel's id of this boot, or an empty text where the system has none."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """Return when a living process started (clock ticks since boot; 0 where the system does not say), else None.

    A zombie does not live: it has ended and only waits for its parent to take note.
    """
    if not (_PROC / "self/stat").exists():
        return _answers(pid)
    try:
        # The second field is the program's name in parentheses and may hold anything, parentheses too.
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def is_alive(started: RunStarted) -> bool:
    """Return whether the process that recorded this run is still there, on this boot."""
    if started.boot_id and started.boot_id != boot_id():
        return False
    ticks = start_ticks(started.pid)
    if ticks is None:
        return False
    return not ticks or not started.pid_started or ticks == started.pid_started


def _answers(pid: int) -> int | None:
    if pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (OSError, OverflowError):
        return 0
    return 0
