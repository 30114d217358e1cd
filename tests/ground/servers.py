"""A real Jaeger 2 on loopback, with its storage in memory, and the questions that tests put to it."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ground.golang import go_programs
from ground.otlp import Span, spans_from_json
from ground.serving import serving
from ground.waiting import PATIENCE_S

__all__ = ["Jaeger", "jaeger_program", "running_jaeger"]

_MODULE = Path(__file__).parent / "jaeger"


def jaeger_program() -> Path:
    """The Jaeger binary, built first if the cache has none of this version; `MissingPart` where there is no Go."""
    return go_programs(_MODULE, "Jaeger 2", 5) / "jaeger"


class Jaeger:
    """A running Jaeger: where to send spans, and what it has got."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.otlp_http = f"http://127.0.0.1:{ports['otlp_http']}"
        self.otlp_grpc = f"http://127.0.0.1:{ports['otlp_grpc']}"
        self.query = f"http://127.0.0.1:{ports['query']}"
        """Its API and UI."""

    def services(self) -> list[str]:
        """The service names it has seen."""
        return sorted((self._ask("/api/v3/services") or {}).get("services", []))

    def trace(self, trace_id: str) -> list[Span]:
        """The trace's spans as they were stored, without Jaeger's adjustments; none if it does not know the trace."""
        # The parameters' names are those of Jaeger 2.13; later ones write rawTraces, and each ignores the other's.
        answer = self._ask(f"/api/v3/traces/{trace_id}?raw_traces=true")
        return spans_from_json(answer["result"]) if answer else []

    def traces(self, service: str) -> dict[str, list[Span]]:
        """All traces of the last day (up to 1,000) that have a span of ``service``, by trace id."""
        now = time.time()
        query = {
            "query.service_name": service,
            "query.start_time_min": _rfc3339(now - 24 * 3600),
            "query.start_time_max": _rfc3339(now + 3600),
            "query.num_traces": "1000",
            "query.raw_traces": "true",
        }
        answer = self._ask(f"/api/v3/traces?{urllib.parse.urlencode(query)}")
        found: dict[str, list[Span]] = {}
        for span in spans_from_json(answer["result"]) if answer else []:
            found.setdefault(span.trace_id, []).append(span)
        return found

    def wait_for_trace(
        self, trace_id: str, until: Callable[[list[Span]], bool] | None = None, *, timeout: float = PATIENCE_S
    ) -> list[Span]:
        """Wait until the trace's spans satisfy ``until`` (default: its root has arrived) and return them.

        Raises AssertionError, naming what is there, if that takes longer than ``timeout`` s.
        """
        satisfied = until or (lambda spans: any(not span.parent_id for span in spans))
        deadline = time.monotonic() + timeout
        while not satisfied(spans := self.trace(trace_id)):
            if time.monotonic() > deadline:
                names = ", ".join(span.name for span in spans) or "no span"
                raise AssertionError(f"after {timeout:g} s Jaeger has of trace {trace_id}: {names}")
            time.sleep(0.1)
        return spans

    def _ask(self, path: str) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(self.query + path, timeout=PATIENCE_S) as answer:  # noqa: S310 - always http, our own
                document: dict[str, Any] = json.load(answer)
                return document
        except urllib.error.HTTPError as error:
            if error.code == 404:  # its answer for a trace that it does not know
                return None
            raise


@contextlib.contextmanager
def running_jaeger() -> Iterator[Jaeger]:
    """A Jaeger of one's own, empty at first, for the length of a ``with`` block."""
    program = jaeger_program()

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        config = directory / "config.json"
        config.write_text(json.dumps(_config(ports)))
        return [program, f"--config=file:{config}"]

    names = ("otlp_http", "otlp_grpc", "query", "query_grpc")
    with serving("Jaeger", names, command, lambda ports: Jaeger(ports).services()) as ports:
        yield Jaeger(ports)


def _config(ports: Mapping[str, int]) -> dict[str, Any]:
    """Jaeger's all-in-one configuration, cut down to what is used: OTLP in, memory, API out. JSON is YAML too."""
    address = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 100_000}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "http": {"endpoint": address["query"]},
                "grpc": {"endpoint": address["query_grpc"]},
            },
        },
        "receivers": {
            "otlp": {
                "protocols": {
                    "http": {"endpoint": address["otlp_http"]},
                    "grpc": {"endpoint": address["otlp_grpc"]},
                }
            }
        },
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }


def _rfc3339(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
