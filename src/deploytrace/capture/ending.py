"""What is said at a run's end: one line that leads to its trace."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from ..events import RunStarted
from ..identity import trace_id
from ..settings import Settings

__all__ = ["where"]


def where(started: RunStarted, settings: Settings, environ: Mapping[str, str]) -> str | None:
    """Return the line that says where a run's trace is, or None where there is no trace (the SDK is disabled)."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    if environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return None
    trace = trace_id(started.run_id, started.traceparent, started.join_trace)
    if settings.trace_url:
        return "deploytrace: " + settings.trace_url.replace("{trace_id}", trace).replace("{run_id}", started.run_id)
    if started.endpoint:
        host = urllib.parse.urlsplit(started.endpoint).netloc.rpartition("@")[2] or started.endpoint
        return f"deploytrace: trace {trace} at {host}"
    return f"deploytrace: trace {trace} in {settings.directory(environ) / 'traces' / (started.run_id + '.jsonl')}"
