"""What a way of sending spans or metrics promises, and what it raises; see `otlp_http`, `otlp_grpc`, `trace_file`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .otlp_codec import Codec

__all__ = ["RequestTooLarge", "Transport"]


class RequestTooLarge(Exception):
    """The destination does not take a request of this size; a smaller one may pass."""


class Transport(Protocol):
    """One way to one destination."""

    destination: str  # for people; without credentials
    codec: Codec[Any]
    timeout: float  # s, as configured

    def send(self, items: Sequence[bytes], timeout: float) -> int:
        """Send what is encoded in one request, in one try; return how many were rejected for good.

        Blocks for at most ``timeout`` s. Nothing to send makes an empty request, which tells
        whether the destination answers. Raises `errors.DeliveryUnavailable`, `errors.DeliveryRefused` or
        `RequestTooLarge`.
        """
        ...

    def close(self) -> None:
        """Release what is held; never raises, waits for nothing."""
        ...
