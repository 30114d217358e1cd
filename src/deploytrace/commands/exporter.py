"""Serve the metrics to Prometheus, until it is told to end.

Prometheus scrapes `/metrics` (text or OpenMetrics with exemplars). `/-/healthy` says that the process is there,
`/-/ready` that the store can be read. It listens on this machine only, unless told otherwise; then give it TLS
(--certificate, --key) and users (--users, a file that `htpasswd -B` writes). One exporter serves one store.

With OTEL_METRICS_EXPORTER=otlp it also pushes the metrics over OTLP, every OTEL_METRIC_EXPORT_INTERVAL, at least once a
minute.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingError
from ..settings import Settings
from .recorded import state_directory

if TYPE_CHECKING:
    from ..exporter.pushing import Pushing
    from ..exporter.server import Certificates
    from ..journal.directory import Directory

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--listen", metavar="HOST:PORT", default="127.0.0.1:9822", help="where to listen (default: %(default)s)"
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve over TLS with this certificate (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the certificate's key (PEM)")
    parser.add_argument(
        "--client-ca", type=Path, metavar="FILE", help="let in only clients that these authorities vouch for (PEM)"
    )
    parser.add_argument("--users", type=Path, metavar="FILE", help="let in only these: NAME:BCRYPT-HASH, a line each")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve."""
    from ..exporter.server import Address, Server
    from ..exporter.source import Source
    from ..exporter.users import Users
    from ..store.address import described, store_url

    directory = state_directory(settings)
    users = Users(arguments.users) if arguments.users else None
    server = Server(
        Address.parse(arguments.listen),
        source := Source(settings, directory, _say),
        _say,
        certificates=_certificates(arguments),
        users=users,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: shutdown waits for the loop that the signal interrupts.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    scheme = "https" if arguments.certificate else "http"
    _say(f"Serving {described(store_url(settings, directory.root))} at {scheme}://{server.listening}/metrics")
    if not server.listening.loopback and users is None:
        _say("Whoever reaches this port can read the metrics; --users asks for a password.")
    source.check()  # which says what is wrong
    pushing = _pushing(settings, directory)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        if pushing is not None:
            pushing.stop()
        server.close()
    return 0


def _certificates(arguments: argparse.Namespace) -> Certificates | None:
    from ..exporter.server import Certificates

    if arguments.certificate and arguments.key:
        return Certificates(arguments.certificate, arguments.key, arguments.client_ca)
    if arguments.certificate or arguments.key or arguments.client_ca:
        raise SettingError("TLS wants both --certificate and --key.")
    return None


def _pushing(settings: Settings, directory: Directory) -> Pushing | None:
    """Return what pushes over OTLP, at work, where that is switched on."""
    from ..exporter.pushing import Pushing, push_interval
    from ..sinks.metric_destinations import metric_ways
    from ..sinks.metrics import Publisher

    opened = metric_ways(settings, os.environ).get("metrics_otlp")
    if opened is None:
        return None
    publisher = Publisher(settings, directory.root, opened())
    pushing = Pushing(publisher, push_interval(os.environ), _say)
    _say(f"Pushing metrics to {publisher.way.destination}")
    pushing.start()
    return pushing


def _say(text: str) -> None:
    print(f"deploytrace exporter: {text}", file=sys.stderr, flush=True)
