"""The trace as a file: OTLP/JSON, one request per line, which Jaeger's UI opens as it is.

It is written under its final name from the first batch on, so that it can be watched growing; each delivery of the run
writes it anew from the first span.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .growing_file import GrowingFile, create
from .otlp_codec import Codec
from .span import Span

__all__ = ["FileTransport", "trace_file_path"]


def trace_file_path(state_dir: Path, run_id: str) -> Path:
    """Return where a run's trace file is."""
    return state_dir / "traces" / f"{run_id}.jsonl"


class FileTransport:
    """One run's trace file; made, 0600, with the first spans."""

    def __init__(self, path: Path, codec: Codec[Span]) -> None:
        self.destination = str(path)
        self.timeout = 0.0  # a file has none
        self.codec = codec
        self._file = GrowingFile(lambda: (create(path), path), str(path))

    def send(self, items: Sequence[bytes], timeout: float) -> int:
        """Append a line; see `transport.Transport.send`. A line that found no room is taken back."""
        if items:
            self._file.append(self.codec.request(items) + b"\n")
        return 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
