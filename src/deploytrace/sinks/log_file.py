"""The log: one text file per run, written as the run goes, to be read with ``tail -f`` or the day after.

Its first line names the run, so that the file is known again under any name. ``latest`` beside it leads to the log of
the run that was started last.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePath

from ..events import RunStarted
from ..reports.log_page import LogPage
from ..run.model import Node
from .growing_file import GrowingFile
from .run_names import claim, claimed

__all__ = ["LATEST", "SUFFIX", "LogSink", "LogText", "begun", "begun_of_log", "find_log", "run_of_log"]

SUFFIX = ".log"
LATEST = "latest"

_FIRST_LINE = re.compile(rb"deploytrace log of run ([0-9a-f]{32}), begun (\d{4}-\d\d-\d\dT[\d:.]+Z)\n")
_MAX_BYTES = 256 * 1024
_MAX_ITEMS = 1000
_DELAY_S = 0.5


@dataclass(frozen=True, slots=True)
class LogText:
    """What one node adds to the log."""

    data: bytes

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.data)


def run_of_log(path: Path) -> tuple[str, str] | None:
    """Return a log's run id and when that run began (UTC, comparable as text), or None where it is no log of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            found = _FIRST_LINE.match(file.read(200))
    except OSError:
        return None
    return (found[1].decode(), found[2].decode()) if found else None


def begun(started: RunStarted) -> str:
    """Return when a run began: UTC, to the nanosecond, comparable as text."""
    whole = datetime.fromtimestamp(started.wall_ns // 10**9, timezone.utc)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{started.wall_ns % 10**9:09}Z"


def begun_of_log(path: Path) -> str | None:
    """Return when the run began that a log of ours belongs to, None of anything else."""
    found = run_of_log(path)
    return found[1] if found else None


def _owner(path: Path) -> str | None:
    found = run_of_log(path)
    return found[0] if found else None


def find_log(directory: Path, name: PurePath, run_id: str) -> Path | None:
    """Return where a run's log is, or None where it has none (yet)."""
    return claimed(directory, name, SUFFIX, run_id, _owner)


class LogSink:
    """A run's log; see `contract.Sink`. ``name`` is its path below ``directory``."""

    name = "log"
    resumes = False
    max_items = _MAX_ITEMS
    max_bytes = _MAX_BYTES
    schedule_delay = _DELAY_S
    after: tuple[str, ...] = ()

    def __init__(
        self, directory: Path, name: PurePath, started: RunStarted, page: LogPage, rotate: Callable[[], None]
    ) -> None:
        self.destination = str(directory / name)
        self._directory = directory
        self._file_name = name
        self._started = started
        self._begun = begun(started)
        self._page = page
        self._rotate = rotate
        self._prefaced = False
        self._file = GrowingFile(self._make, self.destination)

    def translate(self, node: Node) -> Sequence[LogText]:
        """Return what a node adds to the log; the first one, the preface too."""
        lines: list[str] = []
        if not self._prefaced:
            self._prefaced = True
            lines += [f"deploytrace log of run {self._started.run_id}, begun {self._begun}", *self._page.preface()]
        lines += self._page.add(node)
        return (LogText(_encoded(lines)),) if lines else ()

    def deliver(self, items: Sequence[LogText]) -> int:
        """Append a batch; see `contract.Sink.deliver`."""
        self._file.append(b"".join(item.data for item in items))
        return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _make(self) -> tuple[int, Path]:
        """Open the log, let ``latest`` lead to it, and make room: old logs go when a new one is begun."""
        descriptor, path = claim(self._directory, self._file_name, SUFFIX, self._started.run_id, _owner)
        with contextlib.suppress(OSError):  # a directory that takes no links is no reason to have no log
            self._link(path)
        self._rotate()
        return descriptor, path

    def _link(self, path: Path) -> None:
        link = self._directory / LATEST
        if link.exists() and not link.is_symlink():
            return  # somebody else's
        shown = run_of_log(link.resolve()) if link.is_symlink() else None
        if shown is not None and shown[1] > self._begun:
            return
        draft = self._directory / f".{LATEST}-{self._started.run_id}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(path.relative_to(self._directory))
        draft.replace(link)


def _encoded(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
