"""The history as those see it who look back on runs: by id, by kind, by what took longest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection, select

from ..run.model import Tree
from ..run.summary import Summary, Times
from .database import Store, open_store
from .runs import RunRecord, read_runs
from .schema import runs
from .summaries import kin, read_summaries
from .trees import read_tree
from .trends import longest

__all__ = ["History", "opened_history"]

_EVERY = 1_000_000


class History:
    """The runs of a store, at one instant."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def starts(self) -> dict[str, int]:
        """Return when each run began (Unix ns), by its id."""
        return {
            row.run_id: row.started_ns for row in self._connection.execute(select(runs.c.run_id, runs.c.started_ns))
        }

    def runs(self, limit: int | None) -> list[RunRecord]:
        """Return the newest runs, at most ``limit`` of them."""
        return read_runs(self._connection, limit=_EVERY if limit is None else limit)

    def summary(self, run_id: str) -> Summary | None:
        """Return a run in short, None where it is not there, or not as a whole."""
        keys = list(
            self._connection.scalars(select(runs.c.key).where(runs.c.run_id == run_id, runs.c.outcome.is_not(None)))
        )
        return next((each for each in read_summaries(self._connection, keys) if each.tasks), None)

    def tree(self, run_id: str) -> Tree | None:
        """Return a whole run, None where it is not there. Raises `NotKept` where not enough is kept of it."""
        return read_tree(self._connection, run_id)

    def kin(self, kind: str, before_ns: int, limit: int) -> list[Summary]:
        """Return the latest runs of a kind that went well and began before a Unix time, in order of start."""
        return read_summaries(self._connection, kin(self._connection, kind, before_ns, limit))

    def longest(self, kind: str, until_ns: int, last: int, by: str, measure: str, limit: int | None) -> Times:
        """Return what took longest in the latest runs of a kind until then; see `trends.longest`."""
        keys = kin(self._connection, kind, until_ns + 1, last)
        return longest(self._connection, keys, by, measure, limit)


@contextlib.contextmanager
def opened_history(url: str) -> Iterator[History]:
    """Give the history of the store at an address. Raises `SettingError`, `StoreUnavailable`, `StoreError`."""
    store: Store = open_store(url)
    try:
        with store.reading() as connection:
            yield History(connection)
    finally:
        store.close()
