"""The journal's bytes: JSON lines, one event each, after a header line with the format's version.

    {"journal":"deploytrace","version":1,"run_id":"..."}
    {"e":"run_started","run_id":"...","wall_ns":...}
    {"e":"play_started","t":1200345,"play":1,...}

Lines are pure ASCII and end in a newline. Fields that have their default value are left out. A reader ignores fields
and events that it does not know, so that a field may be added without a new version; the version rises when an old
reader would misunderstand. ``docs/journal.md`` is generated from `events`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, get_args

from ..errors import JournalError
from ..events import Event

__all__ = ["VERSION", "decode", "decode_header", "encode", "encode_header", "event_name", "field_types"]

VERSION = 1

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=str).encode
_from_json = json.JSONDecoder().raw_decode  # json.loads would look for the encoding of every line first


def event_name(cls: type[Event]) -> str:
    """Return an event's name in the journal: ``HostStarted`` is ``host_started``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _fields(cls: type[Event]) -> tuple[tuple[str, Any], ...]:
    """Return (name, default) of each field; the default is an object that equals nothing where there is none."""
    return tuple((name, cls._field_defaults.get(name, _REQUIRED_FIELD)) for name in cls._fields)


def field_types(cls: type[Event]) -> dict[str, str]:
    """Return each field's type as it is written."""
    return {name: str(getattr(kind, "__forward_arg__", kind)) for name, kind in cls.__annotations__.items()}


_REQUIRED_FIELD = object()
_CLASSES: tuple[type[Event], ...] = get_args(Event)
_ENCODING: dict[type, tuple[str, tuple[tuple[str, Any], ...]]] = {
    cls: (event_name(cls), _fields(cls)) for cls in _CLASSES
}
_BY_NAME: dict[str, type[Event]] = {event_name(cls): cls for cls in _CLASSES}
_TUPLES: dict[type, frozenset[str]] = {
    cls: frozenset(name for name, kind in field_types(cls).items() if kind.startswith("tuple")) for cls in _CLASSES
}
_KNOWN: dict[type, frozenset[str]] = {cls: frozenset(cls._fields) for cls in _CLASSES}
_REQUIRED: dict[type, tuple[tuple[str, type], ...]] = {
    cls: tuple(
        (name, {"int": int, "str": str}[kind])
        for name, kind in field_types(cls).items()
        if kind in ("int", "str") and name not in cls._field_defaults
    )
    for cls in _CLASSES
}


def encode(event: Event) -> bytes:
    """Return the journal line of an event, newline included."""
    name, fields = _ENCODING[type(event)]
    record: dict[str, Any] = {"e": name}
    for key, default in fields:
        value = getattr(event, key)
        if value != default:
            record[key] = value
    return (_to_json(record) + "\n").encode("ascii")


def decode(line: bytes | str) -> Event | None:
    """Return the event of a journal line, or None for an event that a newer deploytrace may have added.

    Raises `ValueError` where the line is damaged (torn, not JSON, a field missing or of another type).
    """
    text = line if isinstance(line, str) else line.decode("ascii")
    try:
        record, end = _from_json(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict) or text[end:] not in ("", "\n"):
        raise ValueError("a journal line is one JSON object")
    cls = _BY_NAME.get(str(record.pop("e", None)))
    if cls is None:
        return None
    try:
        return _build(cls, record)
    except TypeError as error:
        known = {key: value for key, value in record.items() if key in _KNOWN[cls]}
        if len(known) == len(record):
            raise ValueError(str(error)) from None
    try:
        return _build(cls, known)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _build(cls: type[Event], record: dict[str, Any]) -> Event:
    if _TUPLES[cls]:
        for key in _TUPLES[cls] & record.keys():
            if record[key] is not None:
                record[key] = tuple(record[key])
    event = cls(**record)
    for key, kind in _REQUIRED[cls]:
        if type(record[key]) is not kind:
            raise TypeError(f"{key} is not of type {kind.__name__}")
    return event


def encode_header(run_id: str) -> bytes:
    """Return a journal's first line."""
    return (_to_json({"journal": "deploytrace", "version": VERSION, "run_id": run_id}) + "\n").encode("ascii")


def decode_header(line: bytes | str, name: str) -> str:
    """Return the run id of a journal's first line; ``name`` is the file, for the error's sentence.

    Raises `JournalError` where the file is not a journal or was written by a newer version.
    """
    try:
        header: Any = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, Mapping) or header.get("journal") != "deploytrace":
        raise JournalError(f"{name} is not a deploytrace journal (its first line does not say so); move it elsewhere.")
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise JournalError(
            f"{name} was written in journal version {version}, this deploytrace reads up to {VERSION}: "
            "upgrade deploytrace to read it."
        )
    return str(header.get("run_id", ""))
