"""How far a run has been delivered: a small file beside its journal, replaced by rename after every batch.

    {"version":1,"complete":false,"sinks":{"traces":{"items":1024,"destination":"http://collector:4318/v1/traces",
     "rejected":0,"refused":0,"refusals":0,"failures":2,"taken_ns":1764000000000000000,"complete":false,
     "trouble":"connection refused"}}}

Whoever holds the journal's lock may write it. A cursor that cannot be read counts as none: what has been delivered is
delivered again then, with the same ids.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cursor", "Position"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far one sink of a run has come."""

    items: int = 0  # dealt with: taken by the destination, or never to be sent again
    destination: str = ""  # where those items went; without credentials
    rejected: int = 0  # of those, the ones that the destination left out (partial success)
    refused: int = 0  # of those, the ones in batches that it refused for good
    refusals: int = 0  # how many batches that were
    failures: int = 0  # tries that failed, and were or will be made again
    taken_ns: int = 0  # when the destination last took something, Unix time
    complete: bool = False
    trouble: str | None = None  # why the last attempt ended before it was complete


class Cursor:
    """The positions of all sinks of one run; several threads may move theirs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._positions, self._complete = _read(path)

    @property
    def complete(self) -> bool:
        """Whether nothing of the run is left to deliver."""
        return self._complete

    @property
    def positions(self) -> Mapping[str, Position]:
        """The sinks' positions by their names, as they are now."""
        with self._lock:
            return dict(self._positions)

    def move(self, sink: str, position: Position) -> None:
        """Put down a sink's new position. Raises `OSError` where it cannot be written; it stands in memory then."""
        with self._lock:
            self._positions[sink] = position
            self._write()

    def finish(self) -> None:
        """Put down that nothing of the run is left to deliver. Raises `OSError`."""
        with self._lock:
            self._complete = True
            self._write()

    def _write(self) -> None:
        record = {
            "version": _VERSION,
            "complete": self._complete,
            "sinks": {name: asdict(position) for name, position in self._positions.items()},
        }
        draft = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(record, file, separators=(",", ":"))
            file.write("\n")
        draft.replace(self.path)


def _read(path: Path) -> tuple[dict[str, Position], bool]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            record: Any = json.loads(file.read(1024 * 1024))
        if record["version"] != _VERSION:
            return {}, False
        positions = {str(name): _position(fields) for name, fields in record["sinks"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}, False
    return positions, record.get("complete") is True


def _position(fields: Mapping[str, Any]) -> Position:
    trouble = fields.get("trouble")
    return Position(
        items=int(fields["items"]),
        destination=str(fields["destination"]),
        rejected=int(fields.get("rejected", 0)),
        refused=int(fields.get("refused", 0)),
        refusals=int(fields.get("refusals", 0)),
        failures=int(fields.get("failures", 0)),
        taken_ns=int(fields.get("taken_ns", 0)),
        complete=fields.get("complete") is True,
        trouble=None if trouble is None else str(trouble),
    )
