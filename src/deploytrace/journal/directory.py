"""Where everything lies in the state directory, and which runs are there.

    journals/<run id>.jsonl         a run's events (0600, in a directory 0700)
    journals/<run id>.cursor.json   how far it has been delivered
    traces/<run id>.jsonl           its trace, where no endpoint is set
    pages/<run id>.html             its page, where one is wanted
    store.db                        history and metrics (SQLite, with store.db-wal and store.db-shm)
    sidecar.log, dropped.json, recovery.lock

Anything else that lies there, of whatever kind, is left alone and holds up nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import JournalError, RunNotFound
from ..events import RunStarted
from .cursor import Cursor
from .ending import read_ending
from .owner import is_alive
from .reader import first_event, open_journal

__all__ = ["Directory", "Recorded", "State", "named"]

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_LAST = re.compile(r"last(?:~(\d+))?")


class State(str, Enum):
    """How things stand with a recorded run."""

    RUNNING = "running"
    DELIVERED = "delivered"
    WAITING = "waiting"  # it has ended; something of it is not delivered
    ABANDONED = "abandoned"  # Ansible's process is gone without a word and no sidecar has taken note yet


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run whose journal is there and tells at least its start."""

    run_id: str
    path: Path
    started: RunStarted


class Directory:
    """A state directory; it need not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journals = root / "journals"
        self.traces = root / "traces"
        self.pages = root / "pages"
        self.log = root / "sidecar.log"
        self.recovery_lock = root / "recovery.lock"

    def create(self) -> None:
        """Create what is missing, for its owner alone. Raises `OSError`."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.journals.mkdir(mode=0o700, exist_ok=True)

    def journal(self, run_id: str) -> Path:
        """Return where a run's journal lies."""
        return self.journals / f"{run_id}.jsonl"

    def cursor(self, run_id: str) -> Path:
        """Return where a run's cursor lies."""
        return self.journals / f"{run_id}.cursor.json"

    def trace(self, run_id: str) -> Path:
        """Return where a run's trace file lies."""
        return self.traces / f"{run_id}.jsonl"

    def page(self, run_id: str) -> Path:
        """Return where a run's page lies."""
        return self.pages / f"{run_id}.html"

    def journal_files(self) -> Iterator[tuple[str, Path]]:
        """Yield run id and path of all that is named like a journal and is a regular file; its content may be any."""
        try:
            found = sorted(self.journals.iterdir())
        except OSError:
            return
        for path in found:
            run_id = path.name.removesuffix(".jsonl")
            if run_id != path.name and _RUN_ID.fullmatch(run_id) and not path.is_symlink() and path.is_file():
                yield run_id, path

    def runs(self) -> list[Recorded]:
        """Return the recorded runs, newest first; files that cannot be read are left out."""
        recorded = [
            Recorded(run_id, path, started)
            for run_id, path in self.journal_files()
            if (started := _started(path)) is not None
        ]
        return sorted(recorded, key=lambda run: (run.started.wall_ns, run.run_id), reverse=True)

    def find(self, run: str) -> Recorded:
        """Return the run that ``last``, ``last~N`` or the beginning of a run id names.

        Raises `RunNotFound`, and `JournalError` where there is one whose journal cannot be read.
        """
        last = _LAST.fullmatch(run)
        if last is None and _RUN_ID.fullmatch(run) and (started := _started(self.journal(run))) is not None:
            return Recorded(run, self.journal(run), started)
        runs = {each.run_id: each for each in self.runs()}
        if not runs:
            try:
                self._read_start("")
            except JournalError as error:
                raise RunNotFound(str(error)) from None
        elif last is None and run and not any(run_id.startswith(run.lower()) for run_id in runs):
            self._read_start(run.lower())
        return runs[named(run, list(runs), str(self.root))]

    def _read_start(self, beginning: str) -> None:
        """Raise `JournalError` where the journals of such run ids cannot be read: `runs` leaves those out."""
        for run_id, path in self.journal_files():
            if run_id.startswith(beginning):
                try:
                    descriptor = open_journal(path)
                except OSError as error:
                    raise JournalError(f"{path} cannot be read ({error.strerror or error}).") from None
                try:
                    first_event(descriptor, str(path))
                finally:
                    os.close(descriptor)

    def state(self, run: Recorded) -> State:
        """Return how things stand with a run; why something waits is in its cursor."""
        if Cursor(self.cursor(run.run_id)).complete:
            return State.DELIVERED
        try:
            descriptor = open_journal(run.path)
        except (OSError, JournalError):
            return State.ABANDONED
        try:
            ended = read_ending(descriptor) is not None
        finally:
            os.close(descriptor)
        if ended:
            return State.WAITING
        return State.RUNNING if is_alive(run.started) else State.ABANDONED


def _started(path: Path) -> RunStarted | None:
    try:
        descriptor = open_journal(path)
    except (OSError, JournalError):
        return None
    try:
        return first_event(descriptor, str(path))
    except (OSError, JournalError):
        return None
    finally:
        os.close(descriptor)


def named(run: str, newest_first: Sequence[str], where: str) -> str:
    """Return the run id that ``last``, ``last~N`` or the beginning of an id names among these. Raises `RunNotFound`.

    ``where`` is what is searched, for people.
    """
    if not newest_first:
        raise RunNotFound(f"No run is recorded in {where}: enable the callback and run a playbook.")
    last, many = _LAST.fullmatch(run), len(newest_first)
    if last is not None:
        back = int(last[1] or 0)
        if back < many:
            return newest_first[back]
        there_are = f"{many} runs are recorded, the oldest is last~{many - 1}" if many > 1 else "one run is recorded"
        raise RunNotFound(f"{run} is not there: {there_are}.")
    found = [run_id for run_id in newest_first if run and run_id.startswith(run.lower())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RunNotFound(f"No recorded run has an id that begins with {run!r}; `deploytrace runs` lists them.")
    some = ", ".join(run_id[: len(run) + 4] for run_id in found[:3]) + ("..." if len(found) > 3 else "")
    raise RunNotFound(f"{run!r} is the beginning of {len(found)} run ids ({some}): give more of it.")
