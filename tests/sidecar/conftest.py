"""A state directory whose runs go to a receiver of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ground.receiver import Receiver

from .place import Place, state_directory


@pytest.fixture
def place(tmp_path: Path, receiver: Receiver) -> Iterator[Place]:
    """An empty state directory; traces go to ``receiver``."""
    with state_directory(
        tmp_path / "state",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.http,
        OTEL_EXPORTER_OTLP_TIMEOUT="2",
    ) as there:
        yield there
