"""The runs that commands look back on, in short: what they took, and those that they may be compared with.

They come from the history, and from the journals as far as these are not in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..analysis.summing import summary_of
from ..analysis.trends import times_of
from ..analysis.usual import MOST, comparable
from ..errors import JournalError, RunNotFound
from ..journal.directory import Recorded
from ..kinds import run_kind
from ..run.load import children_first
from ..run.summary import Summary, Times
from ..settings import Settings
from .one_run import find, reached_history
from .recorded import load_journal, state_directory

if TYPE_CHECKING:
    from ..store.history import History

__all__ = ["Past", "opened_past"]

_MOST_BYTES = 30_000_000  # of journals that are read for comparison
_CANDIDATES = 2 * MOST  # runs of a kind among which those with a similar number of hosts are looked for


@contextlib.contextmanager
def opened_past(settings: Settings) -> Iterator[Past]:
    """Give the runs of the state directory and of the store. Where the store cannot be reached now, that is said."""
    with reached_history(settings) as history:
        yield Past(settings, history)


class Past:
    """The runs that are recorded; ``history`` is None where there is none."""

    def __init__(self, settings: Settings, history: History | None) -> None:
        self.history = history
        self._directory = state_directory(settings)

    def summary(self, name: str) -> Summary:
        """Return the run that a RUN argument names, in short. Raises `RunNotFound` and `JournalError`."""
        run_id = find(self._directory, self.history, name)
        kept = self.history.summary(run_id) if self.history is not None else None
        return kept or self._of_journal(run_id)

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
        _, tree = load_journal(self._directory, run_id)
        return summary_of(children_first(tree))


def _size(recorded: Recorded) -> int:
    try:
        return recorded.path.stat().st_size
    except OSError:
        return 0
