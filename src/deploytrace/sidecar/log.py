"""The sidecar's log: one sentence a line, with the time and whose it is; what repeats itself is said once.

Standard error is the log file already when a sidecar starts, so whatever else complains there (the interpreter, a
library) is on record too.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from pathlib import Path

__all__ = ["LOGGER", "start_log"]

LOGGER = logging.getLogger("deploytrace")

_MAX_BYTES = 1_000_000
_MAX_SAID = 1000
_STDERR = 2


class _Once(logging.Filter):
    """Lets each sentence pass once."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if text in self._said or len(self._said) >= _MAX_SAID:
            return False
        self._said.add(text)
        return True


class _OneLine(logging.Formatter):
    """Keeps a record on one line: what comes from servers and hosts cannot forge another."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))

    def format(self, record: logging.LogRecord) -> str:
        return "".join(each if each.isprintable() else repr(each)[1:-1] for each in super().format(record))


def start_log(path: Path, run_id: str) -> None:
    """Let everything that is logged from now on go to standard error, which is ``path``; rotate it where it is long."""
    with contextlib.suppress(OSError):
        _rotate(path)
    handler = logging.StreamHandler()
    handler.addFilter(_Once())
    handler.setFormatter(_OneLine(f"%(asctime)s sidecar[{os.getpid()}] run {run_id[:8]}: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    LOGGER.setLevel(logging.INFO)


def _rotate(path: Path) -> None:
    """Move a log of more than 1 MB out of the way (one old one is kept) and go on in a new one."""
    mine, there = os.fstat(_STDERR), path.lstat()
    if (mine.st_dev, mine.st_ino) != (there.st_dev, there.st_ino) or there.st_size <= _MAX_BYTES:
        return
    fcntl.flock(_STDERR, fcntl.LOCK_EX)  # of several sidecars one moves it
    try:
        if path.lstat().st_ino == mine.st_ino:
            path.replace(path.with_name(path.name + ".1"))
    finally:
        fcntl.flock(_STDERR, fcntl.LOCK_UN)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    os.dup2(descriptor, _STDERR)
    os.close(descriptor)
