"""The storefront: the small HTTP service that the example deploys.

`server.py start SETTINGS` puts it in the background once it listens, `server.py stop SETTINGS` ends it.
It loads its catalogue when first asked for its health, which answers 503 until that is done.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

LOADING_SECONDS = 0.5  # a catalogue of some size


class Storefront(http.server.ThreadingHTTPServer):
    """The service, with what it knows: its settings, and how far its catalogue is loaded."""

    daemon_threads = True

    def __init__(self, settings_file: Path) -> None:
        self.settings = json.loads(settings_file.read_text())
        self.loading_since: float | None = None
        super().__init__((self.settings["address"], self.settings["port"]), Page)

    def serve_until_told(self) -> None:
        """Answer requests until SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self.shutdown).start())
        self.serve_forever(poll_interval=0.1)

    def ready(self) -> bool:
        """Whether the catalogue is loaded; the first question starts the loading."""
        if self.loading_since is None:
            self.loading_since = time.monotonic()
        return time.monotonic() - self.loading_since > LOADING_SECONDS


class Page(http.server.BaseHTTPRequestHandler):
    """One request: `/health` for the balancer, everything else for customers."""

    server: Storefront

    def do_GET(self) -> None:
        """Answer a page, the state of health, or 404."""
        shop, settings = self.server, self.server.settings
        if self.path == "/health":
            status, state = (200, "ok") if shop.ready() else (503, "loading")
            health = {"status": state, "version": settings["version"], "host": settings["host"]}
            self.answer(status, "application/json", json.dumps(health))
        elif self.path in settings["pages"]:
            title = f"{settings['brand']}: {settings['pages'][self.path]}"
            self.answer(200, "text/html", f"<h1>{title}</h1><p>{settings['version']}, {settings['environment']}</p>\n")
        else:
            self.answer(404, "text/plain", "no such page\n")

    def answer(self, status: int, kind: str, text: str) -> None:
        """Send one complete answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: `/health` is asked all the time."""


def start(settings_file: Path, pid_file: Path) -> None:
    """Listen, then go on in the background; an address that is taken is this command's failure, not a later riddle."""
    shop = Storefront(settings_file)
    if child := os.fork():
        pid_file.write_text(f"{child}\n")
        return
    os.setsid()
    log = os.open(settings_file.with_name("storefront.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, target in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(target, descriptor)
    shop.serve_until_told()
    os._exit(0)


def stop(settings_file: Path, pid_file: Path) -> None:
    """End the service and wait until nobody answers at its address any more."""
    settings = json.loads(settings_file.read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    with contextlib.suppress(ConnectionRefusedError, ConnectionResetError):
        while True:
            socket.create_connection((settings["address"], settings["port"]), timeout=2).close()
            time.sleep(0.05)
    pid_file.unlink()


def main(command: str, settings_file: Path) -> None:
    """Carry out one of the two commands."""
    pid_file = settings_file.with_name("storefront.pid")
    if command == "start":
        start(settings_file, pid_file)
    elif command == "stop":
        stop(settings_file, pid_file)
    else:
        sys.exit(f"unknown command {command}: there are start and stop")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
