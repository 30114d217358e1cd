"""Where slow things are kept between test runs, each built once however many processes ask for it.

The cache is ``$XDG_CACHE_HOME/deploytrace-tests`` (``~/.cache/deploytrace-tests``). It may be deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["CACHE", "ROOT", "MissingPart", "announce", "build_once", "digest", "run_tool"]

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deploytrace-tests"

_COMPLETE = ".complete"
_QUOTED_LINES = 30


class MissingPart(Exception):
    """A part of the ground cannot be had on this machine; the text says which, why, and what would help."""


def announce(sentence: str) -> None:
    """Tell whoever waits at the terminal what takes so long (pytest captures ``sys.stderr``, hence the original)."""
    print(f"tests: {sentence}", file=sys.__stderr__, flush=True)


def digest(*parts: str) -> str:
    """A short key for a cache entry: equal exactly when all ``parts`` are equal."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def build_once(target: Path, what: str, build: Callable[[Path], None]) -> Path:
    """Return the directory ``target``, calling ``build(target)`` first if no earlier call has completed it.

    Safe between processes: one builds, the others wait. A build that was broken off is thrown away and begun again.
    ``what`` says what is built and about how long it takes; it is announced only when something is built.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    complete = target / _COMPLETE
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            announce(f"building {what}")
            begun = time.monotonic()
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            build(target)
            complete.touch()
            if (seconds := time.monotonic() - begun) > 5:
                announce(f"built {what.partition(',')[0]} in {seconds:.0f} s")
    return target


def run_tool(*command: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> None:
    """Run a build tool to its end; if it fails, raise `MissingPart` with the last lines that it said."""
    done = subprocess.run(command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-_QUOTED_LINES:]
        said = "\n  ".join(lines)
        raise MissingPart(f"'{' '.join(map(str, command))}' ended with status {done.returncode}:\n  {said}")
