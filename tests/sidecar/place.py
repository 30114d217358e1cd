"""A state directory with all that a test does to it: record runs, kill, flush, and look at what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploytrace.journal.cursor import Cursor
from deploytrace.journal.directory import Directory
from ground.otlp import Span
from ground.waiting import PATIENCE_S

__all__ = ["Place", "Recording", "alive", "distinct", "state_directory"]

_RECORDER = Path(__file__).with_name("recorder.py")
_FLUSH = "import sys; from deploytrace.commands import main; sys.exit(main(['flush']))"


def alive(pid: int) -> bool:
    """Return whether a process is there and no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def distinct(spans: list[Span]) -> dict[str, Span]:
    """Return spans by id; AssertionError where one id was sent with two contents."""
    found: dict[str, Span] = {}
    for span in spans:
        assert found.setdefault(span.span_id, span) == span, f"{span.name} was sent with two contents"
    return found


@dataclass
class Recording:
    """A recorder process at work."""

    process: subprocess.Popen[str]
    run_id: str
    sidecar: int

    def recorded(self) -> None:
        """Wait until everything is in the journal."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "recorded\n"

    def tell_to_end(self) -> None:
        """Let a run that was recorded with ``end="told"`` end, and its process too."""
        self.recorded()
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)

    def waited(self) -> float:
        """Return how many seconds it waited for the sidecar at its end."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def kill(self) -> None:
        """SIGKILL, as the kernel does it when memory runs out."""
        self.process.kill()
        self.process.wait()


@dataclass
class Place:
    """A state directory and the environment of the processes that use it."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)
    sidecars: list[int] = field(default_factory=list)

    @property
    def directory(self) -> Directory:
        """The state directory's parts."""
        return Directory(self.root)

    @property
    def log(self) -> str:
        """What the sidecars logged."""
        return self.directory.log.read_text() if self.directory.log.exists() else ""

    def record(self, tasks: int = 3, pause: float = 0.0, end: str = "finished", **plan: Any) -> Recording:
        """Start a run; see ``recorder.py``."""
        text = json.dumps({"tasks": tasks, "pause": pause, "end": end, **plan})
        command = [sys.executable, str(_RECORDER), str(self.root), text]
        process = subprocess.Popen(
            command, env=self._environ(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.started.append(process)
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        if line["sidecar"]:
            self.sidecars.append(line["sidecar"])
        return Recording(process, line["run_id"], line["sidecar"] or 0)

    def leave_behind(self, tasks: int = 3, end: str = "finished") -> str:
        """Record a run that no sidecar has seen; return its id once Ansible is gone."""
        recording = self.record(tasks, end=end, sidecar=False)
        recording.recorded()
        if end == "hang":
            recording.kill()
        recording.process.wait(PATIENCE_S)
        return recording.run_id

    def flush(self) -> subprocess.CompletedProcess[str]:
        """Run ``deploytrace flush``, which is as patient as it is by default."""
        environ = {name: value for name, value in self._environ().items() if name != "DEPLOYTRACE_DELIVERY_WAIT"}
        return subprocess.run(
            [sys.executable, "-c", _FLUSH], env=environ, capture_output=True, text=True, timeout=90, check=False
        )

    def cursor(self, run_id: str) -> Cursor:
        """Return how far a run has been delivered."""
        return Cursor(self.directory.cursor(run_id))

    def end(self) -> None:
        """End what is still there."""
        for process in self.started:
            process.kill()
            process.wait()
        for pid in self.sidecars:
            with contextlib.suppress(OSError):
                if b"deploytrace.sidecar" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "DEPLOYTRACE_"))}
        return kept | {"DEPLOYTRACE_STATE_DIR": str(self.root)} | self.environ


@contextlib.contextmanager
def state_directory(root: Path, **environ: str) -> Iterator[Place]:
    """A state directory for the length of a ``with`` block; nothing of it runs on afterwards."""
    place = Place(root, dict(environ))
    try:
        yield place
    finally:
        place.end()
