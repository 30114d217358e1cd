"""The history sink: a run's nodes in, rows and metrics in the store out.

The store itself knows how far it has a run, in the transaction that writes it, so a delivery always starts with the
first entry and what is there already is left out. Where the store cannot be reached, the run waits in its journal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DeliveryUnavailable, SettingError, StoreError
from ..events import RunStarted
from ..run.model import Node
from ..settings import Settings
from ..store.address import described, store_url_of
from ..store.entries import HEARTBEAT_SECONDS, Entry
from .history_entries import Translator
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
    return [HistorySink(url, started, settings, traced=traced)]


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
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.destination = described(url)
        self._url = url
        self._started = started
        self._settings = settings
        self._traced = traced
        self._clock = clock
        self._translator = Translator(started, settings.metrics_level)
        self._open: tuple[Store, Recording] | None = None

    def translate(self, node: Node) -> Sequence[Entry]:
        """Return a node's entries, where it makes any."""
        return self._translator.entries(node)

    def beat(self) -> None:
        """Put down that the run goes on; see `contract.LiveSink.beat`."""
        store, recording = self._opened()
        try:
            recording.beat(store, self._clock())
        except StoreError as error:
            raise DeliveryUnavailable(str(error)) from None

    def deliver(self, items: Sequence[Entry]) -> int:
        """Commit one batch; see `contract.Sink.deliver`. A store that cannot be used as it is may be put right."""
        store, recording = self._opened()
        try:
            recording.commit(store, items, self._clock())
        except StoreError as error:
            raise DeliveryUnavailable(str(error)) from None
        return 0

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
