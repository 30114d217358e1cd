"""The trace as a file: OTLP/JSON, one request per line, which Jaeger's UI opens as it is.

It is written under its final name from the first batch on, so that it can be watched growing; each delivery of the run
writes it anew from the first span.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from ..errors import DeliveryUnavailable
from .otlp_codec import Codec

__all__ = ["FileTransport", "trace_file_path"]


def trace_file_path(state_dir: Path, run_id: str) -> Path:
    """Return where a run's trace file is."""
    return state_dir / "traces" / f"{run_id}.jsonl"


class FileTransport:
    """One run's trace file; made, 0600, with the first spans."""

    def __init__(self, path: Path, codec: Codec) -> None:
        self.destination = str(path)
        self.timeout = 0.0  # a file has none
        self.codec = codec
        self._path = path
        self._fd: int | None = None
        self._end = 0  # of what is written as a whole

    def send(self, spans: Sequence[bytes], timeout: float) -> int:
        """Append a line; see `transport.Transport.send`. A line that found no room is taken back."""
        if not spans:
            return 0
        line = self.codec.request(spans) + b"\n"
        try:
            if self._fd is None:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                self._fd = os.open(self._path, flags, 0o600)
            written = 0
            while written < len(line):
                written += os.pwrite(self._fd, line[written:], self._end + written)
            self._end += written
        except OSError as error:
            if self._fd is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._end)
            raise DeliveryUnavailable(f"{self._path} cannot be written ({error.strerror}).") from None
        return 0

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = None
