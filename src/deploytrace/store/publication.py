"""What those who publish the store's metrics have in common: one at a time for each way, and one clock.

A counter that goes back has been reset, as Prometheus sees it, and counts twice. So a snapshot is read and given away
within one turn: whoever comes next reads a later one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import zlib
from collections.abc import Iterator

from sqlalchemy import text

from ..errors import StoreUnavailable
from .database import Store

__all__ = ["now", "turn"]

_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.05


def now(store: Store) -> float:
    """Return Unix time (s): the database server's where there is one, since many controllers may share it."""
    if store.sqlite:
        return time.time()
    with store.reading() as connection:
        return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)


@contextlib.contextmanager
def turn(store: Store, way: str, *, wait: float = _WAIT_SECONDS) -> Iterator[None]:
    """Let one process at a time publish in a way (its name).

    Raises `StoreUnavailable` where another's turn does not end within ``wait`` seconds.
    """
    until = time.monotonic() + wait
    with _sqlite_turn(store, way, until) if store.sqlite else _postgresql_turn(store, way, until):
        yield


@contextlib.contextmanager
def _sqlite_turn(store: Store, way: str, until: float) -> Iterator[None]:
    """Hold a file beside the store; the lock goes with the process, however it ends."""
    path = f"{store.name}.{way}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened ({error.strerror or error}).") from None
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _sleep(until, way)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _postgresql_turn(store: Store, way: str, until: float) -> Iterator[None]:
    """Hold an advisory lock, which goes with the connection."""
    key = zlib.crc32(f"deploytrace {way}".encode())
    with store.reading() as connection:
        while not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}):
            _sleep(until, way)
        yield


def _sleep(until: float, way: str) -> None:
    if time.monotonic() > until:
        raise StoreUnavailable(f"Another process is at work on the {way.replace('_', ' ')}; it is its turn.")
    time.sleep(_LOOK_SECONDS)
