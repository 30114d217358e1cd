"""The metrics over OTLP, into a Collector or Prometheus's own receiver.

The resource names the store, not the process: whoever pushes, it is the same series that go on.
"""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from .. import __version__
from ..settings import Settings
from ..store.snapshot import Snapshot
from .otlp_codec import Scope
from .otlp_metric import JsonMetricCodec, ProtobufMetricCodec, metrics_of
from .otlp_opening import opened
from .otlp_settings import OtlpSettings, is_true, otlp_settings
from .span import Value
from .span_resource import INSTANCES, resource_from_environment
from .transport import RequestTooLarge, Transport

__all__ = ["OtlpMetrics", "metrics_exported"]

_log = logging.getLogger(__name__)

_MAX_BYTES = 3 * 1024 * 1024  # of a request; a gRPC receiver takes 4 MiB by default
_ONLY_CUMULATIVE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_ONLY_CLASSIC = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"


def metrics_exported(environ: Mapping[str, str]) -> bool:
    """Say whether metrics go over OTLP: only where ``OTEL_METRICS_EXPORTER`` says so, since Jaeger refuses them."""
    if is_true(environ, "OTEL_SDK_DISABLED"):
        return False
    names = {name.strip().lower() for name in environ.get("OTEL_METRICS_EXPORTER", "").split(",") if name.strip()}
    for name in sorted(names - {"otlp", "none"}):
        _log.warning(
            "OTEL_METRICS_EXPORTER names %r, which is neither otlp nor none; it is ignored (to be scraped: "
            "`deploytrace exporter`).",
            name,
        )
    return "otlp" in names


class OtlpMetrics:
    """One OTLP endpoint; see `metrics.Way`. Raises `SettingError` where a variable cannot be used."""

    name = "metrics_otlp"

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._to: OtlpSettings = otlp_settings(environ, settings.otlp_endpoint, None, "metrics")
        self.destination = self._to.endpoint
        self._resource = {"service.name": settings.service_name, **resource_from_environment(environ)}
        self._exemplars = environ.get("OTEL_METRICS_EXEMPLAR_FILTER", "").strip().lower() != "always_off"
        self._transport: Transport | None = None
        if environ.get(_ONLY_CUMULATIVE, "").strip().lower() in ("delta", "lowmemory"):
            _log.warning("%s is not heeded: what counts over many processes can only be cumulative.", _ONLY_CUMULATIVE)
        if environ.get(_ONLY_CLASSIC, "").strip().lower() not in ("", "explicit_bucket_histogram"):
            _log.warning("%s is not heeded: histograms have the buckets of docs/metrics.md.", _ONLY_CLASSIC)

    def write(self, snapshot: Snapshot) -> int:
        """Send it, in as many requests as it needs; see `metrics.Way.write`."""
        transport = self._opened(snapshot.store_id)
        batch: list[bytes] = []
        size = rejected = 0
        for metric in metrics_of(snapshot, exemplars=self._exemplars):
            data = transport.codec.encode(metric)
            if batch and size + len(data) > _MAX_BYTES:
                rejected += self._send(transport, batch)
                batch, size = [], 0
            batch.append(data)
            size += len(data)
        return rejected + (self._send(transport, batch) if batch else 0)

    def _send(self, transport: Transport, batch: Sequence[bytes]) -> int:
        """Send one request, or two where it is too large for the receiver."""
        try:
            return transport.send(batch, transport.timeout)
        except RequestTooLarge as error:
            if len(batch) == 1:
                _log.error("%s", error)
                return 1
            half = len(batch) // 2
            return self._send(transport, batch[:half]) + self._send(transport, batch[half:])

    def _opened(self, store_id: str) -> Transport:
        if self._transport is None:
            resource: dict[str, Value] = {
                **self._resource,
                "service.instance.id": str(uuid.uuid5(INSTANCES, store_id)),
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.version": version("opentelemetry-sdk"),
                "telemetry.distro.name": "deploytrace",
                "telemetry.distro.version": __version__,
            }
            scope = Scope(resource, __version__)
            json_form = self._to.protocol == "http/json"
            self._transport = opened(self._to, JsonMetricCodec(scope) if json_form else ProtobufMetricCodec(scope))
        return self._transport

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(Exception):
            if self._transport is not None:
                self._transport.close()
