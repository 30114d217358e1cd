"""An exporter as a process, as systemd runs it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ground.processes import free_port
from ground.waiting import PATIENCE_S, wait_for

__all__ = ["Answer", "Exporter", "running_exporter"]

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
"""What Prometheus says that it reads."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    kind: str


@dataclass
class Exporter:
    """A running exporter, and where it is."""

    environ: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    flags: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Its "host:port"."""
        return f"127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """What it said."""
        return self.log.read_text()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [sys.executable, "-m", "deploytrace", "exporter", "--listen", self.address, *self.flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        wait_for(lambda: self._there() or self.process.poll() is not None, "exporter")
        assert self.process.poll() is None, self.said

    def ask(self, path: str = "/metrics", **headers: str) -> Answer:
        """Ask for a path."""
        scheme = "https" if self.tls else "http"
        request = urllib.request.Request(f"{scheme}://{self.address}{path}", headers=headers)  # noqa: S310 - our own
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE_S, context=self.tls)  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(answer.status, answer.read().decode(), answer.headers["Content-Type"] or "")

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def end(self) -> int:
        """SIGTERM; return its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def _there(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("/-/healthy").status == 200
        return False


@contextlib.contextmanager
def running_exporter(
    environ: Mapping[str, str], log: Path, *flags: str, tls: ssl.SSLContext | None = None
) -> Iterator[Exporter]:
    """An exporter with that environment, for the length of a ``with`` block."""
    kept = {name: value for name, value in os.environ.items() if not re.match("OTEL_|DEPLOYTRACE_", name)}
    exporter = Exporter(kept | dict(environ), log, flags=flags, tls=tls)
    exporter.start()
    try:
        yield exporter
    finally:
        if exporter.process is not None and exporter.process.poll() is None:
            exporter.kill()
