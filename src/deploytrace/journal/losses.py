"""Counts what was lost for good, across runs: the file ``dropped.json`` in the state directory.

    {"traces":{"refused":512,"rejected":3},"runs":{"quota":1,"age":0}}

First what was lost (items of a sink, whole runs), then why, then how many since the file was made.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["add_loss", "read_losses"]

_NAME = "dropped.json"


def read_losses(directory: Path) -> dict[str, dict[str, int]]:
    """Return the counts of a state directory; empty where nothing was lost or the file cannot be read."""
    try:
        descriptor = os.open(directory / _NAME, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            record: Any = json.loads(file.read(1024 * 1024))
        return {str(what): {str(why): int(n) for why, n in reasons.items()} for what, reasons in record.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def add_loss(directory: Path, what: str, why: str, count: int) -> None:
    """Add to a count. Raises `OSError` where it cannot be written. Processes that add at the same time take turns."""
    turn = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        losses = read_losses(directory)
        reasons = losses.setdefault(what, {})
        reasons[why] = reasons.get(why, 0) + count
        draft = directory / (_NAME + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(losses, file, separators=(",", ":"))
            file.write("\n")
        draft.replace(directory / _NAME)
    finally:
        os.close(turn)
