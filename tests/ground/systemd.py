"""systemd-analyze, which reads units without a systemd that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from ground.debian import libraries, unpacked

__all__ = ["exposure", "objections"]


def objections(*units: Path) -> str:
    """What systemd has to say against units, with the drop-ins that lie beside them; empty where it is nothing."""
    return _analyze("verify", "--man=no", *units)


def exposure(unit: Path) -> float:
    """How exposed systemd rates a unit with its drop-ins, from 0 to 10 (nothing that could be closed is)."""
    (rating,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", _analyze("security", "--offline=true", unit))
    return float(rating)


def _analyze(*arguments: str | Path) -> str:
    program, environ = _program()
    done = subprocess.run(
        [program, "--no-pager", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 or said, f"systemd-analyze ended with {done.returncode}"
    return said


def _program() -> tuple[Path, dict[str, str]]:
    """systemd-analyze and its environment; where systemd is not installed, from the distribution's package."""
    if installed := shutil.which("systemd-analyze"):
        return Path(installed), dict(os.environ)
    root = unpacked("systemd")
    environ = os.environ | libraries(root)
    private = sorted({str(path.parent) for path in root.rglob("libsystemd-shared-*.so")})
    environ["LD_LIBRARY_PATH"] = ":".join([environ.get("LD_LIBRARY_PATH", ""), *private])
    return root / "usr/bin/systemd-analyze", environ
