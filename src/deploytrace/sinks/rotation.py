"""Removes old logs and archives: what is older than so many days, and all but the newest so many.

Only files that say themselves that they are ours are ever removed, whatever else lies in the directory.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["Begun", "rotate"]

_log = logging.getLogger(__name__)
_DEPTH = 4  # directories below the log directory that templates may make
_MOST = 100_000  # files that are looked at

Begun = Callable[[Path], "str | None"]
"""Says when the run began that a file belongs to, comparable as text; None where it is no file of ours."""


def rotate(directory: Path, suffix: str, begun: Begun, *, keep: int | None, older_than: float) -> None:
    """Remove our files of a kind: all but the ``keep`` newest (by their runs' start; None: no number), and those
    last changed before ``older_than`` (Unix s). What cannot be removed stays, and a warning says so.
    """
    found: list[tuple[str, Path]] = []
    for path in _files(directory, suffix):
        when = begun(path)
        if when is not None:
            found.append((when, path))
    found.sort(reverse=True)
    for number, (_, path) in enumerate(found):
        try:
            if (keep is not None and number >= keep) or path.stat().st_mtime < older_than:
                path.unlink()
        except OSError as error:
            _log.warning("%s cannot be removed (%s).", path, error.strerror or error)


def _files(directory: Path, suffix: str) -> Iterator[Path]:
    seen = 0
    for root, folders, names in os.walk(directory):
        depth = len(Path(root).relative_to(directory).parts)
        folders[:] = sorted(folders) if depth < _DEPTH else []
        for name in names:
            seen += 1
            if seen > _MOST:
                return
            if name.endswith(suffix):
                yield Path(root, name)
