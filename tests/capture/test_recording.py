"""What a recording remembers is bounded, and never forgets what a host is still at."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploytrace.capture.recording import Recording
from deploytrace.journal.writer import Writer
from journal.conftest import RUN_ID, run_started


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(Writer(tmp_path, RUN_ID), run_started())


def test_a_task_that_a_host_is_at_is_not_forgotten(recording: Recording) -> None:
    """As under free, where one host is at its first task while the others go through thousands of includes."""
    recording.begin_play()
    first, slow = (
        "uuid of the first",
        recording.begin_execution("slow", recording.number_task("uuid of the first"), forked=True),
    )
    for number in range(20_000):
        recording.begin_execution("quick", recording.number_task(f"included {number}"), forked=True)
    assert recording.execution_of("slow", first) is slow
    assert recording.execution_of("quick", first) is None
    assert len(recording.task_numbers) <= 8192
    assert "included 0" not in recording.task_numbers


def test_only_the_first_worker_introduces_its_host(recording: Recording) -> None:
    """A host whose first result came without a worker is introduced by its first worker all the same."""
    recording.begin_play()
    task = recording.number_task("a task")
    recording.begin_execution("h1", task, forked=False)
    assert recording.introducing is None
    first = recording.begin_execution("h1", task, forked=True).execution
    assert recording.introducing == first
    recording.begin_play()
    assert recording.begin_execution("h1", recording.number_task("another"), forked=True).execution != first
    assert recording.introducing == first
