"""What the two forms of OTLP have in common: the envelope's fixed texts, and what a receiver may answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .span import Attributes, Span

__all__ = ["SCHEMA_URL", "SCOPE_NAME", "Codec", "Rejection", "Scope"]

SCOPE_NAME = "deploytrace"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"


@dataclass(frozen=True)
class Scope:
    """What all spans of a run are sent under: the resource's attributes, and the version of deploytrace."""

    resource: Attributes
    version: str


@dataclass(frozen=True)
class Rejection:
    """A receiver's partial success: how many spans it will never take, and why (it may also say something with 0)."""

    spans: int
    message: str


class Codec(Protocol):
    """Turns spans into bytes, each by itself, and encoded spans into a request."""

    content_type: str

    def encode(self, span: Span) -> bytes:
        """Return a span as it stands in a request."""
        ...

    def request(self, spans: Sequence[bytes]) -> bytes:
        """Return an ExportTraceServiceRequest of encoded spans."""
        ...

    def rejection(self, answer: bytes) -> Rejection:
        """Return what an ExportTraceServiceResponse says of rejected spans; `ValueError` where it is none."""
        ...
