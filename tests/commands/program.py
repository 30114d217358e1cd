"""The command ``deploytrace`` as a user runs it: a process of its own, with a state directory and an environment."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from ground.waiting import PATIENCE_S

__all__ = ["Program"]


class Program:
    """The command line on one state directory. Nothing of the tester's own configuration is seen by it."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "state"
        self.cwd = directory / "empty"
        self.cwd.mkdir()

    def environ(self, **more: str) -> dict[str, str]:
        """What the command gets; 100 columns, UTC, UTF-8."""
        passed_on = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.cwd), "DEPLOYTRACE_STATE_DIR": str(self.state_dir), "TZ": "UTC", "COLUMNS": "100"}
        return {**passed_on, **own, "PYTHONIOENCODING": "utf-8", **more}

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [sys.executable, "-m", "deploytrace", *words],
            env=self.environ(**environ),
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding=environ.get("PYTHONIOENCODING", "utf-8"),
            timeout=PATIENCE_S,
            check=False,
        )

    def output(self, *words: str, **environ: str) -> str:
        """Run it to its good end; return what it printed."""
        answer = self.run(*words, **environ)
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
        return answer.stdout

    def on_terminal(self, *words: str, columns: int, **environ: str) -> str:
        """Run it on a terminal of that width; return what the terminal got."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        variables = {name: value for name, value in self.environ(**environ).items() if name != "COLUMNS"}
        command = [sys.executable, "-m", "deploytrace", *words]
        with subprocess.Popen(
            command, env=variables, cwd=self.cwd, stdin=theirs, stdout=theirs, stderr=theirs
        ) as child:
            os.close(theirs)
            received = b""
            while chunk := _read(ours):
                received += chunk
        os.close(ours)
        assert child.returncode == 0, received
        return received.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the last process has closed the other side
        return b""
