"""Brings one run to one sink: reads the journal at the sink's pace, and goes on where the last delivery stood.

The n-th item of a run is the same at every delivery, so the cursor's number says where to go on: what lies before it
is replayed and left out. The cursor moves after a batch has been taken, never before, so nothing is left out that
was not taken; a batch that was taken just before a kill is sent twice, with the same ids.
"""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import DeliveryRefused, DeliveryUnavailable, JournalError
from ..journal.cursor import Cursor, Position
from ..journal.losses import add_loss
from ..journal.reader import Reader
from ..run.model import Outcome
from ..run.replay import Replay
from ..sinks.contract import Item, LiveSink, Sink
from .log import LOGGER

__all__ = ["Course", "Delivery", "backoff", "count_loss"]

_POLL = 0.05
_FIRST_DELAY = 0.5
_MAX_DELAY = 30.0


class Course:
    """What the deliveries of one run know in common about where it stands."""

    def __init__(self) -> None:
        self.ended = threading.Event()  # the run has ended
        self.cut = threading.Event()  # its journal has been cut short: there is no more to read
        self.stopped = threading.Event()  # the deliveries are to end, complete or not
        self.changed = threading.Event()  # set by a delivery whenever it has something to say


def backoff(tries: int, wish: float | None = None) -> float:
    """Return the seconds to wait after so many failed tries: doubling, with jitter, unless the server said how long."""
    if wish is not None:
        return max(wish, _POLL)
    return min(_MAX_DELAY, _FIRST_DELAY * 2.0 ** min(tries - 1, 10)) * random.uniform(0.8, 1.2)  # noqa: S311


class _Stopped(Exception):
    """The delivery was told to end."""


class Delivery:
    """One run on its way to one sink. `run` works in a thread of its own; the attributes may be read from any."""

    def __init__(self, sink: Sink[Item], reader: Reader, cursor: Cursor, course: Course, state_dir: Path) -> None:
        self.sink = sink
        self.over = False  # `run` has ended
        self.trouble: str | None = None  # why nothing is getting through now, or ever
        self.broken = False  # it has ended by a fault, not by its destination's
        self.in_vain = False  # a try has failed since the run's end
        self.progress = time.monotonic()  # when something was last read or taken
        self.held = False  # it sends nothing before the run's end
        self.before: Sequence[Delivery] = ()  # those that must be through, or stuck, before this one sends
        self._reader = reader
        self._cursor = cursor
        self._course = course
        self._state_dir = state_dir
        self._replay = Replay()
        self._batch: list[Item] = []
        self._bytes = 0
        self._due = 0.0
        self._next_beat = 0.0
        self._number = 0  # items that the replay has given so far
        before = cursor.positions.get(sink.name, Position())
        if not sink.resumes or before.destination != sink.destination:
            before = Position(destination=sink.destination, failures=before.failures, refusals=before.refusals)
        self.position = dataclasses.replace(before, complete=False, trouble=None)

    def run(self) -> None:
        """Deliver until the run is complete or the course is stopped. Raises nothing."""
        try:
            self._deliver_all()
            self._move(complete=True)
        except _Stopped:
            self._move(trouble=self.trouble)
        except JournalError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - one sink's fault must not touch the others
            self._fail(f"{self.sink.name} stopped by a fault of its own: {_described(error)}")
        finally:
            self.sink.close()
            self._reader.close()
            self.over = True
            self._course.changed.set()

    @property
    def has_read_all(self) -> bool:
        """Whether it needs no more of the journal."""
        return self.over or self._replay.finished

    def give_up(self) -> None:
        """Put down that the destination has not even answered; for whoever cannot wait for `run` to end."""
        self.trouble = self.trouble or f"{self.sink.destination} does not answer."
        LOGGER.warning("%s (the %s wait in the journal)", self.trouble, self.sink.name)
        self._move(trouble=self.trouble)

    def _deliver_all(self) -> None:
        for item in self._items():
            self._number += 1
            if self._number <= self.position.items:
                continue
            if self._batch and self._bytes + item.size > self.sink.max_bytes:
                self._send()
            if not self._batch:
                self._due = time.monotonic() + self.sink.schedule_delay
            self._batch.append(item)
            self._bytes += item.size
            if len(self._batch) >= self.sink.max_items:
                self._send()
        if self._batch:
            self._send()

    def _items(self) -> Iterator[Item]:
        """Yield the run's items as they come to be, to the last; what is due is sent meanwhile."""
        while True:
            if self._course.stopped.is_set():
                raise _Stopped
            for event in self._reader.read():
                for node in self._replay.feed(event):
                    yield from self.sink.translate(node)
                self.progress = time.monotonic()
            if self._course.cut.is_set():
                for node in self._replay.close(Outcome.INTERRUPTED):
                    yield from self.sink.translate(node)
                return
            if self._replay.finished:
                self._course.ended.set()
                return
            if self._batch and time.monotonic() >= self._due:
                self._send()
            if self._reader.at_end:
                self._beat()
                self._course.stopped.wait(_POLL)

    def _beat(self) -> None:
        """Tell a sink that wants to know it that the run goes on."""
        sink, now = self.sink, time.monotonic()
        if isinstance(sink, LiveSink) and now >= self._next_beat:
            self._next_beat = now + sink.pulse
            try:
                sink.beat()
            except DeliveryUnavailable as error:
                LOGGER.warning("%s (the %s wait in the journal)", error, sink.name)

    def _send(self) -> None:
        """Send the batch, however long that takes. Raises `_Stopped`."""
        tries = rejected = refused = 0
        while self._must_wait():
            if self._course.stopped.wait(_POLL):
                raise _Stopped
        while True:
            if self._course.stopped.is_set():
                raise _Stopped
            try:
                rejected = self.sink.deliver(self._batch)
                break
            except DeliveryRefused as error:
                refused = len(self._batch)
                self._lose("refused", refused, str(error))
                break
            except DeliveryUnavailable as error:
                tries += 1
                self._hold_back(error, tries)
        if rejected:
            self._lose("rejected", rejected, f"{self.sink.destination} left out a part of what it was sent")
        if self.trouble:
            LOGGER.info("%s get through to %s again.", self.sink.name, self.sink.destination)
        self.trouble, self.in_vain = None, False
        self.progress = time.monotonic()
        self._move(
            items=self.position.items + len(self._batch),
            rejected=self.position.rejected + rejected,
            refused=self.position.refused + refused,
            refusals=self.position.refusals + bool(refused),
            taken_ns=self.position.taken_ns if refused else time.time_ns(),
        )
        self._batch, self._bytes = [], 0

    def _must_wait(self) -> bool:
        if self.held and not self._course.ended.is_set():
            return True
        return not all(delivery.over or delivery.in_vain for delivery in self.before)

    def _hold_back(self, error: DeliveryUnavailable, tries: int) -> None:
        """Wait until it is time for another try; the run's end is such a time, unless the server asked for patience."""
        self.trouble = str(error)
        self.position = dataclasses.replace(self.position, failures=self.position.failures + 1)
        ended = self._course.ended.is_set()
        LOGGER.warning("%s (the %s wait in the journal)", error, self.sink.name)
        self.in_vain = ended
        self._course.changed.set()
        until = time.monotonic() + backoff(tries, error.retry_after)
        while time.monotonic() < until:
            if self._course.stopped.wait(_POLL):
                return
            if self._course.ended.is_set() and not ended and error.retry_after is None:
                return

    def _lose(self, why: str, count: int, text: str) -> None:
        LOGGER.error("%s (%d of the %s are %s for good)", text, count, self.sink.name, why)
        count_loss(self._state_dir, self.sink.name, why, count)

    def _move(self, **changes: Any) -> None:
        self.position = dataclasses.replace(self.position, **changes)
        try:
            self._cursor.move(self.sink.name, self.position)
        except OSError as error:
            LOGGER.warning(
                "%s cannot be written (%s): what is delivered now may be delivered again.",
                self._cursor.path,
                error.strerror or error,
            )

    def _fail(self, text: str) -> None:
        LOGGER.error(text)
        self.broken = True
        self.trouble = text
        self._move(trouble=text)


def count_loss(state_dir: Path, what: str, why: str, count: int) -> None:
    """Add to a count of `journal.losses`; the log says where that cannot be done."""
    try:
        add_loss(state_dir, what, why, count)
    except OSError as error:
        LOGGER.error("The loss cannot be counted in %s (%s).", state_dir, error.strerror or error)


def _described(error: Exception) -> str:
    """Return an unexpected error in one line, with the place that it came from."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame is not None else "unknown"
    return f"{error.__class__.__name__}: {error} ({place})"
