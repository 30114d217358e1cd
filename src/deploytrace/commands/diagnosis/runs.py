"""Whether recorded runs wait for their delivery, and why; what was lost; what lies about that is no run of ours."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ...errors import JournalError
from ...journal.cursor import Cursor
from ...journal.directory import Directory, Recorded, State
from ...journal.losses import read_losses
from ...journal.reader import first_event, open_journal
from .finding import Finding, ok, problem

__all__ = ["check_runs"]


def check_runs(directory: Directory) -> Iterator[Finding]:
    """Yield how many runs are recorded, what of them is not delivered and why, and what was dropped."""
    runs = directory.runs()
    going_on = 0
    waiting: Counter[str] = Counter()
    for run in runs:
        state = directory.state(run)
        going_on += state is State.RUNNING
        if state in (State.WAITING, State.ABANDONED):
            waiting[_why(directory, run, state)] += 1
    for reason, count in waiting.most_common():
        yield problem(
            "runs",
            f"{count} of {len(runs)} recorded runs {'waits' if count == 1 else 'wait'} to be delivered: {reason}.",
            "Put right what is named, then run: deploytrace flush (the next run delivers them too).",
        )
    if not waiting:
        running = f", {going_on} of them going on" if going_on else ""
        yield ok("runs", f"{len(runs)} runs are recorded{running}; none waits to be delivered.")
    yield from _check_losses(directory.root)
    yield from _check_unreadable(directory, {run.path for run in runs})


def _why(directory: Directory, run: Recorded, state: State) -> str:
    positions = Cursor(directory.cursor(run.run_id)).positions.values()
    troubles = [position.trouble for position in positions if position.trouble and not position.complete]
    if troubles:
        return troubles[0].rstrip(".")
    return "Ansible was ended before its end was recorded" if state is State.ABANDONED else "no delivery was tried yet"


def _check_losses(root: Path) -> Iterator[Finding]:
    lost = [
        f"{count} {what} ({reason})" for what, reasons in sorted(read_losses(root).items())
        for reason, count in sorted(reasons.items()) if count
    ]  # fmt: skip
    if lost:
        yield problem(
            "losses",
            f"Lost for good since the counts in {root / 'dropped.json'} began: {', '.join(lost)}.",
            "See sidecar.log beside it for the causes; remove dropped.json to count anew.",
        )


def _check_unreadable(directory: Directory, read: set[Path]) -> Iterator[Finding]:
    """Yield what is named like a journal and cannot be read as one; one that just begins, or that was delivered, is
    not among them."""
    for run_id, path in directory.journal_files():
        if path in read or Cursor(directory.cursor(run_id)).complete:
            continue
        try:
            descriptor = open_journal(path)
            try:
                first_event(descriptor, str(path))
            finally:
                os.close(descriptor)
        except JournalError as error:
            yield problem("runs", str(error).partition(";")[0].rstrip(".") + ".", f"Move {path} elsewhere.")
        except OSError as error:
            yield problem("runs", f"{path} cannot be read: {error.strerror}.", f"chown or move {path}.")
