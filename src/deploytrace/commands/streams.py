"""Standard output and standard error as all commands find them: always there, and clear about what cannot be written.

What was asked for goes to standard output: where that takes nothing, the command fails. What is said on standard error
comes beside it: where that takes nothing, nothing changes.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from typing import Any, TextIO

from ..errors import OutputError

__all__ = ["ready_streams"]


def ready_streams() -> None:
    """Put streams of this kind in the place of ``sys.stdout`` and ``sys.stderr``."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # the next file to be opened, the store even, would take this number: the lowest that is free
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY if descriptor else os.O_WRONLY), True)  # fails as closed
    sys.stdout = _text(_Output(1, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Errors(2, "w", closefd=False), sys.stderr)


class _Output(io.FileIO):
    """Fails once; what is still buffered then, and is tried again when Python ends, goes nowhere."""

    _failed = False

    def write(self, data: Any, /) -> int:
        """Raise `BrokenPipeError` where nobody reads any more, else `OutputError`."""
        if self._failed:
            return memoryview(data).nbytes
        try:
            while (written := super().write(data)) is None:  # a pipe that is full, and was made not to wait
                select.select((), (self,), ())
            return written
        except BrokenPipeError:
            self._failed = True
            raise
        except OSError as error:
            self._failed = True
            raise OutputError(f"Standard output cannot be written ({error.strerror}).") from None


class _Errors(io.FileIO):
    """Never fails."""

    def write(self, data: Any, /) -> int:
        """Write it, if that can be."""
        with contextlib.suppress(OSError):
            super().write(data)
        return memoryview(data).nbytes


def _text(file: io.FileIO, like: TextIO | None) -> TextIO:
    """Return a text stream on a file, in the encoding of the one whose place it takes."""
    return io.TextIOWrapper(
        io.BufferedWriter(file),
        encoding=like.encoding if like is not None else "utf-8",
        errors=like.errors if like is not None else "backslashreplace",
        line_buffering=isinstance(file, _Errors) or file.isatty(),
    )
