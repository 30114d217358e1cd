"""The report for the console: told to Ansible's process, which shows it at the run's end, if it still listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..analysis.ranking import Ranking
from ..reports.top import render
from ..run.model import Kind, Node
from ..settings import Settings

__all__ = ["ConsoleReport"]


@dataclass(frozen=True, slots=True)
class _Report:
    """The report's text."""

    text: str

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self.text)


class ConsoleReport:
    """Whoever waits for the end of the run; see `contract.Sink`. ``tell`` never raises."""

    name = "report"
    destination = "the console"
    resumes = False
    max_items = 1
    max_bytes = 1 << 30
    schedule_delay = 0.0
    after: tuple[str, ...] = ()

    def __init__(self, settings: Settings, limit: int, width: int, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._limit = limit
        self._width = width
        self._tell = tell
        self._ranking = Ranking()

    def translate(self, node: Node) -> Sequence[_Report]:
        """Return the report, once the run is over."""
        self._ranking.add(node)
        if node.kind is not Kind.RUN:
            return ()
        return (_Report(render(self._ranking, self._settings, self._limit, self._width)),)

    def deliver(self, items: Sequence[_Report]) -> int:
        """Tell it."""
        for report in items:
            self._tell(report.text)
        return 0

    def close(self) -> None:
        """Nothing is held."""
