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


@dataclasses.dataclass(frozen=True)
class Sidecar:
    """A sidecar at work. It writes ``done`` or ``pending`` when all that can be delivered is delivered."""

    process: subprocess.Popen[bytes]


def launch(journal: Path, state_dir: Path, settings: Settings) -> Sidecar:
    """Start the sidecar of a run; it follows ``journal`` and notices the end of this process by itself.

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
    orders = {"journal": str(journal), "state_dir": str(state_dir), "pidfd": pidfd, "settings": _plain(settings)}
    assert process.stdin is not None  # noqa: S101 - it was asked for just above
    with contextlib.suppress(BrokenPipeError), process.stdin as orders_pipe:
        orders_pipe.write(json.dumps(orders).encode())
    return Sidecar(process)


def wait(sidecars: Sequence[Sidecar], seconds: float) -> None:
    """Wait until every sidecar has said ``done`` or ``pending`` or is gone, together at most ``seconds``."""
    until = time.monotonic() + seconds
    pipes = [sidecar.process.stdout for sidecar in sidecars if sidecar.process.stdout is not None]
    while pipes and (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select(pipes, [], [], left)
        for pipe in ready:
            os.read(pipe.fileno(), 64)
            pipes.remove(pipe)


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
        found[item.name] = str(value) if isinstance(value, Path) else value
    return found
