"""Where a run's trace goes: OpenTelemetry's standard variables and the settings decide, in one place."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from .. import __version__
from ..errors import SettingError
from ..events import RunStarted
from ..settings import Settings
from .otlp_codec import Scope
from .otlp_json import JsonCodec
from .otlp_opening import opened
from .otlp_protobuf import ProtobufCodec
from .otlp_settings import OtlpSettings, endpoint_set, is_true, otlp_settings
from .span_builder import SpanBuilder
from .span_context import trace_context
from .span_limits import Limiter, read_limits
from .span_resource import resource_of
from .trace_file import FileTransport, trace_file_path
from .traces import MAX_ITEMS, TraceSink
from .transport import Transport

__all__ = ["open_traces", "open_transport", "trace_exporters"]

_log = logging.getLogger(__name__)

_SCHEDULE_DELAY_S = 0.5
_NOT_READ = ("OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE", "OTEL_PYTHON_ID_GENERATOR")


def trace_exporters(settings: Settings, environ: Mapping[str, str], recorded_endpoint: str | None) -> tuple[str, ...]:
    """Return where traces go: any of ``otlp`` and ``file``, or nothing.

    ``OTEL_TRACES_EXPORTER`` decides (otlp, console, none, or several); where it is unset it is otlp if an endpoint is
    set or the run recorded one, else the file. A sidecar has no console, so ``console`` is the file too.
    """
    if is_true(environ, "OTEL_SDK_DISABLED"):
        return ()
    names = [name.strip().lower() for name in environ.get("OTEL_TRACES_EXPORTER", "").split(",") if name.strip()]
    if not names:
        return ("otlp",) if endpoint_set(environ, settings.otlp_endpoint) or recorded_endpoint else ("file",)
    chosen: dict[str, None] = {}
    for name in names:
        if name == "none":
            continue
        if name == "console":
            _log.warning("OTEL_TRACES_EXPORTER=console: what delivers has no console; spans go to the trace file.")
        elif name != "otlp":
            _log.warning("OTEL_TRACES_EXPORTER names %r, which is none of otlp, console, none; the file is used.", name)
        chosen["otlp" if name == "otlp" else "file"] = None
    return tuple(chosen)


def open_transport(settings: OtlpSettings, scope: Scope) -> Transport:
    """Return the way to an OTLP endpoint. Raises `SettingError` where it cannot be had (an extra is missing, say)."""
    return opened(settings, JsonCodec(scope) if settings.protocol == "http/json" else ProtobufCodec(scope))


def _batching(environ: Mapping[str, str]) -> tuple[float, int]:
    """Return the schedule delay in s and the most spans of a batch (OTEL_BSP_*; never more than 512)."""

    def number(name: str, default: float) -> float:
        text = environ.get(name, "").strip()
        if text and not text.isdecimal():
            _log.warning("%s is %r but must be a whole number; it is ignored.", name, text)
        return float(text) if text.isdecimal() else default

    delay = number("OTEL_BSP_SCHEDULE_DELAY", _SCHEDULE_DELAY_S * 1000) / 1000
    return delay, max(1, min(MAX_ITEMS, int(number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", MAX_ITEMS))))


def open_traces(
    settings: Settings, started: RunStarted, state_dir: Path, environ: Mapping[str, str]
) -> list[TraceSink]:
    """Return where the trace goes. For an endpoint that cannot be used the file takes over, so that nothing is lost."""
    for name in _NOT_READ:
        if environ.get(name):
            _log.warning("%s is set, but deploytrace does not read it; the other OTEL_* variables count.", name)
    if started.protocol and not endpoint_set(environ, settings.otlp_endpoint):
        environ = {"OTEL_EXPORTER_OTLP_PROTOCOL": started.protocol, **{k: v for k, v in environ.items() if v}}
    exporters = trace_exporters(settings, environ, started.endpoint)
    if not exporters:
        return []
    scope = Scope(resource_of(started, settings, environ), started.deploytrace_version or __version__)
    ways: dict[str, Transport] = {}
    for exporter in exporters:
        try:
            if exporter == "otlp":
                ways["traces"] = open_transport(otlp_settings(environ, settings.otlp_endpoint, started.endpoint), scope)
                continue
        except SettingError as error:
            _log.warning("%s The trace is written to a file instead.", error)
        ways["trace_file"] = FileTransport(trace_file_path(state_dir, started.run_id), JsonCodec(scope))
    context = trace_context(started, environ)
    limiter = Limiter(read_limits(environ, settings.attribute_length))
    delay, most = _batching(environ)
    return [
        TraceSink(
            name,
            transport,
            SpanBuilder(context, settings, limiter),
            span_budget=settings.span_budget,
            sampled=context.sampled,
            resumes=name != "trace_file",
            schedule_delay=delay,
            max_items=most,
        )
        for name, transport in ways.items()
    ]
