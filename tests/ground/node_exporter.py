"""A real node_exporter on loopback, with nothing but its textfile collector."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ground.prometheus import debian_programs
from ground.serving import ask, serving

__all__ = ["running_node_exporter"]


@contextlib.contextmanager
def running_node_exporter(textfiles: Path) -> Iterator[str]:
    """A node_exporter over the directory ``textfiles``, for the length of a ``with`` block; gives its "host:port"."""
    program = debian_programs() / "prometheus-node-exporter"

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        return [
            program,
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={textfiles}",
            f"--web.listen-address=127.0.0.1:{ports['web']}",
        ]

    with serving("node_exporter", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/")) as ports:
        yield f"127.0.0.1:{ports['web']}"
