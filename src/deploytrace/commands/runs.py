"""List the recorded runs, newest first.

Each with how it ended, how long it took, and whether its trace has been delivered: `waiting` says why not; the next
run delivers it by itself, `deploytrace flush` does so now. Runs whose journals are gone are told from the history.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import TYPE_CHECKING

from .. import identity
from ..errors import JournalError
from ..events import RunEnded, RunLost
from ..journal.cursor import Cursor
from ..journal.directory import Directory, Recorded, State
from ..journal.ending import last_time, read_ending
from ..journal.reader import open_journal
from ..run.model import Outcome
from ..run.outline import outcome_of_ending
from ..settings import Settings
from .past import opened_past
from .recorded import state_directory
from .terminal import Terminal

if TYPE_CHECKING:
    from ..reports.runs import RunLine
    from ..store.runs import RunRecord

__all__ = ["add_arguments", "run"]

_DELIVERY = {
    State.RUNNING: "running",
    State.DELIVERED: "delivered",
    State.WAITING: "waiting",
    State.ABANDONED: "waiting",
}
_ENDLESS = "its end is not in the history; `deploytrace flush` on {} delivers it, where its journal is still there."
_ABANDONED = "left behind when Ansible broke off; the next run, or `deploytrace flush`, delivers it."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("-n", type=_count, metavar="N", help="only the newest N")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def _count(text: str) -> int:
    """Return a number of runs. Raises `argparse.ArgumentTypeError`."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs")
    return int(text)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the list."""
    from ..reports import runs as report

    directory = state_directory(settings)
    recorded = directory.runs()
    now = time.time_ns()
    lines = [_line(directory, each, now) for each in recorded[: arguments.n]]
    lines += _of_history(settings, {each.run_id for each in recorded}, arguments.n, now)
    lines = sorted(lines, key=lambda line: (line.start, line.run_id), reverse=True)[: arguments.n]
    if arguments.json:
        json.dump(report.as_json(lines), sys.stdout, indent=2)
        print()
        return 0
    if not lines:
        print(f"No run is recorded in {directory.root}.", file=sys.stderr)
        return 0
    terminal = Terminal.of_stdout()
    sys.stdout.write(report.render(lines, terminal.width, color=terminal.color, ascii_only=terminal.ascii_only))
    return 0


def _of_history(settings: Settings, known: set[str], limit: int | None, now: int) -> list[RunLine]:
    """Return the runs of the history whose journals are gone, or lie on another controller."""
    with opened_past(settings) as past:
        found = past.history.runs(limit) if past.history is not None else []
    return [_remembered(run, now) for run in found if run.run_id not in known]


def _remembered(run: RunRecord, now: int) -> RunLine:
    from ..reports.runs import RunLine
    from ..store.live import goes_on

    trouble = ""
    if run.outcome is not None:
        outcome, duration = Outcome(run.outcome), run.duration_ns or 0
    elif goes_on(run.heartbeat_ns, run.controller, run.boot_id, now / 1e9):
        outcome, duration = Outcome.RUNNING, now - run.started_ns
    else:
        outcome, duration = Outcome.INTERRUPTED, run.heartbeat_ns - run.started_ns
        trouble = _ENDLESS.format(run.controller)
    return RunLine(
        run_id=run.run_id,
        trace_id=run.trace_id,
        playbook=run.playbook,
        outcome=outcome,
        start=run.started_ns,
        duration_ns=max(0, duration),
        delivery="in the history",
        trouble=trouble,
    )


def _line(directory: Directory, run: Recorded, now: int) -> RunLine:
    """Return a run in short; ``now`` is Unix time in ns. Only the journal's beginning and end are read."""
    from ..reports.runs import RunLine

    started = run.started
    state = directory.state(run)
    ending, last = _ending(run)
    if ending is not None:
        outcome, duration = outcome_of_ending(ending), ending.t
    elif state is State.RUNNING:
        outcome, duration = Outcome.RUNNING, max(0, now - started.wall_ns)
    else:
        outcome, duration = Outcome.INTERRUPTED, last
    positions = Cursor(directory.cursor(run.run_id)).positions.values()
    trouble = next((position.trouble for position in positions if position.trouble and not position.complete), "")
    return RunLine(
        run_id=run.run_id,
        trace_id=identity.trace_id(run.run_id, started.traceparent, started.join_trace),
        playbook=started.playbook,
        outcome=outcome,
        start=started.wall_ns,
        duration_ns=duration,
        delivery=_DELIVERY[state],
        destination=next((position.destination for position in positions if position.destination), ""),
        trouble=trouble or (_ABANDONED if state is State.ABANDONED else ""),
    )


def _ending(run: Recorded) -> tuple[RunEnded | RunLost | None, int]:
    """Return a run's end record and, where it has none, the time of its last event (ns since its start)."""
    try:
        descriptor = open_journal(run.path)
    except (OSError, JournalError):  # gone since it was listed
        return None, 0
    try:
        ending = read_ending(descriptor)
        return ending, 0 if ending is not None else last_time(descriptor)
    finally:
        os.close(descriptor)
