"""Waiting for what is to come, as long as a busy machine may need for it: where all is well, patience costs nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE_S", "wait_for"]

PATIENCE_S = 60.0
"""For what comes within seconds on a machine that has nothing else to do."""


def wait_for(true: Callable[[], object], what: str, seconds: float = PATIENCE_S, pause: float = 0.02) -> None:
    """Wait until something is true, looking at it every ``pause`` s; AssertionError after so many seconds."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"{what}: not within {seconds:g} s"
        time.sleep(pause)
