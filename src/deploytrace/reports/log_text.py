"""The log's smallest parts: times of day, and what hosts said as inert, indented text.

Nothing that comes from a host or a playbook can begin a line: names are brought onto one line, texts are indented, and
whatever a terminal could act on is made visible. So a line without indentation is always the log's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from .wording import neutral, neutral_line

__all__ = ["WIDTH", "clock", "entry"]

WIDTH = 79  # of filled lines, as Ansible fills its own where there is no terminal
_STEP = "    "
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")  # they say nothing; every other sequence is made visible
_KEY = 200  # characters of a key
_NO_TEXT = re.compile(r"|true|false|null|\||-?\d+(\.\d+)?")


def clock(unix_ns: int, zone: tzinfo | None) -> datetime:
    """Return a Unix time (ns) as the time of day in a zone; None: the reader's own."""
    return datetime.fromtimestamp(unix_ns // 1_000_000_000, zone).astimezone(zone)


def entry(key: str, value: Any, depth: int = 1) -> Iterator[str]:
    """Yield a value below its key as indented lines: like YAML, but for reading only."""
    yield from _value(f"{_STEP * depth}{neutral_line(key)[:_KEY]}:", value, depth)


def _value(lead: str, value: Any, depth: int) -> Iterator[str]:
    """Yield ``lead`` and the value, on the same line where it has but one."""
    if isinstance(value, Mapping) and value:
        yield lead
        for key, each in value.items():
            yield from entry(str(key), each, depth + 1)
    elif isinstance(value, (list, tuple)) and value:
        yield lead
        for each in value:
            yield from _member(each, depth + 1)
    elif isinstance(value, str):
        lines = _lines(value)
        if len(lines) == 1:
            yield f"{lead} {_scalar(lines[0])}"
            return
        yield f"{lead} |"
        for line in lines:
            yield f"{_STEP * (depth + 1)}{line}".rstrip()
    else:
        yield f"{lead} {json.dumps(value, default=str)}"


def _member(value: Any, depth: int) -> Iterator[str]:
    """Yield a member of a list; the first line of one that has several carries the dash."""
    if not (isinstance(value, Mapping) and value):
        yield from _value(f"{_STEP * depth}-", value, depth)
        return
    edge = len(_STEP) * depth
    lines = (line for key, each in value.items() for line in entry(str(key), each, depth))
    for number, line in enumerate(lines):
        yield f"{line[:edge]}{'  ' if number else '- '}{line[edge:]}".rstrip()


def _lines(text: str) -> list[str]:
    """Return a host's text as lines that no terminal acts on. Colours are dropped, tabs become spaces."""
    text = _COLOURS.sub("", text).replace("\r\n", "\n").removesuffix("\n")
    return [neutral(line.expandtabs()) for line in text.split("\n")]


def _scalar(line: str) -> str:
    """Return one line of text, in quotes where it could be taken for something else than text."""
    return json.dumps(line, ensure_ascii=False) if line != line.strip() or _NO_TEXT.fullmatch(line) else line
