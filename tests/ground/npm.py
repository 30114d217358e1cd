"""Packages of the npm registry, unpacked once: their files, nothing of them is run here."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from ground.cache import CACHE, MissingPart, build_once, run_tool

__all__ = ["npm_package"]


def npm_package(name: str, version: str) -> Path:
    """Return the directory with a package's files. Raises `MissingPart` where there is no npm, or no registry."""

    def build(target: Path) -> None:
        if not shutil.which("npm"):
            raise MissingPart(f"The tests need npm's package {name}, and there is no 'npm' on PATH: install Node.js.")
        run_tool("npm", "pack", "--silent", f"{name}@{version}", cwd=target)
        (archive,) = target.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(target, filter="data")
        archive.unlink()

    return build_once(CACHE / "npm" / f"{name}-{version}", f"npm's {name} {version}", build) / "package"
