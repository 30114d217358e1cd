"""The metrics as a file for node_exporter's textfile collector: written anew as a whole, and put in place by rename.

Its first line says of which store and generation it is: an older snapshot never takes the place of a newer one. Of
files that name the same series node_exporter shows only one, so there is one file for a machine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from pathlib import Path

from ..errors import DeliveryUnavailable, SettingError
from ..store.snapshot import Snapshot

__all__ = ["Textfile"]

_log = logging.getLogger(__name__)

_MODE = 0o644  # node_exporter is another user
_HEAD = re.compile(rb"# deploytrace: store (\S+), generation (\d+), at ([\d.]+)\n")


class Textfile:
    """One ``.prom`` file; see `metrics.Way`. Raises `SettingError` for a path that no collector would read."""

    name = "metrics_textfile"

    def __init__(self, path: Path) -> None:
        path = path.expanduser()
        if path.suffix != ".prom" or not path.is_absolute():
            raise SettingError(
                f"metrics_textfile is {str(path)!r} but must be an absolute path that ends in .prom: node_exporter "
                "reads nothing else."
            )
        self.destination = str(path)
        self._path = path

    def write(self, snapshot: Snapshot) -> int:
        """Replace the file; see `metrics.Way.write`."""
        from ..reports.exposition import text

        if self._is_newer(snapshot):
            return 0
        head = f"# deploytrace: store {snapshot.store_id}, generation {snapshot.generation}, at {snapshot.time!r}\n"
        new = self._path.with_name(f".{self._path.name}.new")
        try:
            self._fill(new, head.encode() + text(snapshot))
            new.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink()
            raise DeliveryUnavailable(f"{self._path} cannot be written ({error.strerror or error}).") from None
        return 0

    @staticmethod
    def _fill(path: Path, content: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, _MODE)  # whatever the umask is
            file.write(content)
            file.flush()
            os.fsync(descriptor)

    def _is_newer(self, snapshot: Snapshot) -> bool:
        """Say whether the file that is there already is of a later moment."""
        try:
            with self._path.open("rb") as file:
                found = _HEAD.fullmatch(file.readline(200))
        except OSError:
            return False
        if found is None:
            return False
        if found[1].decode() != snapshot.store_id:
            _log.warning("%s was written from another store; one file holds one store.", self._path)
            return False
        return (int(found[2]), float(found[3])) > (snapshot.generation, snapshot.time)

    def close(self) -> None:
        """Nothing is held."""
