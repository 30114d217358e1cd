"""A real OpenTelemetry Collector on loopback, which takes OTLP metrics and offers them to be scraped: Jaeger is one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ground.servers import jaeger_program
from ground.serving import ask, serving

__all__ = ["Collector", "running_collector"]


@dataclass(frozen=True)
class Collector:
    """A running Collector."""

    otlp_http: str
    """Base URL that takes OTLP over HTTP."""
    otlp_grpc: str
    """Base URL that takes OTLP over gRPC."""
    scrape: str
    """The "host:port" where Prometheus finds ``/metrics``."""


@contextlib.contextmanager
def running_collector() -> Iterator[Collector]:
    """A Collector of one's own, empty at first, for the length of a ``with`` block."""
    program = jaeger_program()

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        (directory / "config.json").write_text(json.dumps(_config(ports)))
        return [program, f"--config=file:{directory / 'config.json'}"]

    names = ("http", "grpc", "scrape")
    with serving(
        "Collector", names, command, lambda ports: ask(f"http://127.0.0.1:{ports['scrape']}/metrics")
    ) as ports:
        address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        yield Collector(f"http://{address['http']}", f"http://{address['grpc']}", address["scrape"])


def _config(ports: Mapping[str, int]) -> dict[str, Any]:
    address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "service": {
            "pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["prometheus"]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
        "receivers": {
            "otlp": {"protocols": {"http": {"endpoint": address["http"]}, "grpc": {"endpoint": address["grpc"]}}}
        },
        "exporters": {
            "prometheus": {
                "endpoint": address["scrape"],
                "enable_open_metrics": True,  # else there are no exemplars
                "resource_to_telemetry_conversion": {"enabled": False},
            }
        },
    }
