"""Which runs can be compared with each other, and which tasks are the same: told alike on both sides of the journal.

Runs are of one *kind* where playbook, environment, tags and check mode are the same. Tasks are the same where play,
role, file and name are: not the line, which moves with every edit above it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePath, PurePosixPath

from .events import RunStarted

__all__ = ["VARIABLES", "clean", "environment", "place", "playbook_name", "run_kind", "task_hash", "usual_file"]

VARIABLES = ("env", "brand", "subBrand")
"""Extra variables that tell one installation from another, where context_vars records them."""

_LENGTH = 200  # characters; longer names are cut
_LAST_PARTS = 4  # of a path outside the project


def clean(text: str, length: int = _LENGTH) -> str:
    """Return a text that every database and metrics format takes: without NUL, valid Unicode, so many characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:length].encode("utf-8", "replace").decode()


def playbook_name(started: RunStarted) -> str:
    """Return a playbook's name: its path as it was given, where that was relative, else its file name."""
    path = PurePosixPath(started.playbook)
    if started.front_end == "playbook" and (path.is_absolute() or ".." in path.parts):
        return path.name
    return str(path)


def environment(started: RunStarted) -> str:
    """Return what a run was for: ``deployment.environment.name`` and the extra variables, empty where nobody said."""
    named = [started.resource.get("deployment.environment.name", "")]
    named += [started.context_vars.get(name, "") for name in VARIABLES]
    return "/".join(dict.fromkeys(filter(None, named)))


def run_kind(started: RunStarted) -> str:
    """Return the name of a run's kind: 16 hex digits."""
    parts = [playbook_name(started), environment(started), "check" if started.check_mode else "", started.front_end]
    parts += [",".join(sorted(started.tags)), ",".join(sorted(started.skip_tags))]
    return _hash("\0".join(parts))


def usual_file(state_dir: Path, kind: str) -> Path:
    """Return where it lies what is expected of the next run of a kind."""
    return state_dir / "usual" / f"{kind}.json"


def place(path: str | None, project: PurePath) -> str:
    """Return where in the project a file lies; of one outside of it the last parts of its path."""
    where = PurePath(path or "")
    try:
        return where.relative_to(project).as_posix()
    except ValueError:
        return "/".join(where.parts[-_LAST_PARTS:])


def task_hash(play: str, role: str, where: str, name: str) -> str:
    """Return a task's identity over runs as 16 hex digits; ``where`` is its file's `place`."""
    return _hash("\0".join((play, role, where, name)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
