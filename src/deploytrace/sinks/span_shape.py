"""How the span tables are written: an attribute is its name, type, meaning and where its value comes from, in one line.

The tables (`span_containers`, `span_tasks`, `span_results`, `span_resource`, `budget`) are what is emitted and what
``docs/spans.md`` is generated from, so that the two cannot drift apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ..run.model import Kind, Node
from .span import SpanKind, Value

__all__ = ["Attribute", "Collector", "EventShape", "Shape", "seconds"]

Subject = TypeVar("Subject")

_INT64 = 2**63


@dataclass(frozen=True)
class Attribute(Generic[Subject]):
    """One attribute. ``value`` returns None where a span does not have it.

    ``type`` is string, int, double, boolean or string[]. ``setting`` names the boolean setting that must be on.
    """

    name: str
    type: str
    meaning: str
    value: Callable[[Node, Subject], Any]
    setting: str | None = None


@dataclass(frozen=True)
class EventShape:
    """One kind of span event: its name, its attributes as (name, type, meaning), when it is there."""

    name: str
    meaning: str
    attributes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Shape(Generic[Subject]):
    """What one kind of node looks like as a span. ``title`` and ``span_kinds`` are for people; the functions decide.

    They are given the node and ``subject`` of its detail: the detail itself, or what is to be known of it only once.
    """

    kind: Kind
    title: str
    meaning: str
    attributes: tuple[Attribute[Subject], ...]
    name: Callable[[Node, Subject], str]
    subject: Callable[[Any], Subject] = lambda detail: detail
    span_kind: Callable[[Node, Subject], SpanKind] = lambda _node, _detail: SpanKind.INTERNAL
    span_kinds: str = "INTERNAL"


def _texts(value: Any) -> Value | None:
    return tuple(map(str, value)) or None


def _double(value: Any) -> Value | None:
    number = float(value)
    return number if math.isfinite(number) else None


# A journal may hold anything: what cannot be made the attribute's type is left out, and never breaks a delivery.
_MAKE: dict[str, tuple[type, Callable[[Any], Value | None]]] = {
    "string": (str, str),
    "int": (int, lambda value: max(-_INT64, min(_INT64 - 1, int(value)))),
    "double": (type(None), _double),
    "boolean": (bool, bool),
    "string[]": (type(None), _texts),
}


class Collector(Generic[Subject]):
    """A table made ready: collects the attributes of one node, those whose setting is off left out."""

    def __init__(self, table: Iterable[Attribute[Subject]], settings: object) -> None:
        chosen = [one for one in table if one.setting is None or getattr(settings, one.setting)]
        self._rows = [(one.name, one.value, *_MAKE[one.type]) for one in chosen]

    def collect(self, node: Node, subject: Subject) -> dict[str, Value]:
        """Return the attributes that a node has."""
        found: dict[str, Value] = {}
        for name, read, ready, make in self._rows:
            value = read(node, subject)
            if value is None:
                continue
            if type(value) is not ready or ready is int:
                try:
                    value = make(value)
                except (TypeError, ValueError, OverflowError):
                    continue
                if value is None:
                    continue
            found[name] = value
        return found


def seconds(nanoseconds: int) -> float:
    """Return ns as seconds."""
    return nanoseconds / 1e9
