"""The HTTP server of the exporter: each request in a thread of its own, so that a slow reader holds up nobody."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import MetricsHandler

from .. import __version__
from ..errors import DeploytraceError, SettingError
from ..reports.exposition import Exposition
from .source import Source
from .users import Users

__all__ = ["Address", "Certificates", "Server"]

_REQUEST_SECONDS = 30.0  # that a client may be silent
_HANDSHAKE_SECONDS = 10.0
_MOST_REQUESTS = 40  # at the same time, as node_exporter has it
_PARTING_SECONDS = 5.0

_START_PAGE = b"""<!doctype html><html lang="en"><title>deploytrace exporter</title>
<h1>deploytrace exporter</h1><p><a href="metrics">Metrics</a></p></html>
"""


@dataclass(frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that ``HOST:PORT``, ``[HOST]:PORT`` or ``:PORT`` (everywhere) names.

        Raises `SettingError`.
        """
        try:
            parts = urlsplit(f"//{text}")
            if parts.port is not None and not parts.path:
                return cls(parts.hostname or "", parts.port)
        except ValueError:
            pass
        raise SettingError(f"--listen is {text!r} but must be HOST:PORT, such as 127.0.0.1:9822.")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host or '*'}:{self.port}"


@dataclass(frozen=True)
class Certificates:
    """The files of TLS; ``client_ca`` has the authorities whose clients alone are let in. Read at each connection."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what is in the files now. Raises `SettingError`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except OSError as error:
            names = f"{self.certificate}, {self.key}" + (f" and {self.client_ca}" if self.client_ca else "")
            raise SettingError(f"TLS cannot be had with {names} ({error.strerror or error}).") from None
        return context


class Server(ThreadingHTTPServer):
    """Serves one store. Raises `SettingError` where the address cannot be had."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: Address,
        source: Source,
        say: Callable[[str], None],
        *,
        certificates: Certificates | None = None,
        users: Users | None = None,
    ) -> None:
        self.source = source
        self.users = users
        self._say = say
        self._certificates = certificates
        if certificates is not None:
            certificates.context()
        self._places = threading.BoundedSemaphore(_MOST_REQUESTS)
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        try:
            super().__init__((address.host, address.port), _Handler)
        except (OSError, OverflowError) as error:
            raise SettingError(_why(address, error)) from None
        self.listening = Address(address.host, int(self.server_address[1]))

    def server_bind(self) -> None:
        """Bind without asking for the machine's name, which may take long."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "deploytrace", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a request's thread, where there is a place for it."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one request, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, where TLS is on, and answer."""
        if self._certificates is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_HANDSHAKE_SECONDS)
        with self._certificates.context().wrap_socket(request, server_side=True) as shielded:
            super().finish_request(shielded, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong with a request, unless it is that the client went away or speaks another language."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # ssl.SSLError and timeouts are OSErrors too
            self._say(f"A request failed by a fault of its own: {error.__class__.__name__}: {error}")

    def close(self) -> None:
        """Stop listening; wait a moment for the requests that are being answered."""
        self.server_close()
        until = time.monotonic() + _PARTING_SECONDS
        for _ in range(_MOST_REQUESTS):
            if not self._places.acquire(timeout=max(0.0, until - time.monotonic())):
                return


def _why(address: Address, error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{address} is taken: another exporter, or another program, listens there. Choose one with --listen."
    if isinstance(error, OSError) and error.errno == errno.EACCES:
        return f"{address} may not be listened at: ports below 1024 are root's. Choose another with --listen."
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"{address} cannot be listened at ({reason}): check --listen."


class _Handler(MetricsHandler):
    """One request."""

    server: Server
    timeout = _REQUEST_SECONDS
    server_version = f"deploytrace/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        path = urlsplit(self.path).path
        if path == "/-/healthy":
            self._answer(200, b"deploytrace exporter is there.\n")
        elif self.server.users is not None and not self.server.users.admit(self.headers.get("Authorization")):
            self._answer(401, b"Credentials are wanted.\n", {"WWW-Authenticate": 'Basic realm="deploytrace"'})
        elif path == "/-/ready":
            trouble = self.server.source.check()
            self._answer(503 if trouble else 200, f"{trouble or 'The store can be read.'}\n".encode())
        elif path == "/metrics":
            self._metrics()
        elif path == "/":
            self._answer(200, _START_PAGE, {"Content-Type": "text/html; charset=utf-8"})
        else:
            self._answer(404, b"There are /metrics, /-/healthy and /-/ready.\n")

    def _metrics(self) -> None:
        self.registry = Exposition(self.server.source.snapshot)
        try:
            super().do_GET()
        except DeploytraceError as error:  # nothing has been sent: the store is read first
            self._answer(500, f"{error}\n".encode())

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        told = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))} | (headers or {})
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)
