"""Whether the store can be used: reached, writable, of a version that this deploytrace knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import DeploytraceError
from ...settings import Settings
from ...store.address import described, store_url
from .finding import Finding, ok, problem

__all__ = ["check_store"]


def check_store(settings: Settings, directory: Path) -> Iterator[Finding]:
    """Yield whether runs can be committed to the store; a file of the state directory that is not there is not made."""
    url = store_url(settings, directory)
    if settings.store_url is None and not os.access(directory / "store.db", os.F_OK):
        yield ok("store", f"The store {described(url)} is made by the first run.")
        return
    from ...store.database import open_store

    try:
        store = open_store(url)
        try:
            with store.writing():
                pass
        finally:
            store.close()
    except DeploytraceError as error:
        yield problem("store", str(error), "Until then runs wait in their journals; deploytrace flush commits them.")
        return
    yield ok("store", f"The store {store.name} can be used.")
