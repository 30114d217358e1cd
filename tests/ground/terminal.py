"""A real terminal: a program in tmux, on a screen of a given width, as a person would see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from ground.debian import libraries, unpacked
from ground.waiting import PATIENCE_S

__all__ = ["Terminal", "tmux"]

_ROWS = 200  # enough that nothing scrolls away


def tmux() -> tuple[str, dict[str, str]]:
    """The program and what its environment needs: the machine's own, else the distribution's, unpacked."""
    installed = shutil.which("tmux")
    if installed:
        return installed, {}
    root = unpacked("tmux")
    return str(root / "usr/bin/tmux"), libraries(root)


class Terminal:
    """One screen; ``environ`` is all that the program gets, but for what tmux adds."""

    def __init__(self, command: Sequence[str | Path], *, columns: int, environ: Mapping[str, str], cwd: Path) -> None:
        program, libraries_needed = tmux()
        self._name = f"ground-{uuid.uuid4().hex[:12]}"
        self._tmux = [program, "-L", self._name, "-f", os.devnull]
        self._environ = {**environ, **libraries_needed, "TERM": "xterm-256color"}
        self._environ.pop("COLUMNS", None)  # the terminal itself is to be asked
        size = ["-x", str(columns), "-y", str(_ROWS)]
        # The pane stays, with what is on it, when the program has ended.
        options = ["set", "-g", "remain-on-exit", "on", ";"]
        self._run("start-server", ";", *options, "new-session", "-d", *size, "-c", str(cwd), *map(str, command))

    def wait(self, timeout: float = PATIENCE_S) -> str:
        """Wait for the program's end; return what is on the screen. AssertionError after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        while self._run("display-message", "-p", "#{pane_dead}").strip() != "1":
            assert time.monotonic() < deadline, f"still running after {timeout:g} s\n{self.screen()}"
            time.sleep(0.1)
        return self.screen()

    def screen(self) -> str:
        """What is on the screen, line by line, without colours."""
        return self._run("capture-pane", "-p", "-S", "-").rstrip()  # with what has scrolled away

    def close(self) -> None:
        """End whatever still runs in it."""
        subprocess.run([*self._tmux, "kill-server"], env=self._environ, capture_output=True, check=False)

    def _run(self, *words: str) -> str:
        answer = subprocess.run([*self._tmux, *words], env=self._environ, capture_output=True, text=True, check=True)
        return answer.stdout
