"""How much of a span is kept: OpenTelemetry's own limits, and a limit in bytes for every text.

The variables are those of the specification (``OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`` and so on); they are read here and not
by the SDK's SpanLimits, which takes an empty variable for an error instead of for an unset one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .span import Attributes, Span, SpanEvent, SpanLink, Value

__all__ = ["Limiter", "Limits", "clean", "cut", "read_limits", "shrink"]

_log = logging.getLogger(__name__)

_COUNT = 128  # the specification's default of every count
_SHORTEST_SPLIT = 160  # bytes; below that a text keeps its beginning only


@dataclass(frozen=True)
class Limits:
    """Counts per span, event or link, and the length of a text: in characters where OpenTelemetry's limit is set
    (it then keeps the beginning), else in bytes (beginning and end are kept)."""

    attributes: int = _COUNT
    events: int = _COUNT
    links: int = _COUNT
    event_attributes: int = _COUNT
    link_attributes: int = _COUNT
    characters: int | None = None
    bytes: int = 2048


def _count(environ: Mapping[str, str], *names: str) -> int | None:
    """Return the value of the first variable that is set and a whole number, 0 or more."""
    for name in names:
        text = environ.get(name, "").strip()
        if not text:
            continue
        if text.isdecimal():
            return int(text)
        _log.warning("%s is %r but must be a whole number, 0 or more; it is ignored.", name, text)
    return None


def read_limits(environ: Mapping[str, str], attribute_length: int) -> Limits:
    """Return the limits in force; ``attribute_length`` is the setting of that name (bytes)."""

    def count(name: str) -> int:
        value = _count(environ, name, "OTEL_ATTRIBUTE_COUNT_LIMIT")
        return _COUNT if value is None else value

    events, links = _count(environ, "OTEL_SPAN_EVENT_COUNT_LIMIT"), _count(environ, "OTEL_SPAN_LINK_COUNT_LIMIT")
    return Limits(
        attributes=count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
        events=_COUNT if events is None else events,
        links=_COUNT if links is None else links,
        event_attributes=count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"),
        link_attributes=count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"),
        characters=_count(environ, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        bytes=attribute_length,
    )


def clean(text: str) -> str:
    """Return a text that can be encoded: half a surrogate pair, as JSON may carry it, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def cut(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` bytes: its beginning and, where most of the news is, its end."""
    if len(text) * 4 <= limit or (text.isascii() and len(text) <= limit):
        return text
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    if limit < _SHORTEST_SPLIT:
        return data[:limit].decode("utf-8", "ignore")
    marker = f" [... {len(data) - limit} bytes or more left out ...] "
    room = limit - len(marker)
    head = room // 4
    return data[:head].decode("utf-8", "ignore") + marker + data[head - room :].decode("utf-8", "ignore")


class Limiter:
    """Keeps attributes, events and links within limits, and counts what is dropped."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Most texts are so short that they need no look at their bytes.
        self._short = 0 if limits.characters is not None else min(limits.bytes, 64)

    def text(self, text: str) -> str:
        """Return a text within the limit of an attribute's."""
        if self._limits.characters is not None:
            return clean(text[: self._limits.characters])
        return clean(cut(text, self._limits.bytes))

    def attributes(self, attributes: Attributes, count: int | None = None) -> tuple[Attributes, int]:
        """Return a span's attributes within the limits, and how many were dropped."""
        found: dict[str, Value] = dict(attributes)
        dropped = max(0, len(found) - (self._limits.attributes if count is None else count))
        if dropped:
            for name in list(found)[len(found) - dropped :]:
                del found[name]
        for name, value in found.items():
            if isinstance(value, str):
                if len(value) > self._short or not value.isascii():
                    found[name] = self.text(value)
            elif isinstance(value, (tuple, list)):
                found[name] = tuple(map(self.text, value))
        return found, dropped

    def events(self, events: Sequence[SpanEvent]) -> tuple[tuple[SpanEvent, ...], int]:
        """Return a span's events within the limits, and how many were dropped: of many the first and the last stay."""
        kept = list(events)
        if len(kept) > self._limits.events:
            head = self._limits.events // 2
            kept = kept[:head] + kept[len(kept) - (self._limits.events - head) :]
        return tuple(map(self._event, kept)), len(events) - len(kept)

    def _event(self, event: SpanEvent) -> SpanEvent:
        attributes, dropped = self.attributes(event.attributes, self._limits.event_attributes)
        return SpanEvent(event.t, event.name, attributes, dropped)

    def links(self, links: Sequence[SpanLink]) -> tuple[tuple[SpanLink, ...], int]:
        """Return a span's links within the limits, and how many were dropped."""
        return tuple(map(self._link, links[: self._limits.links])), max(0, len(links) - self._limits.links)

    def _link(self, link: SpanLink) -> SpanLink:
        attributes, dropped = self.attributes(link.attributes, self._limits.link_attributes)
        return SpanLink(link.trace_id, link.span_id, attributes, link.trace_state, dropped)


def shrink(span: Span, length: int) -> Span:
    """Return a span with every text cut to ``length`` bytes, for one that is too large as it is."""
    limiter = Limiter(Limits(bytes=length))
    attributes, _ = limiter.attributes(span.attributes)
    events, _ = limiter.events(span.events)
    return span._replace(attributes=attributes, events=events)
