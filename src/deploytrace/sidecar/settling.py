"""What is still to do for the metrics when a run's sidecar has done all else: publish once more, after the birth hold.

A series that was born in this run read 0 in what was published at its end. The sidecar stays until the last of them
shows its true value, and gives that away too: a minute by default, asleep, and nobody waits for it. Where it is killed
meanwhile, the next run's sidecar publishes, or `deploytrace flush`: a snapshot holds all that was before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event

from ..errors import DeliveryRefused, DeliveryUnavailable, DeploytraceError
from ..journal.directory import Directory
from ..settings import Settings
from ..sinks.metric_destinations import metric_ways
from ..sinks.metrics import Publisher
from ..store.address import may_hold_runs

__all__ = ["settle"]

_MOST_ROUNDS = 3  # other runs, too, give birth to series; their own sidecars see to those
_TRIES = 3
_AGAIN_SECONDS = 5.0
_MARGIN = 0.1


def settle(
    directory: Directory,
    settings: Settings,
    environ: Mapping[str, str],
    dismissed: Event,
    say: Callable[[str], None],
    waits: Callable[[float], None] = lambda _: None,
) -> bool:
    """Publish on every way that is on, now and once nothing is held back any more; return whether all got through.

    ``say`` is told what does not get through, and why; ``waits`` is told how many seconds there are to wait. Ends early
    where ``dismissed`` is set. Where no run has made the store there is nothing to publish.
    """
    if not may_hold_runs(settings, directory.root):
        return True
    publishers = []
    complete = True
    for opened in metric_ways(settings, environ).values():
        try:
            publishers.append(Publisher(settings, directory.root, opened()))
        except (DeploytraceError, ImportError) as error:
            say(str(error))
            complete = False
    try:
        for _ in range(_MOST_ROUNDS):
            got_through, until = _publish(publishers, dismissed, say)
            complete = complete and got_through
            wait = max(0.0, until - time.time() + _MARGIN)
            if not until or wait > settings.metrics_birth_hold + 1:
                break
            waits(wait)
            if dismissed.wait(wait):
                break
    finally:
        for publisher in publishers:
            publisher.way.close()
    return complete


def _publish(publishers: Sequence[Publisher], dismissed: Event, say: Callable[[str], None]) -> tuple[bool, float]:
    """Return whether all of it got through, and when (Unix time, s; else 0) there will be more to show."""
    complete, until = True, 0.0
    for publisher in publishers:
        for number in range(_TRIES):
            try:
                until = max(until, publisher.publish().settled_at or 0.0)
                break
            except DeliveryRefused as error:
                say(str(error))
                complete = False
                break
            except DeliveryUnavailable as error:
                if number == _TRIES - 1 or dismissed.wait(error.retry_after or _AGAIN_SECONDS):
                    say(str(error))
                    complete = False
                    break
    return complete, until
