"""How things are named in the store and as labels: names that every database and every metrics format takes."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..events import RunStarted

__all__ = ["clean", "playbook_label"]

_LENGTH = 200  # characters; longer ones are cut


def clean(text: str, length: int = _LENGTH) -> str:
    """Return a text without NUL, of valid Unicode, of at most so many characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:length].encode("utf-8", "replace").decode()


def playbook_label(started: RunStarted) -> str:
    """Return a playbook's name in metrics: its path as it was given, where that was relative, else its file name."""
    path = PurePosixPath(started.playbook)
    if started.front_end == "playbook" and (path.is_absolute() or ".." in path.parts):
        return clean(path.name)
    return clean(str(path))
