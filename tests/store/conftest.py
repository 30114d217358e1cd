"""A store, on each of the databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploytrace.store.database import Store, open_store


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store."""
    opened = open_store(url)
    yield opened
    opened.close()
