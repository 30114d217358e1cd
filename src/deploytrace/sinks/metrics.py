"""The metrics on their way to those who do not scrape: the whole snapshot, each time, whatever the way is.

What is behind a push is the store, not the run's journal: a snapshot holds all that those before it held. So a push
that fails loses nothing, and the next one, be it another run's, makes up for it.

A run's sink publishes while the run goes on, so that new series have been seen at 0 before they count, and once the
history has all of it. What the birth hold still holds back then is published by `sidecar.settling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import DeliveryRefused, DeliveryUnavailable, SettingError, StoreError
from ..journal.directory import Directory
from ..run.model import Kind, Node
from ..settings import Settings
from ..store.address import store_url

if TYPE_CHECKING:
    from ..store.snapshot import Snapshot

__all__ = ["MetricsSink", "Publisher", "Way"]

_LONGEST_PULSE = 15.0  # s
_SHORTEST_PULSE = 0.5  # s


class Way(Protocol):
    """One way to give a snapshot away."""

    name: str  # "metrics_textfile"
    destination: str  # for people; without credentials

    def write(self, snapshot: Snapshot) -> int:
        """Give it away, in one try; return how much of it was rejected for good.

        Raises `errors.DeliveryUnavailable` or `errors.DeliveryRefused`.
        """
        ...

    def close(self) -> None:
        """Release what is held; never raises, waits for nothing."""
        ...


@dataclass
class Publisher:
    """The store of a state directory and its settings, and a way that its metrics go."""

    settings: Settings
    state_dir: Path
    way: Way

    def publish(self) -> Snapshot:
        """Read a snapshot and give it away, in turn with all others that do so; return it.

        Raises `errors.DeliveryUnavailable` (also for a store that cannot be read) or `errors.DeliveryRefused`.
        """
        return self._publish()[0]

    def publish_counted(self) -> int:
        """Do the same; return how much was rejected for good."""
        return self._publish()[1]

    def _publish(self) -> tuple[Snapshot, int]:
        from ..store.database import open_store  # what speaks to databases is loaded where it is needed
        from ..store.publication import now, turn
        from ..store.view import View, read_snapshot

        view = View.of(self.settings, Directory(self.state_dir))
        try:
            store = open_store(store_url(self.settings, self.state_dir))
        except (SettingError, StoreError) as error:
            raise DeliveryUnavailable(str(error)) from None
        try:
            with turn(store, self.way.name):
                snapshot = read_snapshot(store, view, now(store))
                return snapshot, self.way.write(snapshot)
        except StoreError as error:
            raise DeliveryUnavailable(str(error)) from None
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class _SnapshotDue:
    """The run is in the history: its figures are to go out."""

    size: int = 0


class MetricsSink:
    """One run's figures on one way; see `contract.Sink` and `contract.LiveSink`."""

    resumes = True
    max_items = 1
    max_bytes = 1 << 30
    schedule_delay = 0.0
    after: tuple[str, ...] = ("history",)

    def __init__(self, publisher: Publisher) -> None:
        self.name = publisher.way.name
        self.destination = publisher.way.destination
        # New series must have been seen at 0 for most of the hold.
        self.pulse = max(_SHORTEST_PULSE, min(_LONGEST_PULSE, publisher.settings.metrics_birth_hold / 4))
        self._publisher = publisher

    def translate(self, node: Node) -> Sequence[_SnapshotDue]:
        """Return the one thing to do, when the run is over."""
        return (_SnapshotDue(),) if node.kind is Kind.RUN else ()

    def beat(self) -> None:
        """Publish how things stand; see `contract.LiveSink.beat`."""
        try:
            self._publisher.publish()
        except DeliveryRefused as error:
            raise DeliveryUnavailable(str(error)) from None

    def deliver(self, items: Sequence[_SnapshotDue]) -> int:
        """Publish; see `contract.Sink.deliver`."""
        return self._publisher.publish_counted()

    def close(self) -> None:
        """Let go of the destination."""
        self._publisher.way.close()
