"""What the exporter shows: the store as it is at each scrape, read in one transaction, and nothing kept in between."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

from ..errors import DeploytraceError
from ..journal.directory import Directory
from ..settings import Settings
from ..store.address import store_url
from ..store.catalogue import METRICS
from ..store.database import open_store
from ..store.publication import now
from ..store.snapshot import Family, Point, Snapshot
from ..store.view import View, read_snapshot

__all__ = ["Source"]


class Source:
    """A store that may go and come back: it is opened anew for each scrape.

    ``say`` is told when it cannot be read any more, once for each cause, and when it can again. May be used by many
    threads; one at a time reads, so that many scrapes together take no more memory than one.
    """

    def __init__(self, settings: Settings, directory: Directory, say: Callable[[str], None]) -> None:
        self._url = store_url(settings, directory.root)
        self._view = View.of(settings, directory)
        self._say = say
        self._turn = threading.Lock()
        self._trouble = ""

    def snapshot(self) -> Snapshot:
        """Read the metrics. Raises `DeploytraceError`."""
        with self._turn:
            failed_before = bool(self._trouble)
            begin = time.monotonic()
            try:
                store = open_store(self._url)
                try:
                    snapshot = read_snapshot(store, self._view, now(store))
                finally:
                    store.close()
            except DeploytraceError as error:
                if str(error) != self._trouble:
                    self._say(str(error))
                self._trouble = str(error)
                raise
            if failed_before:
                self._say("The store can be read again.")
            self._trouble = ""
            return _with_scrape(snapshot, time.monotonic() - begin, failed_before)

    def check(self) -> str:
        """Return why the store cannot be read; empty where it can."""
        try:
            self.snapshot()
        except DeploytraceError as error:
            return str(error)
        return ""


def _with_scrape(snapshot: Snapshot, duration: float, failed_before: bool) -> Snapshot:
    """Add the figures about reading: how long it took (s), and whether the scrape before failed."""
    told = {"ansible_telemetry_scrape_duration_seconds": duration, "ansible_telemetry_scrape_error": failed_before}
    families = [Family(METRICS[name], (Point((), float(value), snapshot.time),)) for name, value in told.items()]
    return dataclasses.replace(snapshot, families=(*snapshot.families, *families))
