"""The way to an OTLP endpoint, over HTTP or gRPC, as its settings have it."""

from __future__ import annotations

from typing import Any

from .otlp_codec import Codec
from .otlp_settings import OtlpSettings
from .transport import Transport

__all__ = ["opened"]


def opened(settings: OtlpSettings, codec: Codec[Any]) -> Transport:
    """Return the way there. Raises `SettingError` where it cannot be had (an extra is missing, say)."""
    if settings.protocol == "grpc":
        from .otlp_grpc import GrpcTransport

        return GrpcTransport(settings, codec)
    from .otlp_http import HttpTransport

    return HttpTransport(settings, codec)
