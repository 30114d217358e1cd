"""The Python of the hosts that tests deploy to: nothing is installed in it, and it compiles no module twice.

Compiling is two fifths of the time that a module takes, and modules are most of what the tests spend their time on.
"""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

from ground.cache import CACHE, build_once, digest, run_tool

__all__ = ["hosts_python"]

_COMPILED_ONCE = Path(__file__).with_name("compiled_once.py")


@functools.cache
def hosts_python(python: Path) -> Path:
    """Return an interpreter for Ansible's modules, of the same version as ``python``."""

    def build(target: Path) -> None:
        run_tool(python, "-m", "venv", "--without-pip", target)
        packages = next(target.glob("lib/python*/site-packages"))
        shutil.copy(_COMPILED_ONCE, packages)
        (packages / "compiled_once.pth").write_text("import compiled_once\n")

    key = digest(str(python), _COMPILED_ONCE.read_text())
    return build_once(CACHE / "hosts" / f"{python.name}-{key}", f"the hosts' {python.name}", build) / "bin" / "python"
