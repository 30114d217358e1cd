"""The journal's bytes: JSON lines, one event each, after a header line with the format's version.

    {"journal":"deploytrace","version":1,"run_id":"..."}
    {"e":"run_started","run_id":"...","wall_ns":...}
    {"e":"play_started","t":1200345,"play":1,...}

Lines are pure ASCII and end in a newline. Fields that have their default value are left out. A reader ignores fields
and events that it does not know, so that a field may be added without a new version; the version rises when an old
reader would misunderstand. ``docs/journal.md`` is generated from `events`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from ..errors import JournalError
from ..events import Event

__all__ = ["VERSION", "decode", "decode_header", "encode", "encode_header", "event_name", "field_types", "to_json"]

VERSION = 1

to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False, default=str).encode
"""Return a value as the journal's JSON."""
_from_json = json.JSONDecoder().raw_decode  # json.loads would look for the encoding of every line first


def event_name(cls: type[Event]) -> str:
    """Return an event's name in the journal: ``HostStarted`` is ``host_started``."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in cls.__name__).lstrip("_")


def field_types(cls: type[Event]) -> dict[str, str]:
    """Return each field's type as it is written."""
    return {
        name: kind.__name__ if type(kind) is type else str(kind).replace("collections.abc.", "")
        for name, kind in cls.__annotations__.items()
    }


_REQUIRED_FIELD = object()  # equals nothing that a field can hold


@functools.cache
def _encoding(cls: Any) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Return an event's name and (name, default) of each of its fields."""
    defaults = cls._field_defaults
    return event_name(cls), tuple((name, defaults.get(name, _REQUIRED_FIELD)) for name in cls._fields)


class _Decoding(NamedTuple):
    """What the reader knows of an event: its fields with their defaults, and which of them are tuples.

    ``required`` are the types of the fields without a default, which come first; `object` for one that may be anything.
    """

    cls: type[Event]
    fields: tuple[str, ...]
    defaults: tuple[Any, ...]
    tuples: tuple[str, ...]
    required: tuple[type, ...]


@functools.cache
def _decodings() -> dict[str, _Decoding]:
    """Return what the reader knows of each event, by name; Ansible's process, which only writes, never asks."""
    found = {}
    for cls in get_args(Event):
        name, fields = _encoding(cls)
        types = field_types(cls)
        tuples = tuple(field for field, kind in types.items() if kind.startswith("tuple"))
        names, defaults = zip(*fields, strict=True)
        needed = names[: defaults.count(_REQUIRED_FIELD)]
        required = tuple({"int": int, "str": str}.get(types[field], object) for field in needed)
        found[name] = _Decoding(cls, names, defaults, tuples, required)
    return found


def encode(event: Event) -> bytes:
    """Return the journal line of an event, newline included."""
    kind: type = type(event)
    name, fields = _encoding(kind)
    record: dict[str, Any] = {"e": name}
    for (key, default), value in zip(fields, event, strict=True):
        if value != default:
            record[key] = value
    return (to_json(record) + "\n").encode("ascii")


def decode(line: bytes | str) -> Event | None:
    """Return the event of a journal line, or None for an event that a newer deploytrace may have added.

    Raises `ValueError` where the line is damaged (torn, not JSON, a field missing or of another type).
    """
    text = line if isinstance(line, str) else line.decode("ascii")
    try:
        record, end = _from_json(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict) or (end != len(text) and text[end:] != "\n"):
        raise ValueError("a journal line is one JSON object")
    decoding = _decodings().get(str(record.get("e")))
    return None if decoding is None else _build(decoding, record)


def _build(decoding: _Decoding, record: dict[str, Any]) -> Event:
    """Return the event of a record; fields that are not known are passed over."""
    cls, fields, defaults, tuples, required = decoding
    for key in tuples:
        if (value := record.get(key)) is not None:
            if not isinstance(value, list):
                raise ValueError(f"{key} is no list")
            record[key] = tuple(value)
    event: Any = tuple.__new__(cls, map(record.get, fields, defaults))
    if tuple(map(type, event[: len(required)])) != required and not _fits(event, required):
        raise ValueError(f"a field of {cls.__name__} is missing, or of another type")
    return event  # type: ignore[no-any-return]


def _fits(event: tuple[Any, ...], required: tuple[type, ...]) -> bool:
    """Say whether all fields without a default are there, those of a plain type with a value of it."""
    return all(
        value is not _REQUIRED_FIELD if kind is object else type(value) is kind
        for value, kind in zip(event, required, strict=False)
    )


def encode_header(run_id: str) -> bytes:
    """Return a journal's first line."""
    return (to_json({"journal": "deploytrace", "version": VERSION, "run_id": run_id}) + "\n").encode("ascii")


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
