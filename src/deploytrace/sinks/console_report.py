"""The report for the console: told to Ansible's process, which shows it at the run's end, if it still listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..analysis.regression import find_regressions
from ..analysis.summing import Summing
from ..analysis.usual import Usual
from ..reports.slower import lines
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

    def __init__(
        self, settings: Settings, limit: int, width: int, tell: Callable[[str], None], usual: Usual | None = None
    ) -> None:
        """``usual`` is what runs like this one take, where that is known."""
        self._settings = settings
        self._limit = limit
        self._width = width
        self._tell = tell
        self._usual = usual
        self._summing = Summing()

    def translate(self, node: Node) -> Sequence[_Report]:
        """Return the report, once the run is over."""
        self._summing.add(node)
        if node.kind is not Kind.RUN:
            return ()
        text = render(self._summing.ranking, self._settings, self._limit, self._width)
        summary = self._summing.summary()
        slower = list(lines(find_regressions(summary, self._usual) if summary is not None else None, self._limit))
        return (_Report("\n".join([text, *(["", "slower than usual", *slower] if slower else [])])),)

    def deliver(self, items: Sequence[_Report]) -> int:
        """Tell it."""
        for report in items:
            self._tell(report.text)
        return 0

    def close(self) -> None:
        """Nothing is held."""
