"""Which processes the tests have started and must have ended: found by a mark in their environment.

A sidecar outlives the process that started it and has a session of its own, so neither children nor process groups
tell whose it is. What it inherits is the environment. Only sshd writes over its own: that is found by its files.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SESSION_MARK", "Process", "end_all", "free_port", "marked", "naming", "new_mark", "wait_until_gone"]

SESSION_MARK = "GROUND_SESSION"
"""Environment variable that all processes of one test session (one worker of it) have in common."""


@dataclass(frozen=True)
class Process:
    """A living process."""

    pid: int
    command: str


def new_mark() -> str:
    """A value for a marking variable that no other process has."""
    return uuid.uuid4().hex


def marked(name: str, mark: str) -> list[Process]:
    """The living processes that have ``name=mark`` in the environment they were started with, this one left out."""
    wanted = f"{name}={mark}".encode()
    return [
        Process(pid, command)
        for pid, environ, command in _processes()
        if pid != os.getpid() and wanted in environ.split(b"\0")
    ]


def naming(path: Path) -> list[Process]:
    """The living processes that have ``path``, or one below it, on their command line, this one left out."""
    return [Process(pid, command) for pid, _, command in _processes() if pid != os.getpid() and str(path) in command]


def wait_until_gone(name: str, mark: str, timeout: float) -> list[Process]:
    """Wait until no process has the mark, at most ``timeout`` s; return those that are still there."""
    deadline = time.monotonic() + timeout
    while (left := marked(name, mark)) and time.monotonic() < deadline:
        for process in left:
            _wait_for_end(process.pid, deadline)
    return left


def end_all(processes: list[Process]) -> None:
    """Kill what should not be there any more."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def free_port(address: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_end(pid: int, deadline: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        finally:
            os.close(descriptor)


def _processes() -> Iterator[tuple[int, bytes, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile, or belongs to somebody else
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                yield int(entry.name), (entry / "environ").read_bytes(), command
