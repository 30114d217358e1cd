"""Puts on record that a signal ends Ansible, and leaves everything else to whom the signal was meant for.

A handler is wrapped only where there is one written in Python: SIGINT everywhere, SIGTERM from 2.19 on. Where SIGTERM
has its default action (2.18 and before) it keeps it; the sidecar sees the process go.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["watch_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch_signals(note: Callable[[int], None]) -> None:
    """Call ``note(number)`` when a signal that has a Python handler arrives, then that handler.

    Can be called again: what is wrapped already is left as it is. ``note`` may run in the middle of anything.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) and not isinstance(handler, _Noting):
            signal.signal(number, _Noting(note, handler))


class _Noting:
    """A signal handler that takes note and hands on; in a forked worker, which inherits it, it only hands on."""

    def __init__(self, note: Callable[[int], None], previous: Callable[[int, FrameType | None], Any]) -> None:
        self._note = note
        self._previous = previous
        self._pid = os.getpid()

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        if os.getpid() == self._pid:
            with contextlib.suppress(Exception):
                self._note(number)
        return self._previous(number, frame)
