"""Commits a run again and again, in processes that are killed at random moments, until one gets to the end.

    python killed.py URL JOURNAL SEED KILLS

The children are forked once everything is imported, so that the kills fall among the commits.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time

import deploytrace.store.database
import deploytrace.store.recording  # noqa: F401 - what the sink imports late
from deploytrace.errors import DeliveryUnavailable
from store.recorded import run_of


def _commit(url: str, journal: str, seed: int) -> None:
    chance = random.Random(seed)
    run = run_of(journal)
    sink = run.sink(url)
    with contextlib.suppress(DeliveryUnavailable):  # locked for too long: the sidecar goes on too
        sink.beat()
    entries = run.entries(sink)
    while entries:
        size = chance.randint(1, 4)
        with contextlib.suppress(DeliveryUnavailable):  # likewise: it tries again
            sink.deliver(entries[:size])
            del entries[:size]
    sink.close()


def main(url: str, journal: str, seed: int, kills: int) -> None:
    """Kill so many, then let one end; say how many of the killed were at work."""
    chance = random.Random(seed)
    done = killed = 0
    whole = 0.5
    while True:
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            _commit(url, journal, chance.randrange(10**9) + done)
            os._exit(0)
        if done < kills:
            time.sleep(chance.uniform(0.0, whole))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        chance.random()  # the child drew one
        if not os.WIFSIGNALED(status):
            assert status == 0, status
            whole = min(whole, time.monotonic() - begun)
            if done >= kills:
                break
        else:
            killed += 1
        done += 1
    print(killed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
