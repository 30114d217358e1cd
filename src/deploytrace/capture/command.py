"""One Ansible command: its settings, its runs one after the other, their sidecars, and what is said about them."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .. import settings as settings_
from ..events import RunEnded, RunStarted
from ..features import Features, features
from ..identity import RUN_NODE, new_run_id, span_id, trace_id
from ..journal.writer import Writer
from ..settings import Settings
from . import context, launch
from .declared import Declarations
from .ending import where
from .mail_password import with_password
from .recording import Recording
from .redact import Redactor
from .secrets import Secrets
from .surroundings import Surroundings

if TYPE_CHECKING:
    from .timestamp import Timestamps

__all__ = ["Command"]

_REPORT_WAIT = 1.0  # seconds


class Command:
    """Begins and ends runs, and speaks to the user: a warning per trouble, a line per run. Reads the settings, once."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self.settings, problems = settings_.load(os.environ, surroundings.config_file)
        try:
            self.redactor = Redactor(self.settings.redact_keys, self.settings.redact_patterns, surroundings.mask)
        except re.error as error:
            problems.append(
                f"redact_keys or redact_patterns of deploytrace holds {error.pattern!r}, which is no regular "
                f"expression ({error}); both are ignored until it is corrected."
            )
            self.redactor = Redactor(mask=surroundings.mask)
        for problem in problems:
            surroundings.warn(problem)
        self.secrets = Secrets(self.redactor)
        self.declarations = Declarations(surroundings.sources)
        self.timestamps = self._timestamps()
        self._callbacks: dict[str, None] = {}
        self._id = new_run_id()
        self._sequence = 0
        self._previous: str | None = None
        self._before: dict[str, dict[str, int]] = {}
        self._sidecars: list[launch.Sidecar] = []
        self._complained = False

    def _timestamps(self) -> Timestamps | None:
        """Return who prints the timestamp lines, where they are wanted: few want them, and loading them takes 1 ms."""
        if not self.settings.timestamps:
            return None
        from .timestamp import timestamps

        return timestamps(self._surroundings)

    def enable(self, callback: str) -> None:
        """Note that one of our callbacks is enabled; all are before the first run begins."""
        self._callbacks[callback] = None

    @property
    def results(self) -> str:
        """Of which results the details are recorded: the log wants all, else the setting says."""
        return "all" if self._features.log else self.settings.results

    @property
    def _features(self) -> Features:
        return features(self.settings, tuple(self._callbacks))

    def begin(self, playbook: Any, variable_manager: Any) -> Recording:
        """Begin the run of a playbook (None in ansible-console): create its journal and start its sidecar.

        Raises `OSError` where the state directory cannot be used, `RuntimeError` where there is none.
        """
        state_dir = self.settings.directory()
        self.secrets.begin(variable_manager, os.environ)
        self._sequence += 1
        run_id = new_run_id()
        started = context.run_started(
            self._surroundings,
            self.settings,
            self.redactor,
            callbacks=tuple(self._callbacks),
            run_id=run_id,
            command_id=self._id,
            sequence=self._sequence,
            previous=self._previous,
            playbook=playbook,
            variable_manager=variable_manager,
            environ=os.environ,
        )
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        recording = Recording(Writer(state_dir / "journals", run_id), started)
        if "deploytrace.capture.timestamp" in sys.modules:  # else nobody prints any
            from .timestamp import tell_run

            tell_run(state_dir, started)
        trace = trace_id(run_id, started.traceparent, started.join_trace)
        self._previous = f"{trace}-{span_id(run_id, RUN_NODE)}"
        try:
            settings = self._for_sidecar(started, variable_manager)
            self._sidecars.append(launch.launch(recording.writer.path, state_dir, settings, self._columns()))
        except (OSError, ValueError) as error:
            self.warn(f"deploytrace's sidecar could not be started ({error}): deliver this run with deploytrace flush.")
        return recording

    def _for_sidecar(self, started: RunStarted, variable_manager: Any) -> Settings:
        """Return the settings with the password that an Ansible variable holds, which is secret from now on."""
        try:
            settings = with_password(self.settings, started.context_vars, variable_manager)
        except ValueError as error:
            self.warn(str(error))
            return self.settings
        password = settings.for_run(started.context_vars).smtp_password
        if password:
            self.redactor.known.learn(password)
        return settings

    def end(
        self,
        recording: Recording,
        reason: str,
        stats: Mapping[str, Mapping[str, int]],
        *,
        spent_ns: int,
        stopped: str | None,
    ) -> None:
        """End a run, and say where its trace is. ``reason`` and ``stopped`` are `events.RunEnded`'s."""
        try:
            recording.emit(
                RunEnded(t=recording.now(), reason=reason, stats=stats, callback_ns=spent_ns, stopped=stopped)
            )
        except OSError as error:
            self.complain(error)
        recording.writer.close()
        if stopped is None:
            self._say(self._where(recording.started))

    def _columns(self) -> int:
        """Return the width of what is shown: that of Ansible's own lines, which are never short of 79, or less."""
        columns = self._surroundings.columns()
        with contextlib.suppress(OSError):
            columns = min(columns, os.get_terminal_size(1).columns)
        return columns

    def _where(self, started: RunStarted) -> str | None:
        return where(started, self.settings, os.environ) if self._features.traces else None

    def report(self) -> None:
        """Show the slowest tasks of the run that has just ended; its sidecar, which has seen all of it, tells them.

        With profile_tasks they are shown as Ansible shows its own output, else with what we say ourselves.
        """
        if not self._features.top_console or not self._sidecars:
            return
        text = self._sidecars[-1].report(_REPORT_WAIT)
        if text is None:
            text = "deploytrace: the report is not ready yet; deploytrace top shows it."
        if "profile_tasks" in self._callbacks:
            self._surroundings.show(text)
        else:
            self._say(text)

    def stats(self, stats: Any) -> dict[str, dict[str, int]]:
        """Return what Ansible counted per host in this run; its own counts go on over all runs of a command."""
        counted: dict[str, dict[str, int]] = {}
        for host in stats.processed:
            name = str(host)
            total = {str(key): int(value) for key, value in stats.summarize(host).items()}
            before = self._before.get(name, {})
            counts = {key: value - before.get(key, 0) for key, value in total.items()}
            if any(counts.values()):
                counted[name] = counts
            self._before[name] = total
        return counted

    def complain(self, error: BaseException) -> str:
        """Warn of a failure of our own, once; return it in words."""
        words = _in_words(error)
        if not self._complained:
            self._complained = True
            self._surroundings.warn(f"deploytrace stopped recording this run: {words} The deploy goes on.")
        return words

    def warn(self, text: str) -> None:
        """Warn through Ansible's own voice (standard error)."""
        self._surroundings.warn(text)

    def wait(self) -> None:
        """Give the sidecars the time that the settings allow to deliver what there is."""
        launch.wait(self._sidecars, self.settings.exit_wait)

    def _say(self, line: str | None) -> None:
        stream = {"stderr": sys.stderr, "stdout": sys.stdout}.get(self.settings.console)
        if line and stream is not None:
            _write(stream, f"{line}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write to standard output or error, past the stream: what a broken pipe left in it would fail at Python's end."""
    with contextlib.suppress(OSError):
        stream.flush()
        try:
            descriptor = stream.fileno()
        except io.UnsupportedOperation:  # a program that runs Ansible in itself has put its own in place
            stream.write(text)
        else:
            os.write(descriptor, text.encode(stream.encoding, "backslashreplace"))


def _in_words(error: BaseException) -> str:
    """Return what went wrong and what would help, in one sentence."""
    if isinstance(error, OSError):
        name = error.filename if error.filename is not None else "the journal"
        if isinstance(name, (str, bytes, Path)):
            name = os.fsdecode(name)
        reason = error.strerror or str(error)
        return f"{name}: {reason}; set state_dir (DEPLOYTRACE_STATE_DIR) to a directory that can be used."
    if isinstance(error, RuntimeError) and "home" in str(error).lower():
        return "there is no home directory; set state_dir (DEPLOYTRACE_STATE_DIR)."
    return f"an internal error ({type(error).__name__}: {str(error)[:200]}); please report it."
