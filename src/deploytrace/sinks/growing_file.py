"""A file that grows with a run and can be read meanwhile: it never holds half of what was appended."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from ..errors import DeliveryUnavailable

__all__ = ["GrowingFile", "create"]


def create(path: Path, more: int = os.O_TRUNC) -> int:
    """Open a regular file for writing, 0600, with its directory; return its descriptor. Raises `OSError`.

    Nothing is written through a symbolic link, and nobody waits for the reader of a pipe.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path.parent) from None
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | more, 0o600)


class GrowingFile:
    """One file, made by ``make`` (an open descriptor and the path, for messages) with the first bytes."""

    def __init__(self, make: Callable[[], tuple[int, Path]], name: str) -> None:
        self._make = make
        self._name = name
        self._fd: int | None = None
        self._end = 0  # of what is written as a whole

    def append(self, data: bytes) -> None:
        """Append all of the data; what found no room is taken back. Raises `DeliveryUnavailable`."""
        try:
            if self._fd is None:
                self._fd, path = self._make()
                self._name = str(path)
            written = 0
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], self._end + written)
            self._end += written
        except OSError as error:
            if self._fd is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._end)
            raise DeliveryUnavailable(f"{self._name} cannot be written ({error.strerror}).") from None

    def close(self) -> None:
        """Close the file; one in which nothing found room goes."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
                if not self._end:
                    Path(self._name).unlink()
            self._fd = None
