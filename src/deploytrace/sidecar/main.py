"""The second process: feeds one run's journal to its sinks, then what earlier sidecars left behind, then tidies up.

It is started at the run's start, in a session of its own, and outlives Ansible if need be. What it says on its standard
output once the run has ended, Ansible's process waits for a moment, and no longer (`capture.launch.Sidecar`).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ..errors import DeploytraceError
from ..events import RunStarted
from ..features import features
from ..journal.cursor import Cursor
from ..journal.directory import Directory
from ..sinks.console_report import ConsoleReport
from ..sinks.contract import Sink
from ..sinks.expectations import usual_for
from ..sinks.registry import open_sinks
from .ansible_process import AnsibleProcess
from .attendance import Attendance
from .controller import controller_ip
from .delivery import Course
from .fanout import Fanout
from .held_journal import HeldJournal, hold
from .log import LOGGER, start_log
from .orders import Orders, read_orders
from .pruning import prune
from .recovery import Fate, OpenSinks, Recovery, recovery_turn
from .settling import settle
from .store_upkeep import tend_store

__all__ = ["main"]

_RECOVERY_SECONDS = 120.0
_LOCK_WAIT = 3.0
_START_WAIT = 10.0
_GARBAGE_AFTER = 10_000  # objects; there is hardly any, and looking for it as often as Python does takes a twentieth
_LEAST_PATIENCE = 1.0  # seconds for the last batch, also where delivery_wait is 0


def main(open_sinks: OpenSinks = open_sinks) -> None:
    """Be the sidecar that standard input orders; ends the process. ``open_sinks`` opens a run's sinks."""
    dismissed = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: dismissed.set())
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    os.umask(0o077)
    gc.set_threshold(_GARBAGE_AFTER)
    try:
        orders = read_orders(sys.stdin.buffer.read())
        directory = Directory(orders.state_dir)
        start_log(directory.log, orders.journal.stem)
        _work(orders, directory, dismissed, open_sinks)
    except (DeploytraceError, OSError, ValueError) as error:
        LOGGER.error("%s", error)
    except Exception:  # noqa: BLE001 - there is nobody else to tell
        LOGGER.exception("The sidecar ends by a fault of its own.")
    os._exit(0)  # at once: a thread that waits for a dead destination keeps nobody


def _work(orders: Orders, directory: Directory, dismissed: threading.Event, open_sinks: OpenSinks) -> None:
    journal = hold(orders.journal, wait=_LOCK_WAIT)
    if journal is None:
        LOGGER.info("Another process feeds from this journal; nothing to do.")
        return
    try:
        complete = _attend_own(orders, directory, journal, dismissed, open_sinks)
    finally:
        journal.close()
    if dismissed.is_set():
        return
    if complete:
        _attend_leftovers(orders, directory, dismissed, open_sinks)
    prune(directory, orders.settings)
    tend_store(directory, orders.settings)
    settle(directory, orders.settings, os.environ, dismissed, LOGGER.warning)


def _attend_own(
    orders: Orders, directory: Directory, journal: HeldJournal, dismissed: threading.Event, open_sinks: OpenSinks
) -> bool:
    """Return whether all of the run has been delivered."""
    started = _await_start(journal, dismissed)
    if started is None:
        LOGGER.info("The journal tells no run's start; nothing to do.")
        return False
    with contextlib.suppress(OSError):
        journal.tell_controller(started, controller_ip())
    cursor = Cursor(directory.cursor(started.run_id))
    sinks = [*_report(orders, started), *open_sinks(orders.settings, started, directory.root, os.environ)]
    attendance = Attendance(
        journal,
        started,
        Fanout(journal, sinks, cursor, Course(), directory.root),
        AnsibleProcess(started, orders.pidfd),
        patience=max(orders.settings.delivery_wait, _LEAST_PATIENCE),
        vain_patience=orders.settings.delivery_wait,
        live=orders.settings.live,
        dismissed=dismissed,
        say=_delivered(),
    )
    complete = attendance.attend()
    if complete:
        with contextlib.suppress(OSError):  # it is delivered once more then, with the same ids
            cursor.finish()
    return complete


def _await_start(journal: HeldJournal, dismissed: threading.Event) -> RunStarted | None:
    until = time.monotonic() + _START_WAIT
    while (started := journal.started()) is None and time.monotonic() < until and not dismissed.wait(0.05):
        pass
    return started


def _report(orders: Orders, started: RunStarted) -> list[Sink[Any]]:
    """Return the sink that tells Ansible's process the report of its run, where one is wanted."""
    top = features(orders.settings, started.callbacks).top_console
    if not top:
        return []
    usual = usual_for(started, orders.state_dir)
    return [ConsoleReport(orders.settings, top, orders.columns, lambda text: _say(report=text), usual)]


def _delivered() -> Callable[[bool], None]:
    """Return what says whether all is delivered, once."""
    said: list[bool] = []

    def say(complete: bool) -> None:
        if not said:
            said.append(complete)
            _say(delivered=complete)

    return say


def _say(**what: object) -> None:
    """Say something on standard output. Nobody need listen any more."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(what).encode() + b"\n")


def _attend_leftovers(orders: Orders, directory: Directory, dismissed: threading.Event, open_sinks: OpenSinks) -> None:
    with recovery_turn(directory) as mine:
        if not mine:
            return
        recovery = Recovery(
            directory,
            orders.settings,
            os.environ,
            open_sinks,
            until=time.monotonic() + _RECOVERY_SECONDS,
            dismissed=dismissed,
        )
        for leftover in recovery.recover():
            if leftover.fate is not Fate.RUNNING:
                LOGGER.info("Left behind: run %s: %s: %s", leftover.run_id, leftover.fate.value, leftover.text)
