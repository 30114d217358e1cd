"""A real Alertmanager on loopback, and amtool."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ground.prometheus import debian_programs
from ground.serving import ask, serving

__all__ = ["Alertmanager", "running_alertmanager"]


class Alertmanager:
    """A running Alertmanager: where Prometheus sends alerts, and which it has."""

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"

    def alerts(self) -> list[dict[str, Any]]:
        """Its alerts: ``labels``, ``annotations`` and ``status`` (``state``, ``inhibitedBy``) of each."""
        alerts: list[dict[str, Any]] = ask(f"{self.url}/api/v2/alerts")
        return alerts


@contextlib.contextmanager
def running_alertmanager(configuration: Path) -> Iterator[Alertmanager]:
    """An Alertmanager of one's own for the length of a ``with`` block, with the file ``configuration``."""
    program = debian_programs() / "prometheus-alertmanager"

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        return [
            program,
            f"--config.file={configuration}",
            f"--storage.path={directory}",
            f"--web.listen-address=127.0.0.1:{ports['web']}",
            "--cluster.listen-address=",  # alone
            "--log.level=warn",
        ]

    with serving(
        "Alertmanager", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        yield Alertmanager(ports["web"])
