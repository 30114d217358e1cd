"""The runs that commands look back on, in short: what they took, and those that they may be compared with.

They come from the history, and from the journals as far as these are not in it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..analysis.summing import summary_of
from ..analysis.trends import times_of
from ..analysis.usual import MOST, comparable
from ..errors import JournalError, RunNotFound, StoreUnavailable
from ..journal.directory import Recorded, named
from ..kinds import run_kind
from ..run.load import children_first
from ..run.summary import Summary, Times
from ..settings import Settings
from ..store.address import store_url
from .recorded import load_run, state_directory

if TYPE_CHECKING:
    from ..store.history import History

__all__ = ["Past", "opened_past"]

_MOST_BYTES = 30_000_000  # of journals that are read for comparison
_CANDIDATES = 2 * MOST  # runs of a kind among which those with a similar number of hosts are looked for


@contextlib.contextmanager
def opened_past(settings: Settings) -> Iterator[Past]:
    """Give the runs of the state directory and of the store. Where the store cannot be reached now, that is said."""
    root = state_directory(settings).root
    with contextlib.ExitStack() as opened:
        history = None
        if settings.store_url is not None or (root / "store.db").exists():
            from ..store.history import opened_history

            try:
                history = opened.enter_context(opened_history(store_url(settings, root)))
            except StoreUnavailable as error:
                print(f"deploytrace: warning: {error} Only journals are looked at.", file=sys.stderr)
        yield Past(settings, history)


class Past:
    """The runs that are recorded; ``history`` is None where there is none."""

    def __init__(self, settings: Settings, history: History | None) -> None:
        self.history = history
        self._settings = settings
        self._directory = state_directory(settings)

    def summary(self, name: str) -> Summary:
        """Return the run that a RUN argument names, in short. Raises `RunNotFound` and `JournalError`."""
        if self.history is None:
            return self._of_journal(self._directory.find(name).run_id)
        starts = {run.run_id: run.started.wall_ns for run in self._directory.runs()} | self.history.starts()
        newest_first = sorted(starts, key=lambda run_id: (starts[run_id], run_id), reverse=True)
        run_id = named(name, newest_first, str(self._directory.root))
        return self.history.summary(run_id) or self._of_journal(run_id)

    def like(self, summary: Summary, most: int = MOST) -> list[Summary]:
        """Return the runs that a run may be compared with, in order of start; what cannot be read is left out."""
        kin: dict[str, Summary] = {}
        if self.history is not None:
            found = self.history.kin(summary.context.kind, summary.start, max(most, _CANDIDATES))
            kin = {each.run_id: each for each in found}
        size = 0
        for recorded in self._directory.runs():
            if len(kin) >= most or size > _MOST_BYTES:
                break
            started = recorded.started
            kindred = started.wall_ns < summary.start and run_kind(started) == summary.context.kind
            if kindred and recorded.run_id not in kin:
                size += _size(recorded)
                with contextlib.suppress(JournalError, RunNotFound):
                    kin[recorded.run_id] = self._of_journal(recorded.run_id)
        return comparable(kin.values(), summary, most)

    def times(self, summary: Summary, last: int, by: str, measure: str, limit: int | None) -> Times:
        """Return what took longest in the last runs of a run's kind that went well, itself the newest of them."""
        if last > 1 and self.history is not None:
            found = self.history.longest(summary.context.kind, summary.start, last, by, measure, limit)
            if len(found.durations) > 1:
                return found
        before = self.like(summary, last - 1) if last > 1 else []
        return times_of([*before, summary], by, measure)

    def _of_journal(self, run_id: str) -> Summary:
        _, tree = load_run(self._settings, run_id)
        return summary_of(children_first(tree))


def _size(recorded: Recorded) -> int:
    try:
        return recorded.path.stat().st_size
    except OSError:
        return 0
