"""Which hosts have been introduced in a run: for each a byte of memory that all workers share.

A worker knows how its host is reached, and the first one says so. Ansible's main process keeps nothing of starts, so
the workers tell one another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

__all__ = ["Introductions"]


class Introductions:
    """Of one run. Where the system has no such memory, every worker introduces its host, which does no harm."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}  # by host
        try:
            self._descriptor: int | None = os.memfd_create("deploytrace")
        except (AttributeError, OSError):
            self._descriptor = None

    def expect(self, hosts: Iterable[str]) -> None:
        """Give hosts a place, before their workers are forked."""
        for host in hosts:
            self._places.setdefault(host, len(self._places))

    def first(self, host: str) -> bool:
        """Return whether nobody has introduced this host yet; the caller does."""
        place = self._places.get(host)
        if self._descriptor is None or place is None:
            return True
        if os.pread(self._descriptor, 1, place) == b"1":
            return False
        os.pwrite(self._descriptor, b"1", place)
        return True

    def close(self) -> None:
        """Give the memory back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
