"""What a recording remembers is bounded, and never forgets what a host is still at."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploytrace.capture.introductions import Introductions
from deploytrace.capture.recording import Recording
from deploytrace.journal.writer import Writer
from journal.conftest import RUN_ID, run_started


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(Writer(tmp_path, RUN_ID), run_started())


def test_a_task_that_a_host_is_at_is_not_forgotten(recording: Recording) -> None:
    """As under free, where one host is at its first task while the others go through thousands of includes."""
    recording.begin_play(["slow", "quick"])
    number = recording.number_task("uuid of the first")
    fork = multiprocessing.get_context("fork")
    over = fork.Event()
    worker: Any = fork.Process(target=over.wait)
    worker._task = SimpleNamespace(_uuid="uuid of the first")  # as Ansible's workers have it
    worker.start()
    for included in range(20_000):
        recording.number_task(f"included {included}")
    over.set()
    worker.join()
    assert recording.task_numbers["uuid of the first"] == number
    assert len(recording.task_numbers) <= 8192
    assert "included 0" not in recording.task_numbers


def test_only_the_first_worker_introduces_its_host() -> None:
    """All processes that were forked since see who has been introduced; a host that nobody expected always is."""
    introductions = Introductions()
    introductions.expect(["h1", "h2"])
    fork = multiprocessing.get_context("fork")
    worker = fork.Process(target=introductions.first, args=("h2",))
    worker.start()
    worker.join()
    introductions.expect(["h2", "h3"])
    first = [introductions.first(host) for host in ("h1", "h1", "h2", "h3", "h3", "added", "added")]
    assert first == [True, False, False, True, False, True, True]
    introductions.close()
