"""Deliver what was left behind.

Runs whose destination was dead, or whose sidecar was killed, wait in the state directory. The next run's sidecar
delivers them by itself; this command does so now, to the endpoint that is set now, else to the one of the run, and
says of each run what became of it. Metrics that go to a textfile, a Pushgateway or over OTLP are published anew, from
the store that is set now, else from that of the last run, else, where no run is recorded, from the one in the state
directory, if it is there.

Exit status: 0 when nothing waits any more, 5 when something still waits, 3 when a file cannot be read.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections import Counter
from threading import Event

from ..errors import DeliveryUnavailable, JournalError, SettingError
from ..journal.directory import Directory
from ..settings import Settings
from ..sidecar.recovery import Fate, Leftover, Recovery, lock_trouble
from ..sidecar.settling import settle
from ..sidecar.store_upkeep import tend_store
from ..sinks.metric_destinations import metric_ways
from ..store.address import store_url_of
from .recorded import state_directory

__all__ = ["add_arguments", "run"]

_GRACE = 5.0  # seconds that a sidecar at work gets beyond its own delivery_wait


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the settings say all."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Deliver what waits; return the exit status."""
    from ..sinks.registry import open_sinks

    directory = state_directory(settings)
    recovery = Recovery(directory, settings, os.environ, open_sinks, wait=settings.delivery_wait + _GRACE)
    fates: Counter[Fate] = Counter()
    for leftover in recovery.recover():
        fates[leftover.fate] += 1
        print(_line(leftover), flush=True)
    if not fates:
        print(f"Nothing waits in {directory.root}.")
    if (trouble := lock_trouble(directory)) is not None:
        print(trouble)
    published = _publish(directory, settings)
    if fates[Fate.WAITING] or not published:
        return DeliveryUnavailable.exit_code
    return JournalError.exit_code if fates[Fate.UNREADABLE] else 0


def _publish(directory: Directory, settings: Settings) -> bool:
    """Publish the metrics of the last run's store; return whether they got through."""
    last = next(iter(directory.runs()), None)
    if last is not None:
        its_own = settings.for_run(last.started.context_vars).completed_by(last.started.settings)
        settings = dataclasses.replace(settings, store_url=its_own.store_url)
        try:
            store_url_of(last.started, settings, directory.root)
        except SettingError as error:
            ways = metric_ways(settings, os.environ)
            if ways:
                print(f"The metrics are not published: {error}")
            return not ways
    tend_store(directory, settings)
    return settle(directory, settings, os.environ, Event(), print, _tell_wait)


def _tell_wait(seconds: float) -> None:
    print(f"New metrics are shown as 0 first; their values are published in {seconds:.0f} s.", flush=True)


def _line(leftover: Leftover) -> str:
    what = leftover.run_id[:8]
    if leftover.started is not None:
        begun = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(leftover.started.wall_ns / 1e9))
        what = f"{what} {begun} {leftover.started.playbook}"
    text = f"{what}: {leftover.fate.value}: {leftover.text}"
    return "".join(each if each.isprintable() else "?" for each in text)
