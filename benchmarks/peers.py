"""Gets the callbacks that deploytrace is compared with: community.general, taken out of PyPI's package ``ansible``."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from ground.cache import CACHE, build_once, digest, run_tool

__all__ = ["COMMUNITY_GENERAL", "community_general"]

COMMUNITY_GENERAL = "13.5.0"
"""The collection's version, for people."""

_PACKAGE = "ansible==14.5.0"  # has that collection, and is of the newest stable ansible-core
_PYTHON = "3.13"
_COLLECTION = "ansible_collections/community/general/"


def community_general() -> Path:
    """Return the directory for ANSIBLE_COLLECTIONS_PATH; `MissingPart` where the package index does not answer."""

    def build(target: Path) -> None:
        any_python = ("--no-deps", "--only-binary=:all:", "--python-version", _PYTHON)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        run_tool(*pip, "download", "--quiet", *any_python, "--dest", target, _PACKAGE)
        package = next(target.glob("*.whl"))
        with zipfile.ZipFile(package) as archive:
            archive.extractall(target, [name for name in archive.namelist() if name.startswith(_COLLECTION)])
        package.unlink()

    return build_once(CACHE / "peers" / digest(_PACKAGE), "community.general, a download of 50 MB, once", build)
