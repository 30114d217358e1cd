"""The Python of the hosts that tests deploy to: nothing is installed in it, and it compiles no module twice.

Compiling is two fifths of the time that a module takes, and modules are most of what the tests spend their time on. For
the same reason it is the distribution's own where that will do, as on most hosts: it is built for speed, which saves a
sixth of the rest.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from ground.cache import CACHE, build_once, digest, run_tool

__all__ = ["hosts_python"]

_COMPILED_ONCE = Path(__file__).with_name("compiled_once.py")
_DISTRIBUTION = Path("/usr/bin/python3")
_KNOWN_TO_ALL = ("3.10", "3.11", "3.12")  # every ansible-core that is tested supports hosts with these


@functools.cache
def hosts_python(python: Path) -> Path:
    """Return an interpreter for Ansible's modules: the distribution's, or else of the same version as ``python``."""
    python = _distributions_own() or python

    def build(target: Path) -> None:
        run_tool(python, "-m", "venv", "--without-pip", target)
        packages = next(target.glob("lib/python*/site-packages"))
        shutil.copy(_COMPILED_ONCE, packages)
        (packages / "compiled_once.pth").write_text("import compiled_once\n")

    key = digest(str(python), _COMPILED_ONCE.read_text())
    return build_once(CACHE / "hosts" / f"{python.name}-{key}", f"the hosts' {python.name}", build) / "bin" / "python"


@functools.cache
def _distributions_own() -> Path | None:
    tell = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        told = subprocess.run([_DISTRIBUTION, "-c", tell], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return _DISTRIBUTION.resolve() if told.stdout.strip() in _KNOWN_TO_ALL else None
