"""Finds the machine's Pythons, however they got there: on PATH, from pyenv, from uv."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["find_python"]

# A Python without ensurepip (Debian's without python3-venv) cannot make a virtual environment.
_PROBE = "import ensurepip, os, sys; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys.executable))"


@functools.cache
def find_python(version: str) -> Path | None:
    """Return an interpreter of ``version`` (such as "3.12") that can make virtual environments, or None."""
    for candidate in _candidates(version):
        try:
            probe = subprocess.run([candidate, "-c", _PROBE], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        found, _, executable = probe.stdout.strip().partition(" ")
        if probe.returncode == 0 and found == version:
            return Path(executable)
    return None


def _candidates(version: str) -> Iterator[str]:
    name = f"python{version}"
    for directory in os.get_exec_path():
        if (Path(directory) / name).exists():
            yield str(Path(directory) / name)
    # pyenv's shims on PATH refuse every version that is not chosen in this directory: look at its versions themselves.
    for root in filter(None, (os.environ.get("PYENV_ROOT"), str(Path.home() / ".pyenv"), "/opt/pyenv")):
        versions = (Path(root) / "versions").glob(f"{version}.*")
        yield from (str(path / "bin" / name) for path in sorted(versions, reverse=True))
    if uv := shutil.which("uv"):
        answer = subprocess.run([uv, "python", "find", version], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield answer.stdout.strip()
