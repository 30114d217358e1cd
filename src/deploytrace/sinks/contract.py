"""What every destination promises, and what it may rely on.

A sink is fed by one *delivery* (`sidecar.delivery`) that reads the run's journal at the sink's own pace: a destination
that stands still holds up nobody else, and what it has not taken yet lies where it always lay, in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

from ..run.model import Node

__all__ = ["Item", "LiveSink", "Sink", "WorkingSink"]


class Item(Protocol):
    """One thing to deliver, such as a span; ``size`` is its length in bytes on the wire."""

    @property
    def size(self) -> int: ...


AnyItem = TypeVar("AnyItem", bound=Item)


class Sink(Protocol, Generic[AnyItem]):
    """One destination of one run.

    Guarantees to the sink: ``translate`` gets every node of the run once, in replay's order (children before their
    parent, the run last), also after an interruption, when the delivery starts again from the first node; one thread
    at a time calls it. Guarantees by the sink: ``translate`` is a pure function of the nodes so far, so that the n-th
    item is the same at every delivery, and items already delivered can be skipped by their number.
    """

    name: str  # what is delivered, also its key in the cursor: "traces"
    destination: str  # where to, for people; without credentials
    resumes: bool  # false: every delivery starts with the first item (a file that is written anew)
    max_items: int  # of one batch
    max_bytes: int  # of one batch
    schedule_delay: float  # seconds that a finished item may wait for company
    after: tuple[str, ...]  # names of the run's sinks that must be through, or stuck after its end, before this sends

    def translate(self, node: Node) -> Sequence[AnyItem]:
        """Return the items that a node gives rise to; often one, sometimes none."""
        ...

    def deliver(self, items: Sequence[AnyItem]) -> int:
        """Send one batch; return how many of it the destination took and rejected for good (partial success).

        Raises `errors.DeliveryUnavailable` (try again later) or `errors.DeliveryRefused` (never again). Blocks for at
        most the destination's configured timeout.
        """
        ...

    def close(self) -> None:
        """Release what is held; never raises, waits for nothing."""
        ...


@runtime_checkable
class LiveSink(Protocol):
    """What a sink has that wants to be told that its run goes on, also while nothing ends."""

    pulse: float  # seconds between two calls of ``beat``

    def beat(self) -> None:
        """Take note that the run is there and goes on; called from its start on, between two batches.

        Raises `errors.DeliveryUnavailable`; that is said, and the next beat comes all the same.
        """
        ...


@runtime_checkable
class WorkingSink(Protocol):
    """What a sink has whose ``deliver`` is long work on this machine, not a wait for somebody who may never answer."""

    working: bool  # it is at it: patience does not run out meanwhile
