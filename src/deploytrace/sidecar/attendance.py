"""Attends one run: notices its end, ends it where Ansible could not, and decides when there is no more hope."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from ..events import RunStarted
from .ansible_process import AnsibleProcess
from .fanout import Fanout
from .held_journal import HeldJournal
from .log import LOGGER

__all__ = ["Attendance"]

_TICK = 0.1


@dataclass
class Attendance:
    """A run, its deliveries, and how long to be patient with them.

    ``process`` is None where Ansible is known to be gone. After the run's end nothing may get through for ``patience``
    seconds, and for ``vain_patience`` where every destination has said that it takes nothing now. ``say`` is told,
    after the run's end, whether all is delivered, once it is or once what is left cannot be delivered now.
    """

    journal: HeldJournal
    started: RunStarted
    fanout: Fanout
    process: AnsibleProcess | None
    patience: float
    vain_patience: float
    live: bool
    dismissed: Event
    say: Callable[[bool], None]

    def attend(self) -> bool:
        """Return once all is delivered (then true), there is no more hope, or the attendant is dismissed.

        The deliveries have ended then.
        """
        course, fanout = self.fanout.course, self.fanout
        end_noticed: float | None = None
        while not self.dismissed.is_set():
            if self.journal.cut_short():
                fanout.cut_short()
                end_noticed = end_noticed or time.monotonic()
            if not course.ended.is_set() or end_noticed is None:
                at_end = self._at_end()
                end_noticed = end_noticed or (time.monotonic() if at_end else None)
            if not fanout.begun:
                fanout.start(live=self.live)
            if end_noticed is not None:
                if fanout.in_vain:
                    self.say(fanout.complete)
                quiet = time.monotonic() - max(end_noticed, fanout.progress)
                if fanout.over or quiet > (self.vain_patience if fanout.in_vain else self.patience):
                    break
            course.changed.wait(_TICK)
            course.changed.clear()
        fanout.stop()
        return fanout.complete

    def _at_end(self) -> bool:
        gone = self.process is None or self.process.gone()  # asked first: it may write its end and go in between
        if self.journal.ending() is not None:
            self.fanout.course.ended.set()
        elif gone:
            try:
                self.journal.end_as_lost(self.started, just_now=self.process is not None)
            except OSError as error:
                LOGGER.error("The end of the run cannot be put on record (%s); it waits.", error.strerror or error)
        return gone or self.fanout.course.ended.is_set()
