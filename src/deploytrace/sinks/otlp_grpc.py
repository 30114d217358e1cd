"""OTLP over gRPC (the extra ``grpc``), one try at a time, with the same meanings as over HTTP.

The encoded request is handed to gRPC as it is; nothing of OpenTelemetry's own exporter is needed.
Source of what answers mean: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc-response
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from .. import __version__
from ..errors import DeliveryRefused, DeliveryUnavailable, SettingError
from .otlp_answer import rejected
from .otlp_codec import PROTOBUF, Codec
from .otlp_credentials import provided
from .otlp_settings import OtlpSettings
from .transport import RequestTooLarge

try:
    import grpc  # type: ignore[import-untyped]
except ImportError:
    grpc = None

__all__ = ["GrpcTransport"]

_REMEDIES = {
    "UNAUTHENTICATED": "the server wants credentials: set OTEL_EXPORTER_OTLP_HEADERS (authorization=...)",
    "PERMISSION_DENIED": "the server does not accept these credentials: check OTEL_EXPORTER_OTLP_HEADERS",
    "UNIMPLEMENTED": "it is no OTLP receiver: check the endpoint's host and port (4317 is usual)",
    "DEADLINE_EXCEEDED": "it did not answer in time",
    "UNAVAILABLE": "it cannot be reached or takes no data now",
}
_TOO_LARGE = re.compile(r"larger than|too large|exceeds max", re.IGNORECASE)


def _file(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None


def _credentials(settings: OtlpSettings) -> Any:
    """Return the channel's credentials: of the named provider, else TLS with the configured certificates."""
    if settings.credential_provider is not None:
        return provided(settings.credential_provider, grpc.ChannelCredentials)
    return grpc.ssl_channel_credentials(
        _file(settings.certificate), _file(settings.client_key), _file(settings.client_certificate)
    )


def _compression(name: str) -> Any:
    return {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}.get(
        name, grpc.Compression.NoCompression
    )


def _retry_after(metadata: Any) -> float | None:
    """Return the seconds that a RetryInfo among the answer's details asks for."""
    for key, value in metadata or ():
        if key == "grpc-status-details-bin":
            status, info = Status(), RetryInfo()
            with contextlib.suppress(Exception):
                status.ParseFromString(value)
                for detail in status.details:
                    if detail.Unpack(info):
                        return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return None


class GrpcTransport:
    """One OTLP/gRPC endpoint."""

    def __init__(self, settings: OtlpSettings, codec: Codec[Any]) -> None:
        if grpc is None:
            raise SettingError(
                "OTEL_EXPORTER_OTLP_PROTOCOL is grpc but grpcio is not installed: pip install 'deploytrace[grpc]'."
            )
        self.destination = settings.endpoint
        self.codec = codec
        self.timeout = settings.timeout
        parts = urlsplit(settings.endpoint)
        target = (
            f"{parts.hostname if ':' not in (parts.hostname or '') else f'[{parts.hostname}]'}:{parts.port or 4317}"
        )
        options = [
            ("grpc.enable_retries", 0),
            ("grpc.primary_user_agent", f"deploytrace/{__version__}"),
            # A receiver that comes back is found again soon; gRPC's own limit is two minutes.
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 2000),
        ]
        compression = _compression(settings.compression)
        if parts.scheme == "https" or settings.credential_provider is not None:
            self._channel = grpc.secure_channel(target, _credentials(settings), options, compression)
        else:
            self._channel = grpc.insecure_channel(target, options, compression)
        self._export = self._channel.unary_unary(codec.signal.method)
        self._metadata = tuple((name, value) for name, value in settings.headers.items())

    def send(self, items: Sequence[bytes], timeout: float) -> int:
        """Send what is encoded in one request; see `transport.Transport.send`."""
        try:
            answer = self._export(self.codec.request(items), timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise self._meaning(error) from None
        try:
            return rejected(self.destination, self.codec.signal, PROTOBUF, answer)
        except ValueError:
            raise DeliveryUnavailable(f"{self.destination} answered, but not as an OTLP receiver does.") from None

    def _meaning(self, error: Any) -> Exception:
        code, text = error.code().name, " ".join(str(error.details() or "").split())[:300]
        said = f" ({text})." if text else "."
        if code == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(text):
            return RequestTooLarge(f"{self.destination} takes no message of this size{said}")
        if code == "INVALID_ARGUMENT":
            return DeliveryRefused(f"{self.destination} refused the {self.codec.signal.items} for good ({code}){said}")
        remedy = _REMEDIES.get(code, "it cannot take data now")
        wait = _retry_after(error.trailing_metadata())
        return DeliveryUnavailable(f"{self.destination} answered {code}: {remedy}{said}", retry_after=wait)

    def close(self) -> None:
        """Close the channel."""
        with contextlib.suppress(Exception):
            self._channel.close()
