"""What all measurements share: the environments, the servers that spans are sent to, and a place to write to."""

from __future__ import annotations

import contextlib
import itertools
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contestants import Contestant, Endpoint
from ground.ansible import Ansible
from ground.environments import NEWEST_STABLE, RELEASES, Environment, installed
from ground.peers import peers
from ground.receiver import Receiver, running_receiver

__all__ = ["COMPILED_ONCE", "INSIDE", "NEWEST_STABLE", "Setting", "laid_out"]

INSIDE = Path(__file__).parent / "inside"
"""What is given to Ansible: the driver, the playbooks and the empty callbacks."""

COMPILED_ONCE = {"PYTHONDONTWRITEBYTECODE": ""}
"""For commands that run from the checkout: Python keeps what it compiled, as pip does when it installs a package."""


@dataclass
class Setting:
    """One benchmark run's surroundings; `laid_out` makes it."""

    directory: Path
    receiver: Receiver
    silent: str
    """URL of the server that never answers."""
    scale: float
    """How much of the whole work is done: 1 for figures that count, less for a quick look."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def times(self, number: int) -> int:
        """Return how often a thing is repeated: ``number`` times in whole, at least three times."""
        return max(min(3, number), round(number * self.scale))

    def environment(self, version: str = NEWEST_STABLE) -> Environment:
        """Return the environment of an ansible-core, with this checkout's wheel installed."""
        return installed(next(release for release in RELEASES if release.version == version))

    @contextlib.contextmanager
    def ansible(self, version: str = NEWEST_STABLE) -> Iterator[Ansible]:
        """Give a new user's Ansible; at the end whatever it has left running is ended."""
        number = next(self._numbers)
        temporary = self.directory / f"tmp-{number}"
        temporary.mkdir()
        ansible = Ansible(self.environment(version), self.directory / f"user-{number}", temporary)
        try:
            yield ansible
        finally:
            ansible.end()

    def environ(self, contestant: Contestant) -> Mapping[str, str]:
        """Return what a contestant needs to be told, and nothing about the others."""
        found = dict(contestant.environ)
        if contestant.callback is not None:
            found["ANSIBLE_CALLBACKS_ENABLED"] = contestant.callback
        if (contestant.callback or "").startswith("community.general."):
            found["ANSIBLE_COLLECTIONS_PATH"] = str(peers())
        if contestant.endpoint is Endpoint.RECEIVER:
            found["OTEL_EXPORTER_OTLP_ENDPOINT"] = self.receiver.http
        if contestant.endpoint is Endpoint.SILENT:
            found["OTEL_EXPORTER_OTLP_ENDPOINT"] = self.silent
        return found


@contextlib.contextmanager
def laid_out(scale: float) -> Iterator[Setting]:
    """Start the servers and make the directory; both are gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="deploytrace-benchmark-") as directory,
        running_receiver() as receiver,
        _silent_server() as silent,
    ):
        yield Setting(Path(directory), receiver, silent, scale)


@contextlib.contextmanager
def _silent_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:  # the kernel accepts; nobody reads
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
