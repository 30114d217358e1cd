"""What a sidecar does for the store when its run is delivered: takes our own health into the metrics, and prunes.

Nothing here is anybody's data: where the store cannot be reached, the next sidecar does it.
"""

from __future__ import annotations

import contextlib
import platform
import time

from ..errors import DeploytraceError
from ..journal.cursor import Cursor
from ..journal.directory import Directory
from ..journal.losses import read_losses
from ..settings import Settings
from ..store.address import may_hold_runs, store_url
from .log import LOGGER

__all__ = ["tend_store"]

_LOOK_BACK_SECONDS = 7 * 86_400  # a cursor that has not moved for longer has been counted


def tend_store(directory: Directory, settings: Settings) -> None:
    """Count and prune, where there is a store. What goes wrong is said in the log."""
    if not may_hold_runs(settings, directory.root):
        return
    from ..store.database import open_store
    from ..store.health import delivery_counts, loss_counts, take_counts
    from ..store.retention import prune_store

    counts = loss_counts(f"{platform.node()}:{directory.root}", read_losses(directory.root))
    for run_id, path in directory.journal_files():
        cursor = directory.cursor(run_id)
        with contextlib.suppress(OSError):
            if max(path.stat().st_mtime, cursor.stat().st_mtime) > time.time() - _LOOK_BACK_SECONDS:
                counts += delivery_counts(run_id, Cursor(cursor).positions)
    try:
        store = open_store(store_url(settings, directory.root))
    except DeploytraceError as error:
        LOGGER.warning("%s", error)
        return
    try:
        take_counts(store, counts, time.time_ns(), settings.metrics_series_limit)
        pruned = prune_store(store, settings, time.time_ns())
        if pruned.runs or pruned.emptied:
            LOGGER.info("The store lost %d old runs and the host results of %d.", pruned.runs, pruned.emptied)
    except DeploytraceError as error:
        LOGGER.warning("%s", error)
    finally:
        store.close()
