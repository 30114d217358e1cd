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
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, get_args

from ..errors import JournalError
from ..events import Event

__all__ = [
    "VERSION",
    "decode",
    "decode_all",
    "decode_header",
    "encode",
    "encode_header",
    "event_name",
    "field_types",
    "to_json",
]

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


@functools.cache
def _builders() -> dict[str, Callable[[dict[str, Any]], Event | None]]:
    """Return what makes an event of its record, by its name; Ansible's process, which only writes, never asks."""
    return {event_name(cls): _builder(cls) for cls in get_args(Event)}


def _builder(cls: Any) -> Callable[[dict[str, Any]], Event]:
    """Return what makes such an event of a record; it passes over fields that are not known."""
    fields, defaults = zip(*_encoding(cls)[1], strict=True)
    types = field_types(cls)
    tuples = tuple(field for field in fields if types[field].startswith("tuple"))
    count = defaults.count(_REQUIRED_FIELD)  # these come first; `object` for those that may be anything
    required = tuple({"int": int, "str": str}.get(types[field], object) for field in fields[:count])
    take, kinds = itemgetter("e", *fields[:count]), [str, *required]
    optional, defaults = fields[count:], defaults[count:]

    def build(record: dict[str, Any]) -> Event:
        values = take(record)
        if [*map(type, values)] != kinds and not all(map(_fits, values, kinds)):
            raise ValueError(f"a field of {cls.__name__} is of another type")
        if len(record) == len(values):
            return tuple.__new__(cls, values[1:] + defaults)  # type: ignore[no-any-return]
        for key in tuples:
            if (value := record.get(key)) is not None:
                if not isinstance(value, list):
                    raise ValueError(f"{key} is no list")
                record[key] = tuple(value)
        return tuple.__new__(cls, (*values[1:], *map(record.get, optional, defaults)))  # type: ignore[no-any-return]

    return build


def _fits(value: Any, kind: type) -> bool:
    return kind is object or type(value) is kind


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
    return decode_all([line.encode("ascii") if isinstance(line, str) else line])[0]


def decode_all(lines: Sequence[bytes]) -> list[Event | None]:
    """Return the events of many lines, in less time than one by one. Raises `ValueError` where any line is damaged."""
    text, builders = f"[{b','.join(lines).decode('ascii')}]", _builders()
    try:
        records, end = _from_json(text)
        if end != len(text) or len(records) != len(lines):
            raise ValueError("a journal line is one JSON object")
        return [builders.get(record["e"], _unknown)(record) for record in records]
    except (LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"a journal line is one JSON object that is an event: {error!r}") from None


def _unknown(_: dict[str, Any]) -> None:
    return None


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
