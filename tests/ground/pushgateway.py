"""A real Pushgateway on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ground.prometheus import debian_programs
from ground.serving import ask, serving

__all__ = ["running_pushgateway"]


@contextlib.contextmanager
def running_pushgateway() -> Iterator[str]:
    """A Pushgateway of one's own, empty at first, for the length of a ``with`` block; gives its "host:port"."""
    program = debian_programs() / "prometheus-pushgateway"

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        return [program, f"--web.listen-address=127.0.0.1:{ports['web']}", "--log.level=warn"]

    with serving(
        "Pushgateway", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        yield f"127.0.0.1:{ports['web']}"
