"""The page of a run as a file: what ``deploytrace html`` writes, left in the state directory at the run's end.

Where it is wanted the whole run is read once more, from the journal, when everything that anybody waits for is through.
It is written under a temporary name and renamed, so that under its own name it is always whole.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.regression import find_regressions
from ..analysis.summing import summary_of
from ..analysis.usual import Usual
from ..errors import DeliveryRefused, DeliveryUnavailable
from ..journal.directory import Directory
from ..journal.reader import read_events
from ..reports.page.document import render
from ..run.load import children_first, load
from ..run.model import Kind, Node
from ..settings import Settings
from .archive import wanted
from .growing_file import create

__all__ = ["PageSink"]


@dataclass(frozen=True, slots=True)
class _Order:
    """To write the page."""

    size: int = 0


class PageSink:
    """A run's page; see `contract.Sink`. ``usual`` is what runs like it take, where that is known."""

    name = "page"
    resumes = False
    max_items = 1
    max_bytes = 1
    schedule_delay = 0.0
    after: tuple[str, ...] = ("report", "log", "trace_file", "history")

    def __init__(self, settings: Settings, run_id: str, directory: Directory, usual: Usual | None) -> None:
        self.destination = str(directory.page(run_id))
        self._settings = settings
        self._path = directory.page(run_id)
        self._journal = directory.journal(run_id)
        self._usual = usual
        self.working = False  # see `contract.WorkingSink`

    def translate(self, node: Node) -> Sequence[_Order]:
        """Return the order to write the page, at the end of a run that is to have one."""
        return (_Order(),) if node.kind is Kind.RUN and wanted(self._settings.page, node.outcome) else ()

    def deliver(self, items: Sequence[_Order]) -> int:
        """Write the page; see `contract.Sink.deliver`."""
        self.working = True
        gc.disable()  # nothing of it is garbage before it is done; looking for some takes a quarter more
        try:
            page = self._rendered()
        finally:
            gc.enable()
            self.working = False
        draft = self._path.with_name(f"{self._path.name}.new")
        try:
            with open(create(draft), "w", encoding="utf-8") as file:
                file.write(page)
            draft.replace(self._path)
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise DeliveryUnavailable(f"The page {self._path} cannot be written ({error.strerror or error}).") from None
        return 0

    def close(self) -> None:
        """Nothing is held."""

    def _rendered(self) -> str:
        try:
            tree = load(read_events(self._journal))
        except FileNotFoundError:
            tree = None
        if tree is None:
            raise DeliveryRefused(f"{self._journal} is gone: there will be no page of this run.")
        return render(tree, self._settings, find_regressions(summary_of(children_first(tree)), self._usual))
