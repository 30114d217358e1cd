"""What the two forms of OTLP have in common: the envelope's fixed texts and the way to a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .span import Attributes, Span

__all__ = ["JSON", "PROTOBUF", "SCHEMA_URL", "SCOPE_NAME", "Codec", "Scope"]

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
SCOPE_NAME = "deploytrace"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"


@dataclass(frozen=True)
class Scope:
    """What all spans of a run are sent under: the resource's attributes, and the version of deploytrace."""

    resource: Attributes
    version: str


class Codec(Protocol):
    """Turns spans into bytes, each by itself, and encoded spans into a request."""

    content_type: str

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        ...

    def request(self, spans: Sequence[bytes]) -> bytes:
        """Return an ExportTraceServiceRequest of encoded spans."""
        ...
