"""What the two forms of OTLP have in common: the envelope's fixed texts and the way to a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .otlp_signal import Signal
from .span import Attributes

__all__ = ["JSON", "PROTOBUF", "SCHEMA_URL", "SCOPE_NAME", "Codec", "Scope"]

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
SCOPE_NAME = "deploytrace"
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"


@dataclass(frozen=True)
class Scope:
    """What all is sent under: the resource's attributes, and the version of deploytrace."""

    resource: Attributes
    version: str


Encoded = TypeVar("Encoded", contravariant=True)


class Codec(Protocol[Encoded]):
    """Turns spans (or metrics) into bytes, each by itself, and encoded ones into a request."""

    signal: Signal
    content_type: str

    def encode(self, item: Encoded, /) -> bytes:
        """Return a span or metric as it stands in a request."""
        ...

    def request(self, items: Sequence[bytes]) -> bytes:
        """Return a request of what has been encoded."""
        ...
