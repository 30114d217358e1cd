"""Appends lines to a run's journal. The law of the hot path: one ``write`` a line, no lock, no buffer, no fsync.

A line is on record as soon as `Writer.write` returns, whatever happens to the process then. Forked workers append
through the same descriptor: ``O_APPEND`` keeps their lines whole and apart.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .format import encode_header

__all__ = ["Writer", "no_space"]

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


def no_space() -> OSError:
    """Return what a line that got onto the disk in part means: the disk is full."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Writer:
    """The journal of one run, created in ``directory`` (which is made if need be, mode 0700; the file has 0600).

    Raises `OSError` where the directory or the file cannot be made, a file of that name included.
    """

    def __init__(self, directory: Path, run_id: str) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = directory / f"{run_id}.jsonl"
        self.descriptor = os.open(self.path, _FLAGS, 0o600)
        try:
            self.write(encode_header(run_id))
        except OSError:
            self.path.unlink(missing_ok=True)
            self.close()
            raise

    def write(self, line: bytes) -> None:
        """Append one line. Raises `OSError` where it did not get onto the disk whole (a full disk, mostly)."""
        try:
            if os.write(self.descriptor, line) != len(line):
                raise no_space()
        except OSError as error:
            raise self.named(error) from None

    def named(self, error: OSError) -> OSError:
        """Return an error of writing with the journal's name; it does not know whose the descriptor was."""
        return OSError(error.errno, error.strerror, str(self.path))

    def deleted(self) -> bool:
        """Return whether the journal was deleted: what is written then reaches only who has it open."""
        return os.fstat(self.descriptor).st_nlink == 0

    def close(self) -> None:
        """Close the descriptor; nothing can be written after that."""
        os.close(self.descriptor)
