"""Recorded runs on their way into a store, and what is in a store, to compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from deploytrace.events import Event, RunStarted
from deploytrace.journal.reader import read_events
from deploytrace.run.model import Node
from deploytrace.run.replay import Replay
from deploytrace.settings import Settings
from deploytrace.sinks.history import HistorySink
from deploytrace.store import schema
from deploytrace.store.database import Store
from deploytrace.store.entries import Entry

__all__ = ["JOURNALS", "Run", "content", "read", "run_of", "totals"]

JOURNALS = sorted((Path(__file__).resolve().parents[1] / "journals").glob("*.jsonl"))
_HISTORY = (schema.runs, schema.plays, schema.roles, schema.tasks, schema.host_results, schema.failures)


def read(name: str) -> list[Event]:
    """The events of a recorded journal, such as ``serial-2.21``."""
    return list(read_events(next(path for path in JOURNALS if path.stem == name)))


class Run:
    """One run: its nodes, and a sink for it whenever one is wanted."""

    def __init__(self, events: Sequence[Event], **changes: Any) -> None:
        first = events[0]
        assert isinstance(first, RunStarted)
        self.started = first._replace(**changes)
        self.events = (self.started, *events[1:])
        self.nodes: list[Node] = []
        replay = Replay()
        for event in self.events:
            self.nodes += replay.feed(event)

    def sink(
        self, url: str, *, clock: Callable[[], int] | None = None, state_dir: Path | None = None, **settings: Any
    ) -> HistorySink:
        """A sink for this run."""
        chosen = Settings(**({"metrics_level": "host"} | settings))
        more: dict[str, Any] = {} if clock is None else {"clock": clock}
        return HistorySink(url, self.started, chosen, traced=True, state_dir=state_dir, **more)

    def entries(self, sink: HistorySink) -> list[Entry]:
        """All entries of the run."""
        return [entry for node in self.nodes for entry in sink.translate(node)]

    def commit(self, url: str, *, size: int = 10_000, **more: Any) -> None:
        """Commit the whole run in batches of ``size`` entries."""
        sink = self.sink(url, **more)
        sink.beat()
        entries = self.entries(sink)
        for start in range(0, len(entries), size):
            assert sink.deliver(entries[start : start + size]) == 0
        sink.close()


def run_of(name: str, **changes: Any) -> Run:
    """A recorded run; ``changes`` are of its first event."""
    return Run(read(name), **changes)


def content(store: Store) -> dict[str, Any]:
    """All that a store says: accumulators, and how many rows of history there are of each kind."""
    with store.reading() as connection:
        series = schema.series.c
        names = {row.key: (row.family, row.labels) for row in connection.execute(select(schema.series))}
        values = select(series.family, series.labels, series.count, series.total)
        found: dict[str, Any] = {
            "series": sorted(tuple(row) for row in connection.execute(values)),
            "buckets": sorted(
                (*names[row.series], row.bucket, row.count) for row in connection.execute(select(schema.buckets))
            ),
            "exemplars": sorted(
                (*names[row.series], row.bucket, row.span_id, row.value_ns)
                for row in connection.execute(select(schema.exemplars))
            ),
        }
        for table in _HISTORY:
            found[table.name] = connection.scalar(select(func.count()).select_from(table))
        return found


def totals(store: Store, family: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Count and total of a family's series by their labels."""
    with store.reading() as connection:
        rows = connection.execute(select(schema.series).where(schema.series.c.family == family))
        return {tuple(json.loads(row.labels)): (row.count, row.total) for row in rows}
