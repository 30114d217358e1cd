"""A real Jaeger 2 on loopback, with its storage in memory, and the questions that tests put to it.

It is built from its Go module, because no package registry carries the program: a module of our own (``jaeger/``) names
it as a tool, repeats its one ``replace`` (Go ignores a dependency's) and pins every dependency by its checksum.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ground.cache import CACHE, MissingPart, announce, build_once, digest, run_tool
from ground.otlp import Span, spans_from_json
from ground.processes import free_port

__all__ = ["Jaeger", "jaeger_program", "running_jaeger"]

_MODULE = Path(__file__).parent / "jaeger"
_PACKAGE = "github.com/jaegertracing/jaeger/cmd/jaeger"
_START_S = 20.0
_STARTS = 3
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def jaeger_program() -> Path:
    """The Jaeger binary, built first if the cache has none of this version; `MissingPart` where there is no Go."""
    sums = (_MODULE / "go.mod").read_text(), (_MODULE / "go.sum").read_text()
    version = re.search(r"jaegertracing/jaeger (v\S+)", sums[0])
    assert version, "go.mod names no version of Jaeger"

    def build(target: Path) -> None:
        if not shutil.which("go"):
            raise MissingPart(
                "The tests ask a real Jaeger, which is built with Go 1.25 or newer, and there is no 'go' on PATH: "
                "install it as https://go.dev/doc/install says."
            )
        # A workspace or flags of the user's own would change what is built; VCS stamping fails in unusual checkouts.
        environ = os.environ | {"GOWORK": "off", "GOFLAGS": "-buildvcs=false"}
        options = ("-trimpath", "-ldflags=-s -w", "-o", target / "jaeger")
        command = ("go", "build", *options, _PACKAGE)
        try:
            run_tool(*command, cwd=_MODULE, environ=environ)
        except MissingPart:  # of its hundreds of downloads Go tries none a second time
            announce("building Jaeger failed, trying once more with what has been downloaded")
            run_tool(*command, cwd=_MODULE, environ=environ)

    what = "Jaeger 2 from its Go module, about 5 minutes on 2 cores, once"
    return build_once(CACHE / "jaeger" / f"{version[1]}-{digest(*sums)}", what, build) / "jaeger"


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
        self, trace_id: str, until: Callable[[list[Span]], bool] | None = None, *, timeout: float = 10
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
            with urllib.request.urlopen(self.query + path, timeout=10) as answer:  # noqa: S310 - always http, our own
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
    with tempfile.TemporaryDirectory(prefix="jaeger-") as name:
        directory = Path(name)
        process, jaeger = _start(program, directory)
        try:
            yield jaeger
        finally:
            process.kill()  # it has nothing to save, and ends politely only after 10 s and more
            process.wait()


def _start(program: Path, directory: Path) -> tuple[subprocess.Popen[bytes], Jaeger]:
    """Start it on free ports; again on others if somebody took one of them in between."""
    log = directory / "jaeger.log"
    for _ in range(_STARTS):
        ports = {name: free_port() for name in ("otlp_http", "otlp_grpc", "query", "query_grpc")}
        config = directory / "config.json"
        config.write_text(json.dumps(_config(ports)))
        with log.open("wb") as output:
            command = [program, f"--config=file:{config}"]
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, preexec_fn=_end_with_the_tests)
        jaeger = Jaeger(ports)
        deadline = time.monotonic() + _START_S
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                jaeger.services()
                return process, jaeger
            time.sleep(0.05)
        process.kill()
        process.wait()
    raise MissingPart("Jaeger does not start:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-20:]))


def _end_with_the_tests() -> None:
    """Have the kernel end this child when the process that started it ends, be it by SIGKILL."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
