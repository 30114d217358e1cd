"""The timestamp lines in the console: at each play and task, when a role begins, and at the end.

They are Ansible's own output, said as it says its own; nothing of it goes through the journal.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from ..events import RunStarted
from ..timestamps import elapsed, filled, remaining, timestamp
from .expected import Expected
from .extract import task_name
from .guard import hook
from .surroundings import Surroundings

__all__ = ["Timestamps", "tell_run", "timestamps"]

_shared: Timestamps | None = None


def timestamps(surroundings: Surroundings) -> Timestamps:
    """Return this process's timestamps, made at the first call: however many callbacks ask, a line is said once."""
    global _shared
    if _shared is None:
        _shared = Timestamps(surroundings)
    return _shared


def tell_run(state_dir: Path, started: RunStarted) -> None:
    """Tell this process's timestamps, where it has any, that a run is put on record. Never raises."""
    if _shared is not None and not _shared.off:
        _shared.run_started(state_dir, started)


class Timestamps:
    """Says the lines, each once, whoever tells it. Its hooks never raise; its first failure silences it."""

    def __init__(self, surroundings: Surroundings) -> None:
        self.off = False
        self.spent_ns = 0
        self._surroundings = surroundings
        self._start_ns = self._last_ns = time.monotonic_ns()
        self._over = False
        self._expected: Expected | None = None
        self._play: Any = None
        self._tasks: set[str] = set()  # of this play; under free each is announced once per host
        self._roles: set[str] = set()  # the role invocations of this play that have begun

    @hook
    def playbook_started(self, t: int) -> None:
        """A playbook begins: its lines count from here."""
        self._start_ns = self._last_ns = t
        self._over = False
        self._play = None

    @hook
    def run_started(self, t: int, state_dir: Path, started: RunStarted) -> None:
        """The run is put on record: what is known of its like says how much of it is left."""
        self._expected = Expected.read(state_dir, started)

    @hook
    def play_started(self, t: int, play: Any) -> None:
        """A play, or the next batch of it, begins."""
        if play is not self._play:
            self._play = play
            self._tasks.clear()
            self._roles.clear()
            self._say(t)

    @hook
    def task_started(self, t: int, task: Any) -> None:
        """A task is announced; with the first one of a role, the role is."""
        if task._uuid in self._tasks:
            return
        self._tasks.add(task._uuid)
        if self._expected is not None:
            self._expected.task_started(t, self._play, task)
        self._say(t)
        role = task._role
        if role is not None and role._uuid not in self._roles:
            self._roles.add(role._uuid)
            self._surroundings.show(f"{role.get_name()} | {task_name(task)}  {elapsed((t - self._start_ns) / 1e9)}")

    @hook
    def ended(self, t: int) -> None:
        """The playbook is over."""
        if not self._over:
            self._over = True
            self._expected = None  # the command's next playbook is another run
            self._say(t)

    def give_up(self, error: BaseException) -> None:
        """Be silent from now on, and say why, once."""
        self.off = True
        with contextlib.suppress(Exception):  # there is nobody left to tell
            self._surroundings.warn(f"deploytrace prints no more timestamps ({type(error).__name__}: {error}).")

    def _say(self, t: int) -> None:
        text = timestamp(time.time(), (t - self._last_ns) / 1e9, (t - self._start_ns) / 1e9)
        self._last_ns = t
        if self._expected is not None:
            text += f"   {remaining(*self._expected.left(t))}"
        self._surroundings.show(filled(text, self._surroundings.columns()))
