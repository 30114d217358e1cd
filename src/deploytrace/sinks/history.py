"""The history sink: a run's nodes in, rows and metrics in the store out.

The store itself knows how far it has a run, in the transaction that writes it, so a delivery always starts with the
first entry and what is there already is left out. Where the store cannot be reached, the run waits in its journal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.regression import find_regressions
from ..analysis.usual import MOST, comparable
from ..errors import DeliveryUnavailable, DeploytraceError, SettingError, StoreError
from ..events import RunStarted
from ..run.model import Node
from ..settings import Settings
from ..store.address import described, store_url_of
from ..store.entries import HEARTBEAT_SECONDS, Entry, Observation, RunEnd
from ..store.names import playbook_label
from .expectations import expect, usual_for
from .history_entries import Translator
from .progress import Progress
from .span_context import trace_context
from .trace_destinations import trace_exporters

if TYPE_CHECKING:  # what speaks to databases is loaded by the delivery's own thread, so that spans need not wait for it
    from ..store.database import Store
    from ..store.recording import Recording

__all__ = ["HistorySink", "open_history"]

_SCHEDULE_DELAY_S = 1.0


def open_history(
    settings: Settings, started: RunStarted, state_dir: Path, environ: Mapping[str, str]
) -> list[HistorySink]:
    """Return the sink of a run's store. Raises `SettingError` where that is one that only the run knew."""
    url = store_url_of(started, settings, state_dir)
    traced = "otlp" in trace_exporters(settings, environ, started.endpoint) and trace_context(started, environ).sampled
    return [HistorySink(url, started, settings, traced=traced, state_dir=state_dir)]


class HistorySink:
    """One run on its way into the store; see `contract.Sink` and `contract.LiveSink`.

    ``url`` is the store's address; ``traced`` says whether exemplars have a trace to lead to. ``clock`` returns Unix
    time in ns.
    """

    name = "history"
    resumes = False
    max_items = 4000
    max_bytes = 8_000_000
    schedule_delay = _SCHEDULE_DELAY_S
    pulse = HEARTBEAT_SECONDS
    after: tuple[str, ...] = ()

    def __init__(
        self,
        url: str,
        started: RunStarted,
        settings: Settings,
        *,
        traced: bool,
        state_dir: Path | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.destination = described(url)
        self._url = url
        self._started = started
        self._settings = settings
        self._traced = traced
        self._state_dir = state_dir
        self._usual = None if state_dir is None else usual_for(started, state_dir)
        self._clock = clock
        self._translator = Translator(started, settings.metrics_level)
        self._progress = Progress(started, state_dir)
        self._open: tuple[Store, Recording] | None = None

    def translate(self, node: Node) -> Sequence[Entry]:
        """Return a node's entries, where it makes any."""
        self._progress.take(node)
        return self._translator.entries(node)

    def beat(self) -> None:
        """Put down that the run goes on; see `contract.LiveSink.beat`."""
        store, recording = self._opened()
        try:
            recording.beat(store, self._clock(), self._progress.ends)
        except StoreError as error:
            raise DeliveryUnavailable(str(error)) from None

    def deliver(self, items: Sequence[Entry]) -> int:
        """Commit one batch; see `contract.Sink.deliver`. A store that cannot be used as it is may be put right."""
        store, recording = self._opened()
        if items and isinstance(items[-1].row, RunEnd):
            items = [*items[:-1], self._judged(items[-1])]
        try:
            recording.commit(store, items, self._clock())
        except StoreError as error:
            raise DeliveryUnavailable(str(error)) from None
        if self._state_dir is not None and items and isinstance(items[-1].row, RunEnd):
            self._expect(store, self._state_dir)
        return 0

    def _judged(self, entry: Entry) -> Entry:
        """Return the run's last entry with what it counts for against what is usual, where that is known."""
        summary = self._translator.summing.summary()
        found = None if summary is None or self._started.check_mode else find_regressions(summary, self._usual)
        if summary is None or found is None:
            return entry
        labels, end = (playbook_label(self._started),), summary.start + summary.duration_ns
        excess = found.whole.excess_ns if found.whole is not None else 0
        judged = (
            Observation("ansible_playbook_last_slower_tasks", labels, len(found.tasks), end),
            Observation("ansible_playbook_last_excess_seconds", labels, excess, end),
        )
        return entry._replace(observations=(*entry.observations, *judged))

    def _expect(self, store: Store, state_dir: Path) -> None:
        """Leave what is expected of the next run like this one. Nothing is lost where that cannot be done."""
        from ..store.history import History

        summary = self._translator.summing.summary()
        if summary is None:
            return
        with contextlib.suppress(OSError, DeploytraceError), store.reading() as connection:
            # Of one that comes now, not of the one that came after this run: it may have been left behind long ago.
            later = dataclasses.replace(summary, run_id="", start=max(summary.start + 1, self._clock()))
            kin = History(connection).kin(summary.context.kind, later.start, 2 * MOST)
            expect(state_dir, summary.context.kind, comparable(kin, later))

    def _opened(self) -> tuple[Store, Recording]:
        if self._open is None:
            from ..store.database import open_store
            from ..store.recording import Recording

            settings = self._settings
            recording = Recording(self._started, settings.metrics_level, settings.metrics_series_limit, self._traced)
            try:
                self._open = open_store(self._url), recording
            except (SettingError, StoreError) as error:
                raise DeliveryUnavailable(str(error)) from None
        return self._open

    def close(self) -> None:
        """Let go of the store."""
        if self._open is not None:
            self._open[0].close()
            self._open = None
