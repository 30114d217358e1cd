"""Keeps the state directory within its quota: journals with their cursors, trace files and pages.

What is older than ``keep_days`` goes. Past ``keep_megabytes`` the oldest runs go that have been delivered, then the
oldest that have not: those are counted and said. A run that somebody holds, or that goes on, stays.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import JournalError
from ..events import RunStarted
from ..journal.cursor import Cursor
from ..journal.directory import Directory
from ..journal.losses import add_loss
from ..journal.owner import is_alive
from ..settings import Settings
from .held_journal import HeldJournal, hold
from .log import LOGGER

__all__ = ["prune"]

_OURS = re.compile(r"([0-9a-f]{32})\.(?:jsonl|html|html\.new|cursor\.json|cursor\.json\.new)")
_DAY = 86400.0
_BEGINNING = 60.0  # seconds in which a journal may be about to begin
_REASONS = {"age": "it is older than keep_days", "quota": "journals, traces and pages take more than keep_megabytes"}


@dataclass(frozen=True, slots=True)
class _Kept:
    """All files of one run."""

    run_id: str
    paths: tuple[Path, ...]
    size: int  # bytes
    modified: float  # Unix time of the latest change
    delivered: bool


def prune(directory: Directory, settings: Settings, *, now: float | None = None) -> None:
    """Remove what is too old or too much; ``now`` is Unix time. What cannot be removed stays, and the log says so."""
    now = time.time() if now is None else now
    kept = sorted(_kept(directory), key=lambda run: (not run.delivered, run.modified))
    size = sum(run.size for run in kept)
    for run in kept:
        old = run.modified < now - settings.keep_days * _DAY
        much = size > settings.keep_megabytes * 1_000_000
        if (old or much) and _remove(directory, run, "age" if old else "quota", now):
            size -= run.size


def _kept(directory: Directory) -> Iterator[_Kept]:
    files: dict[str, list[tuple[Path, os.stat_result]]] = defaultdict(list)
    for folder in (directory.journals, directory.traces, directory.pages):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                ours = _OURS.fullmatch(entry.name)
                with contextlib.suppress(OSError):
                    if ours is not None and entry.is_file(follow_symlinks=False):
                        files[ours[1]].append((Path(entry.path), entry.stat(follow_symlinks=False)))
    for run_id, found in files.items():
        yield _Kept(
            run_id,
            tuple(path for path, _ in found),
            sum(status.st_size for _, status in found),
            max(status.st_mtime for _, status in found),
            not any(path == directory.journal(run_id) for path, _ in found)
            or Cursor(directory.cursor(run_id)).complete,
        )


def _remove(directory: Directory, run: _Kept, why: str, now: float) -> bool:
    path = directory.journal(run.run_id)
    journal: HeldJournal | None = None
    try:
        if path in run.paths:
            journal = hold(path)
            if journal is None:
                return False
            started = _started(journal)
            if started is None and run.modified > now - _BEGINNING:
                return False
            if started is not None and journal.ending() is None and is_alive(started):
                return False
            if started is not None and not run.delivered:
                LOGGER.warning("Run %s is removed undelivered (%s).", run.run_id, _REASONS[why])
                add_loss(directory.root, "runs", why, 1)
        for each in run.paths:
            each.unlink(missing_ok=True)
    except OSError as error:
        LOGGER.warning("%s cannot be removed (%s).", error.filename or path, error.strerror or error)
        return False
    finally:
        if journal is not None:
            journal.close()
    return True


def _started(journal: HeldJournal) -> RunStarted | None:
    try:
        return journal.started()
    except JournalError:
        return None
