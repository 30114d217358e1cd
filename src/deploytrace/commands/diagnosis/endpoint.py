"""Whether the traces arrive where they are to go: an empty request, sent the way the sidecar sends spans."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping

from ... import __version__
from ...errors import DeliveryRefused, DeliveryUnavailable, SettingError
from ...settings import Settings
from ...sinks.otlp_codec import Scope
from ...sinks.otlp_settings import otlp_settings, read
from ...sinks.trace_destinations import open_transport, trace_exporters
from ...sinks.transport import RequestTooLarge, Transport
from .finding import Finding, ok, problem

__all__ = ["asks_for_grpc", "check_endpoint"]

_PATIENCE = 5.0  # s for an answer
_LATER = "Until then nothing is lost: runs are recorded, and delivered once it answers."


def asks_for_grpc(environ: Mapping[str, str]) -> bool:
    """Return whether the traces are to be sent over gRPC."""
    return read(environ, "PROTOCOL")[0].lower() == "grpc"


def check_endpoint(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield where traces go and whether they would be taken there; blocks for at most 5 s."""
    for name in sorted(environ):
        if name.startswith("OTEL_") and "OLTP" in name:
            yield problem("endpoint", f"{name} means nothing to anybody.", f"Write {name.replace('OLTP', 'OTLP')}.")
    with _warnings() as warnings:
        finding = _probe(settings, environ)
    for warning in warnings:
        yield problem("endpoint", warning, "Correct that variable.")
    yield finding


def _probe(settings: Settings, environ: Mapping[str, str]) -> Finding:
    exporters = trace_exporters(settings, environ, None)
    if not exporters:
        return ok("endpoint", "OTEL_* variables switch traces off; runs are recorded all the same.")
    if "otlp" not in exporters:
        return ok("endpoint", "No endpoint is set (OTEL_EXPORTER_OTLP_ENDPOINT), so each trace goes to a file.")
    try:
        transport = open_transport(otlp_settings(environ, settings.otlp_endpoint, None), Scope({}, __version__))
    except SettingError as error:
        return problem("endpoint", str(error), "Correct it; until then each trace goes to a file.")
    try:
        return _ask(transport)
    finally:
        transport.close()


def _ask(transport: Transport) -> Finding:
    try:
        transport.send([], min(_PATIENCE, transport.timeout))
    except DeliveryUnavailable as error:
        return problem("endpoint", str(error), _LATER)
    except DeliveryRefused as error:
        return problem("endpoint", str(error), "Check that it is an OTLP receiver, and the endpoint's host and port.")
    except RequestTooLarge as error:
        return problem(
            "endpoint", str(error), "Even an empty request is too large for it: check what is in front of it."
        )
    return ok("endpoint", f"{transport.destination} takes traces.")


@contextlib.contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what the sinks would write to the sidecar's log."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            collected.append(record.getMessage())

    logger, handler = logging.getLogger("deploytrace"), Collector(logging.WARNING)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield collected
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates
