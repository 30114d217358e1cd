"""A small OTLP receiver over HTTP and gRPC that keeps what it gets, and can be told to misbehave.

For the faults that a real server cannot be made to show: silence, slowness, refusals of every kind, redirects, partial
success, size limits. Whatever can be seen with a real Jaeger is tested with that (``servers``).
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)

from ground.certificates import Certificates
from ground.otlp import Span, spans_from_request
from ground.waiting import PATIENCE_S

__all__ = ["SILENCE", "Answer", "Receiver", "Request", "refusing_port", "running_receiver"]


@dataclass(frozen=True)
class Answer:
    """How the receiver answers. The default is what a healthy server does: take everything, at once."""

    status: int = 200
    """HTTP status; only 200 keeps the spans."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before it answers, after it has read the request (and, with status 200, kept it)."""
    rejected: int = 0
    """Partial success: that many spans, the last ones, are refused and not kept."""
    message: str = ""
    grpc_code: grpc.StatusCode = grpc.StatusCode.OK
    """gRPC status; only OK keeps the spans."""
    grpc_retry_after: float | None = None
    """Seconds in gRPC's RetryInfo, what Retry-After is in HTTP."""


SILENCE = Answer(status=0, delay=float("inf"), grpc_code=grpc.StatusCode.UNAVAILABLE)
"""Accepts the connection, reads the request, keeps nothing and never answers."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    time: float
    """Unix seconds."""
    path: str
    headers: Mapping[str, str]
    size: int
    """Bytes of the body as sent."""
    spans: list[Span]
    answer: Answer


class Receiver:
    """What one receiver got, and how it answers; its servers are at ``http`` and ``grpc`` (base URLs)."""

    def __init__(self, max_bytes: int) -> None:
        self.http = ""
        self.grpc = ""
        self.answer = Answer()
        """How it answers from now on; may be changed at any time."""
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._max_bytes = max_bytes
        self._kept: list[Span] = []
        self._lock = threading.Lock()

    def spans(self, trace_id: str | None = None) -> list[Span]:
        """Every span that was taken, in the order of arrival, as often as it was sent; of one trace if one is named."""
        with self._lock:
            return [span for span in self._kept if trace_id in (None, span.trace_id)]

    def wait_for(self, count: int, trace_id: str | None = None, *, timeout: float = PATIENCE_S) -> list[Span]:
        """Wait until at least ``count`` spans were taken and return them; AssertionError after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        while len(spans := self.spans(trace_id)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"after {timeout:g} s the receiver has {len(spans)} of {count} spans")
            time.sleep(0.02)
        return spans

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Record a request, keep of its spans what the current answer allows, and return that after its delay."""
        answer = self.answer
        if len(body) > self._max_bytes:
            answer = Answer(status=413, grpc_code=grpc.StatusCode.RESOURCE_EXHAUSTED, message="request too large")
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        spans = spans_from_request(ExportTraceServiceRequest.FromString(plain))
        with self._lock:
            self.requests.append(Request(time.time(), path, headers, len(body), spans, answer))
            if answer.status == 200 and answer.grpc_code is grpc.StatusCode.OK:
                self._kept.extend(spans[: len(spans) - answer.rejected])
        self.closing.wait(min(answer.delay, threading.TIMEOUT_MAX))
        return answer


def _response(answer: Answer) -> ExportTraceServiceResponse:
    response = ExportTraceServiceResponse()
    if answer.rejected or answer.message:
        response.partial_success.rejected_spans = answer.rejected
        response.partial_success.error_message = answer.message
    return response


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that gave up: that is what many a test is about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.receiver.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if not answer.status:
            self.close_connection = True
            return
        # A body is OTLP's Status where a request failed, and the service's response where it did not.
        reply = _response(answer) if answer.status == 200 else Status(message=answer.message)
        content = reply.SerializeToString()
        self.send_response(answer.status)
        headers = {"Content-Type": "application/x-protobuf", "Content-Length": str(len(content)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what came is in ``Receiver.requests``."""


class _GrpcService(TraceServiceServicer):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def Export(self, request: ExportTraceServiceRequest, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        headers = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        answer = self._receiver.take("Export", headers, request.SerializeToString())
        if answer.grpc_code is not grpc.StatusCode.OK:
            if answer.grpc_retry_after is not None:
                context.set_trailing_metadata([("grpc-status-details-bin", _retry_details(answer))])
            context.abort(answer.grpc_code, answer.message or answer.grpc_code.name)
        return _response(answer)


def _retry_details(answer: Answer) -> bytes:
    """RetryInfo as gRPC carries it: in a Status in the trailing metadata (OTLP specification, OTLP/gRPC Throttling)."""
    info = RetryInfo()
    info.retry_delay.FromNanoseconds(int((answer.grpc_retry_after or 0) * 1e9))
    status = Status(code=answer.grpc_code.value[0], message=answer.message)
    status.details.add().Pack(info)
    details: bytes = status.SerializeToString()
    return details


@contextlib.contextmanager
def running_receiver(*, max_bytes: int = 1 << 40, tls: Certificates | None = None, port: int = 0) -> Iterator[Receiver]:
    """A receiver for the length of a ``with`` block, on free loopback ports.

    ``max_bytes`` is the size above which a request is refused as too large (413, RESOURCE_EXHAUSTED), as servers do;
    with ``tls`` both speak TLS; ``port`` is a fixed one for HTTP, for a server that comes back after an outage.
    """
    receiver = Receiver(max_bytes)
    handler = type("Handler", (_HttpHandler,), {"receiver": receiver})
    http = _HttpServer(("127.0.0.1", port), handler)
    scheme = "https" if tls else "http"
    if tls:
        http.socket = tls.for_http().wrap_socket(http.socket, server_side=True)
    receiver.http = f"{scheme}://127.0.0.1:{http.server_port}"
    executor = ThreadPoolExecutor(8)
    server = grpc.server(executor, options=[("grpc.max_receive_message_length", -1)])
    add_TraceServiceServicer_to_server(_GrpcService(receiver), server)
    address = "127.0.0.1:0"
    grpc_port = server.add_secure_port(address, tls.for_grpc()) if tls else server.add_insecure_port(address)
    receiver.grpc = f"{scheme}://127.0.0.1:{grpc_port}"
    server.start()
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        http.shutdown()
        http.server_close()
        server.stop(grace=None).wait()
        executor.shutdown()


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A loopback port that refuses every connection and cannot be taken by anybody else meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but never listening
        yield held.getsockname()[1]
