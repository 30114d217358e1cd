"""The callbacks that deploytrace is compared with and succeeds, in their collections, out of PyPI's ``ansible``."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from ground.cache import CACHE, build_once, digest, run_tool

__all__ = ["COMMUNITY_GENERAL", "peers"]

COMMUNITY_GENERAL = "13.5.0"
"""That collection's version, for people."""

_PACKAGE = "ansible==14.5.0"  # has these collections, and is of the newest stable ansible-core
_PYTHON = "3.13"
_COLLECTIONS = ("community/general", "ansible/posix")


def peers() -> Path:
    """Return the directory for ANSIBLE_COLLECTIONS_PATH; `MissingPart` where the package index does not answer."""

    def build(target: Path) -> None:
        any_python = ("--no-deps", "--only-binary=:all:", "--python-version", _PYTHON)
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
        run_tool(*pip, "download", "--quiet", *any_python, "--dest", target, _PACKAGE)
        package = next(target.glob("*.whl"))
        wanted = tuple(f"ansible_collections/{collection}/" for collection in _COLLECTIONS)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(target, [name for name in archive.namelist() if name.startswith(wanted)])
        package.unlink()

    what = "community.general and ansible.posix, a download of 50 MB, once"
    return build_once(CACHE / "peers" / digest(_PACKAGE, *_COLLECTIONS), what, build)
