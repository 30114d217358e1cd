"""A span, complete and ready to be encoded: what OTLP knows of it and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple, Union

__all__ = ["Attributes", "Span", "SpanEvent", "SpanKind", "SpanLink", "StatusCode", "Value"]

Value = Union[str, bool, int, float, Sequence[str]]  # noqa: UP007 - a runtime alias that Python 3.10 can evaluate
Attributes = Mapping[str, Value]


class SpanKind(IntEnum):
    """OTLP's numbers of the span kinds in use here."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


class StatusCode(IntEnum):
    """OTLP's numbers of a span's status; OK is never set (it is for the user of a trace to say)."""

    UNSET = 0
    ERROR = 2


class SpanEvent(NamedTuple):
    """Something that happened at one time (Unix ns) within a span."""

    t: int
    name: str
    attributes: Attributes
    dropped_attributes: int = 0


class SpanLink(NamedTuple):
    """A tie to another span; ids in hex."""

    trace_id: str
    span_id: str
    attributes: Attributes
    trace_state: str = ""
    dropped_attributes: int = 0


class Span(NamedTuple):
    """One span: ids in hex, times in Unix ns. ``flags`` are OTLP's: trace flags, remote parent."""

    trace_id: str
    span_id: str
    parent_id: str  # empty for a root
    name: str
    kind: SpanKind
    start: int
    end: int
    attributes: Attributes
    status: StatusCode = StatusCode.UNSET
    status_message: str = ""
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
    trace_state: str = ""
    flags: int = 0
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
