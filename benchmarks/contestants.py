"""Who is compared: each contestant is the callbacks that are enabled and the settings they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ground.ansible import TELEMETRY

__all__ = [
    "DEPLOYTRACE",
    "DEPLOYTRACE_ALL",
    "DEPLOYTRACE_SENDING",
    "DEPLOYTRACE_SILENT",
    "LISTENING",
    "NOTHING",
    "OPENTELEMETRY",
    "OPENTELEMETRY_LOGS",
    "OPENTELEMETRY_SILENT",
    "READING",
    "Contestant",
    "Endpoint",
]


class Endpoint(Enum):
    """Where OTEL_EXPORTER_OTLP_ENDPOINT leads."""

    UNSET = "unset"
    RECEIVER = "a receiver that takes everything at once"
    SILENT = "a server that accepts connections and never answers"


@dataclass(frozen=True)
class Contestant:
    """One way to be watched, or not."""

    name: str
    """The key in the JSON."""
    title: str
    """What the tables say."""
    callback: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint = Endpoint.UNSET


NOTHING = Contestant("nothing", "no callback")
LISTENING = Contestant("listening", "empty callback (the same hooks, does nothing)", "listening")
READING = Contestant("reading", "empty callback that reads `result.result`", "reading")

DEPLOYTRACE = Contestant("deploytrace", "**deploytrace** (default settings, trace file)", TELEMETRY)
DEPLOYTRACE_SENDING = Contestant(
    "deploytrace_sending", "**deploytrace**, OTLP endpoint", TELEMETRY, endpoint=Endpoint.RECEIVER
)
DEPLOYTRACE_SILENT = Contestant(
    "deploytrace_silent", "**deploytrace**, silent endpoint", TELEMETRY, endpoint=Endpoint.SILENT
)
DEPLOYTRACE_ALL = Contestant(
    "deploytrace_all", "**deploytrace**, `results=all`", TELEMETRY, {"DEPLOYTRACE_RESULTS": "all"}
)

_PEER = "community.general.opentelemetry"
_HTTP = {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}
_NO_LOGS = {**_HTTP, "ANSIBLE_OPENTELEMETRY_DISABLE_LOGS": "true"}
OPENTELEMETRY_LOGS = Contestant("opentelemetry_logs", f"{_PEER}", _PEER, _HTTP, Endpoint.RECEIVER)
OPENTELEMETRY = Contestant("opentelemetry", f"{_PEER} without logs", _PEER, _NO_LOGS, Endpoint.RECEIVER)
OPENTELEMETRY_SILENT = Contestant("opentelemetry_silent", f"{_PEER}, silent endpoint", _PEER, _HTTP, Endpoint.SILENT)
