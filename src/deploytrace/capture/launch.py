"""Starts the sidecar: by exec, detached, told everything over its standard input: no secret on a command line."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from ..settings import Settings

__all__ = ["Sidecar", "launch", "wait"]

# The package is found where this process found it, and the current directory is not searched for modules.
_BOOTSTRAP = "import sys; sys.path[0] = sys.argv.pop(); from deploytrace.sidecar.main import main; main()"


class Sidecar:
    """A sidecar at work. It says what it has to say in JSON, a line each: ``{"report": text}`` at the end of its run,
    and ``{"delivered": true}`` or ``false`` once all that can be delivered now is delivered.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self._process = process
        self._heard = b""
        self._said: dict[str, Any] = {}
        self.silent = process.stdout is None  # it has gone, or closed its standard output

    @property
    def delivered(self) -> bool:
        """Whether it has said that there is nothing left to wait for."""
        return self.silent or "delivered" in self._said

    def report(self, seconds: float) -> str | None:
        """Return the report of its run, or None where it does not come within ``seconds``."""
        until = time.monotonic() + seconds
        while "report" not in self._said and not self.silent and (left := until - time.monotonic()) > 0:
            _listen([self], left)
        report = self._said.get("report")
        return report if isinstance(report, str) else None

    def fileno(self) -> int:
        """Return the descriptor of what it says."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for at the start
        return self._process.stdout.fileno()

    def hear(self) -> None:
        """Take in what it has said; called when there is something."""
        heard = os.read(self.fileno(), 65536)
        self.silent = not heard
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict):
                    self._said |= said


def launch(journal: Path, state_dir: Path, settings: Settings, columns: int) -> Sidecar:
    """Start the sidecar of a run; it follows ``journal`` and notices the end of this process by itself.

    ``columns`` is the width of what it is asked to say.

    Raises `OSError` where it cannot be started.
    """
    pidfd = _pidfd()
    try:
        with _log(state_dir) as log:
            process = subprocess.Popen(
                [sys.executable, "-c", _BOOTSTRAP, str(Path(__file__).resolve().parents[2])],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                close_fds=True,
                pass_fds=() if pidfd is None else (pidfd,),
                start_new_session=True,
            )
    finally:
        if pidfd is not None:
            os.close(pidfd)
    orders = {
        "journal": str(journal),
        "state_dir": str(state_dir),
        "pidfd": pidfd,
        "settings": _plain(settings),
        "columns": columns,
    }
    assert process.stdin is not None  # noqa: S101 - it was asked for just above
    with contextlib.suppress(BrokenPipeError), process.stdin as orders_pipe:
        orders_pipe.write(json.dumps(orders).encode())
    return Sidecar(process)


def wait(sidecars: Sequence[Sidecar], seconds: float) -> None:
    """Wait until every sidecar has said that it is through or is gone, together at most ``seconds``."""
    until = time.monotonic() + seconds
    while waiting := [sidecar for sidecar in sidecars if not sidecar.delivered]:
        left = until - time.monotonic()
        if left <= 0:
            return
        _listen(waiting, left)


def _listen(sidecars: Sequence[Sidecar], seconds: float) -> None:
    for sidecar in select.select(sidecars, [], [], seconds)[0]:
        sidecar.hear()


def _pidfd() -> int | None:
    """Return a descriptor that becomes readable when this process ends; None where the system has none (macOS)."""
    try:
        return os.pidfd_open(os.getpid())
    except (AttributeError, OSError):
        return None


def _log(state_dir: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.fdopen(os.open(state_dir / "sidecar.log", flags, 0o600), "ab", buffering=0)
    except OSError:
        return open(os.devnull, "ab", buffering=0)


def _plain(settings: Settings) -> dict[str, Any]:
    """Return all settings in JSON's types."""
    found = {}
    for item in dataclasses.fields(settings):
        value = getattr(settings, item.name)
        found[item.name] = (
            str(value) if isinstance(value, Path) else dict(value) if item.name == "environments" else value
        )
    return found
