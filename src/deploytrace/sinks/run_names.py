"""The names of a run's log and archive: filled from templates, safe, and never another run's.

A template may hold ``/`` for directories of its own; what is filled in may not. Two runs that a template gives the same
name get ``-2``, ``-3`` and so on behind it. Which run a file belongs to is told by the file itself (``owner``), so that
a later delivery finds its own again.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from ..errors import DeliveryUnavailable
from ..events import RunStarted
from ..identity import trace_id
from ..reports.log_page import zone_of
from ..reports.log_text import clock
from .growing_file import create

__all__ = ["PLACEHOLDERS", "claim", "claimed", "fill", "unknown_names"]

PLACEHOLDERS: Mapping[str, str] = {
    "date": "the run's start, `YYYY-MM-DD-HHMM`, by the controller's clock",
    "playbook": "the playbook's file name without its suffix",
    "run_id": "the run's id, 32 hex digits",
    "short_id": "the first eight of them",
    "trace_id": "the trace's id",
    "user": "who started Ansible",
    "host": "the controller's name",
}

_NAME = re.compile(r"\{(\w+)\}")
_FORBIDDEN = re.compile(r"[/\\\s]+")
_PART = 80  # bytes of what is filled in for a name
_WHOLE = 200  # bytes of a file's or a directory's name; file systems take 255
_MOST = 1000  # runs of the same name
_ABSENT = "Undefined"

Owner = Callable[[Path], "str | None"]
"""Says which run a file belongs to; None where it is no file of ours."""


def unknown_names(template: str, context_vars: Sequence[str]) -> list[str]:
    """Return the names in a template that nothing will ever be filled in for."""
    return [name for name in _NAME.findall(template) if name not in PLACEHOLDERS and name not in context_vars]


def fill(template: str, started: RunStarted, suffix: str) -> PurePath:
    """Return a template filled for a run: a relative path, ending in ``suffix``, that leads nowhere else.

    An extra variable that the run does not have is ``Undefined``.
    """
    known = {
        "date": f"{clock(started.wall_ns, zone_of(started)):%Y-%m-%d-%H%M}",
        "playbook": PurePath(started.playbook).stem,
        "run_id": started.run_id,
        "short_id": started.run_id[:8],
        "trace_id": trace_id(started.run_id, started.traceparent, started.join_trace),
        "user": started.user,
        "host": started.host_name,
    }
    values = {**started.context_vars, **known}
    text = _NAME.sub(lambda name: _safe(values.get(name[1], _ABSENT)), template.removesuffix(suffix))
    parts = [_cut(part, _WHOLE) for part in text.split("/") if part.strip(" .")] or [started.run_id]
    return PurePath(*parts[:-1], parts[-1] + suffix)


def _safe(value: str) -> str:
    """Return a value as a part of a file's name: no separators, no white space, nothing that a terminal acts on."""
    plain = "".join("_" if unicodedata.category(char)[0] == "C" else char for char in _FORBIDDEN.sub("_", value))
    return _cut(plain, _PART).lstrip(".") or _ABSENT


def _cut(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _candidates(directory: Path, name: PurePath, suffix: str) -> Iterator[Path]:
    path = directory / name
    yield path
    base = path.name.removesuffix(suffix)
    for number in range(2, _MOST):
        yield path.with_name(f"{base}-{number}{suffix}")


def claim(directory: Path, name: PurePath, suffix: str, run_id: str, owner: Owner) -> tuple[int, Path]:
    """Open the run's file of that name for writing, empty, new or its own of an earlier delivery; return both.

    Raises `OSError`, and `DeliveryUnavailable` where a thousand other runs have the name.
    """
    for path in _candidates(directory, name, suffix):
        try:
            return create(path, os.O_EXCL), path
        except FileExistsError:
            if owner(path) == run_id:
                return create(path), path
    raise DeliveryUnavailable(f"{directory / name} and a thousand names like it are taken: remove some of them.")


def claimed(directory: Path, name: PurePath, suffix: str, run_id: str, owner: Owner) -> Path | None:
    """Return the run's file of that name, or None where it has none."""
    for path in _candidates(directory, name, suffix):
        if owner(path) == run_id:
            return path
        if not os.path.lexists(path):
            return None
    return None
