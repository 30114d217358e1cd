"""The runs that commands look back on, in short: what they took, and those that they may be compared with."""

from __future__ import annotations

from ..analysis.summing import summary_of
from ..analysis.usual import MOST, comparable
from ..errors import JournalError
from ..journal.directory import Recorded
from ..kinds import run_kind
from ..run.load import children_first
from ..run.summary import Summary
from ..settings import Settings
from .recorded import load_run, state_directory

__all__ = ["Past"]

_MOST_BYTES = 30_000_000  # of journals that are read for comparison


class Past:
    """The recorded runs of a state directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._directory = state_directory(settings)

    def summary(self, name: str) -> Summary:
        """Return the run that a RUN argument names, in short. Raises `RunNotFound` and `JournalError`."""
        _, tree = load_run(self._settings, name)
        return summary_of(children_first(tree))

    def like(self, summary: Summary) -> list[Summary]:
        """Return the runs that a run may be compared with, in order of start; what cannot be read is left out."""
        kin: list[Summary] = []
        size = 0
        for recorded in self._directory.runs():
            if len(kin) >= MOST or size > _MOST_BYTES:
                break
            if recorded.started.wall_ns < summary.start and run_kind(recorded.started) == summary.context.kind:
                size += _size(recorded)
                kin += self._of_journal(recorded, summary)
        return kin[::-1]

    def _of_journal(self, recorded: Recorded, summary: Summary) -> list[Summary]:
        try:
            found = self.summary(recorded.run_id)
        except JournalError:
            return []
        return comparable([found], summary)


def _size(recorded: Recorded) -> int:
    try:
        return recorded.path.stat().st_size
    except OSError:
        return 0
