"""A round-robin HTTP balancer: `balancer.py ADDRESS PORT POOL PID_FILE` goes into the background once it listens.

POOL is a directory with one empty file for each host in rotation, named after its address, host:port. A host is taken
out by removing its file and put back by making it again.
"""

from __future__ import annotations

import http.client
import http.server
import itertools
import os
import sys
from pathlib import Path


class Balancer(http.server.ThreadingHTTPServer):
    """Hands every request to the next host in the pool."""

    daemon_threads = True

    def __init__(self, address: str, port: int, pool: Path) -> None:
        super().__init__((address, port), Request)
        self.pool = pool
        self.turn = itertools.count()

    def next_host(self) -> str | None:
        """The host whose turn it is, as host:port; None if the pool is empty."""
        hosts = sorted(entry.name for entry in self.pool.iterdir())
        return hosts[next(self.turn) % len(hosts)] if hosts else None


class Request(http.server.BaseHTTPRequestHandler):
    """One customer's request."""

    server: Balancer

    def do_GET(self) -> None:
        """Fetch the answer from a host in rotation, or say 503 if there is none that answers."""
        host = self.server.next_host()
        try:
            if host is None:
                raise ConnectionError("no host in rotation")
            upstream = http.client.HTTPConnection(host, timeout=5)
            upstream.request("GET", self.path)
            answer = upstream.getresponse()
            status, kind, body = answer.status, answer.getheader("Content-Type", "text/plain"), answer.read()
        except OSError as error:
            status, kind, body = 503, "text/plain", f"{error}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Served-By", host or "nobody")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def main(address: str, port: int, pool: Path, pid_file: Path) -> None:
    """Listen, then go on in the background."""
    pool.mkdir(exist_ok=True)
    balancer = Balancer(address, port, pool)
    if child := os.fork():
        pid_file.write_text(f"{child}\n")
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    balancer.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]))
