"""A real Alertmanager on loopback, and amtool."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ground.cache import CACHE, build_once
from ground.prometheus import debian_programs
from ground.serving import ask, serving

__all__ = ["Alertmanager", "alertmanager_program", "running_alertmanager"]

_INSTALLED = b"/usr/share/prometheus/alertmanager"


def alertmanager_program() -> Path:
    """Debian's Alertmanager, fit to run from where it was unpacked.

    It reads its own templates from where the package would be installed; in this copy that path, and nothing else, is a
    relative one of the same length, so that they are sought in the working directory's ``alertmanager``.
    """
    unpacked = debian_programs()

    def build(target: Path) -> None:
        installed = (unpacked / "prometheus-alertmanager").read_bytes()
        if _INSTALLED not in installed:
            shutil.copy(unpacked / "prometheus-alertmanager", target)
            return
        relative = b"alertmanager".rjust(len(_INSTALLED) - 1, b"/")
        program = target / "prometheus-alertmanager"
        program.write_bytes(installed.replace(_INSTALLED, b"." + relative))
        program.chmod(0o755)

    target = CACHE / "alertmanager" / unpacked.parent.parent.name
    return build_once(target, "Alertmanager", build) / "prometheus-alertmanager"


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
    program = alertmanager_program()
    templates = debian_programs().parent / "share/prometheus/alertmanager"

    def command(directory: Path, ports: Mapping[str, int]) -> list[str | Path]:
        (directory / "alertmanager").symlink_to(templates)
        return [
            program,
            f"--config.file={configuration}",
            f"--storage.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{ports['web']}",
            "--cluster.listen-address=",  # alone
            "--log.level=warn",
        ]

    with serving(
        "Alertmanager", ("web",), command, lambda ports: ask(f"http://127.0.0.1:{ports['web']}/-/ready")
    ) as ports:
        yield Alertmanager(ports["web"])
