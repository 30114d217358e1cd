"""OTLP over HTTP, one try at a time, with every answer read for what it says.

Not through OpenTelemetry's own exporter: that tries again by itself inside a call (here, a delivery decides when),
takes a redirect for success and never reads a partial success.
Source of what answers mean: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from __future__ import annotations

import contextlib
import gzip
import time
import zlib
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from .. import __version__
from ..errors import DeliveryRefused, DeliveryUnavailable
from .http_trouble import NoNetrc, described, without_secrets
from .otlp_answer import rejected, said
from .otlp_codec import Codec
from .otlp_credentials import provided
from .otlp_settings import OtlpSettings
from .transport import RequestTooLarge

__all__ = ["HttpTransport", "retry_after"]

_MOST_ANSWER_BYTES = 64 * 1024
_LATER = frozenset({429, 502, 503, 504})
_REMEDIES = {
    401: "the server wants credentials: set OTEL_EXPORTER_OTLP_HEADERS (authorization=...)",
    403: "the server does not accept these credentials: check OTEL_EXPORTER_OTLP_HEADERS",
    404: "the server does not know this path: OTLP receivers listen at http://HOST:4318 (Prometheus's: "
    "http://HOST:9090/api/v1/otlp), where /v1/{signal} is appended",
    405: "the server takes no OTLP at this path: check the endpoint's host, port and path",
    407: "the proxy wants credentials: put them into HTTPS_PROXY or name the host in NO_PROXY",
    415: "the server does not take this form of OTLP: check OTEL_EXPORTER_OTLP_PROTOCOL",
}
_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    # A fixed time of 0: the same spans are the same bytes.
    "gzip": lambda data: gzip.compress(data, compresslevel=6, mtime=0),
    "deflate": zlib.compress,
}


def _session(settings: OtlpSettings) -> requests.Session:
    """Return the session of the named credential provider (OpenTelemetry's entry points), else one of our own."""
    if settings.credential_provider is None:
        session = requests.Session()
        session.auth = NoNetrc()
    else:
        session = provided(settings.credential_provider, requests.Session)
    if settings.client_certificate and settings.client_key:
        session.cert = (settings.client_certificate, settings.client_key)
    elif settings.client_certificate:
        session.cert = settings.client_certificate
    return session


def retry_after(text: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for (a number or a date); None where it asks for none."""
    if not text or text.strip().isdecimal():
        return float(text) if text else None
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    return None


def _kind(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class HttpTransport:
    """One OTLP/HTTP endpoint."""

    def __init__(self, settings: OtlpSettings, codec: Codec[Any]) -> None:
        self.destination = without_secrets(settings.endpoint)
        self.codec = codec
        self.timeout = settings.timeout
        self._settings = settings
        self._session = _session(settings)
        self._compress = _COMPRESS.get(settings.compression)
        self._headers = {
            **settings.headers,
            "Content-Type": codec.content_type,
            "User-Agent": f"deploytrace/{__version__}",
        }
        if self._compress is not None:
            self._headers["Content-Encoding"] = settings.compression

    def send(self, items: Sequence[bytes], timeout: float) -> int:
        """Send what is encoded in one request; see `transport.Transport.send`."""
        body = self.codec.request(items)
        if self._compress is not None:
            body = self._compress(body)
        deadline = time.monotonic() + timeout
        try:
            with self._session.post(
                self._settings.endpoint,
                data=body,
                headers=self._headers,
                timeout=timeout,
                # Said with the request: on the session it would lose against REQUESTS_CA_BUNDLE.
                verify=self._settings.certificate,
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = self._read(response, deadline)
        # What requests raises, and what it lets pass: a missing REQUESTS_CA_BUNDLE, a redirect to what is no address.
        except (OSError, ValueError) as error:
            raise DeliveryUnavailable(self._why(error)) from None
        return self._judge(response, answer)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Return the answer's first bytes; a server that dribbles is not waited for longer than the timeout."""
        answer = b""
        for chunk in response.iter_content(4096):
            answer += chunk
            if len(answer) >= _MOST_ANSWER_BYTES:
                break
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout
        return answer

    def _judge(self, response: requests.Response, answer: bytes) -> int:
        status = response.status_code
        if 200 <= status < 300:
            return self._accepted(response, answer)
        words = said(_kind(response), answer)
        told = f" ({words})." if words else "."
        if status == 413:
            raise RequestTooLarge(f"{self.destination} takes no request of this size (413){told}")
        if status == 400:
            raise DeliveryRefused(f"{self.destination} refused the {self.codec.signal.items} for good (400){told}")
        if 300 <= status < 400:
            to = without_secrets(response.headers.get("Location", "")) or "nowhere"
            raise DeliveryUnavailable(
                f"{self.destination} redirects to {to} ({status}), which is not followed: set the endpoint there."
            )
        remedy = _REMEDIES.get(status, "its log may tell why").format(signal=self.codec.signal.name)
        if status in _LATER:
            remedy = "it cannot take data now"
        wait = retry_after(response.headers.get("Retry-After"), time.time())
        raise DeliveryUnavailable(f"{self.destination} answered {status}: {remedy}{told}", retry_after=wait)

    def _accepted(self, response: requests.Response, answer: bytes) -> int:
        try:
            return rejected(self.destination, self.codec.signal, _kind(response), answer)
        except ValueError:
            raise DeliveryUnavailable(
                f"{self.destination} answered {response.status_code}, but not as an OTLP receiver does: check the "
                "endpoint's host, port and path."
            ) from None

    def _why(self, error: Exception) -> str:
        """Return in one sentence why there was no answer."""
        return described(
            error,
            self.destination,
            self._settings.timeout,
            tls="OTEL_EXPORTER_OTLP_CERTIFICATE and the endpoint's scheme",
            otherwise="broke the connection off or speaks no HTTP; if it is an OTLP/gRPC receiver (usually port 4317), "
            "set OTEL_EXPORTER_OTLP_PROTOCOL=grpc.",
        )

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(Exception):
            self._session.close()
