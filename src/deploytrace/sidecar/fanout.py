"""Hands one run to every sink, each in a thread of its own: what holds up or breaks one does not touch the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..journal.cursor import Cursor
from ..sinks.contract import LiveSink, Sink, WorkingSink
from .delivery import Course, Delivery, count_loss
from .held_journal import HeldJournal
from .log import LOGGER

__all__ = ["Fanout"]

_STOP_SECONDS = 2.0


class Fanout:
    """The deliveries of one run. The sinks are its own: it closes them."""

    def __init__(
        self, journal: HeldJournal, sinks: Sequence[Sink[Any]], cursor: Cursor, course: Course, state_dir: Path
    ) -> None:
        self.course = course
        self.begun = False
        self._journal = journal
        self._sinks = sinks
        self._cursor = cursor
        self._state_dir = state_dir
        self._deliveries: list[Delivery] = []
        self._threads: list[threading.Thread] = []

    def start(self, *, live: bool) -> None:
        """Let the deliveries begin; those that are not ``live`` send nothing before the run's end."""
        for sink in self._sinks:
            delivery = Delivery(sink, self._journal.reader(), self._cursor, self.course, self._state_dir)
            delivery.held = not live and not isinstance(sink, LiveSink)
            # A destination that does not answer must not keep the process: daemon threads end with it.
            thread = threading.Thread(target=delivery.run, name=f"deliver {sink.name}", daemon=True)
            self._deliveries.append(delivery)
            self._threads.append(thread)
        for delivery, thread in zip(self._deliveries, self._threads, strict=True):
            delivery.before = [other for other in self._deliveries if other.sink.name in delivery.sink.after]
            thread.start()
        self.begun = True

    def stop(self) -> None:
        """Let the deliveries end and put down where they stand; wait a moment for those that are sending.

        One that is still sending after that keeps the journal held until it is back.
        """
        self.course.stopped.set()
        until = time.monotonic() + _STOP_SECONDS
        for delivery, thread in zip(self._deliveries, self._threads, strict=True):
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                delivery.give_up()
        if not self.begun:
            for sink in self._sinks:
                sink.close()

    def cut_short(self) -> None:
        """Let the run end, as lost, where each delivery has read to: the rest is no longer there."""
        if all(delivery.has_read_all for delivery in self._deliveries):
            return
        LOGGER.error(
            "%s was cut short while it was in use: the run ends there, and what else was recorded is lost. "
            "Leave it alone; keep_megabytes says how much room journals take.",
            self._journal.path,
        )
        count_loss(self._state_dir, "runs", "cut short", 1)
        self.course.cut.set()
        self.course.ended.set()

    @property
    def over(self) -> bool:
        """Whether every delivery has ended."""
        return self.begun and all(delivery.over for delivery in self._deliveries)

    @property
    def complete(self) -> bool:
        """Whether every sink has all of the run."""
        return self.begun and all(delivery.position.complete for delivery in self._deliveries)

    @property
    def in_vain(self) -> bool:
        """Whether every delivery has either ended or failed to get through since the run's end."""
        return self.begun and all(delivery.over or delivery.in_vain for delivery in self._deliveries)

    @property
    def progress(self) -> float:
        """When the last of them got on (monotonic clock, s): now, while one is at work itself."""
        if any(isinstance(sink, WorkingSink) and sink.working for sink in self._sinks):
            return time.monotonic()
        return max((delivery.progress for delivery in self._deliveries), default=0.0)

    @property
    def troubles(self) -> list[str]:
        """Why deliveries do not get through, or did not, in words."""
        return [delivery.trouble for delivery in self._deliveries if delivery.trouble is not None]

    @property
    def dead(self) -> dict[str, str]:
        """The destinations that do not take anything now, and why."""
        return {
            delivery.sink.destination: delivery.trouble
            for delivery in self._deliveries
            if delivery.trouble is not None and not delivery.broken
        }
