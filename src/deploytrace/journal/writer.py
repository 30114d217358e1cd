"""Appends lines to a run's journal. The law of the hot path: one ``write`` a line, no lock, no buffer, no fsync.

A line is on record as soon as `Writer.write` returns, whatever happens to the process then. Forked workers append
through the same descriptor: ``O_APPEND`` keeps their lines whole and apart.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .format import encode_header

__all__ = ["Writer"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


class Writer:
    """The journal of one run, created in ``directory`` (which is made if need be, mode 0700; the file has 0600).

    Raises `OSError` where the directory or the file cannot be made, a file of that name included.
    """

    def __init__(self, directory: Path, run_id: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = directory / f"{run_id}.jsonl"
        self._descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            self.write(encode_header(run_id))
        except OSError:
            self.path.unlink(missing_ok=True)
            self.close()
            raise

    def write(self, line: bytes) -> None:
        """Append one line. Raises `OSError` where it did not get onto the disk whole (a full disk, mostly)."""
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:  # which does not know whose descriptor it was
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        if written != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def deleted(self) -> bool:
        """Return whether the journal was deleted: what is written then reaches only who has it open."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Close the descriptor; nothing can be written after that."""
        os.close(self._descriptor)
