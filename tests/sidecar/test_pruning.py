"""The quota of the state directory: what goes, in which order, and what is said of it."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from deploytrace.events import RunEnded
from deploytrace.journal.cursor import Cursor
from deploytrace.journal.directory import Directory
from deploytrace.journal.format import encode, encode_header
from deploytrace.journal.losses import read_losses
from deploytrace.settings import Settings
from deploytrace.sidecar.held_journal import hold
from deploytrace.sidecar.pruning import prune

from .recorder import run_started

DAY = 86400


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """An empty state directory."""
    made = Directory(tmp_path / "state")
    made.create()
    made.traces.mkdir()
    return made


def _run(
    directory: Directory, number: int, *, days: float, delivered: bool, ended: bool = True, size: int = 400_000
) -> str:
    """Make a run of so many bytes that was last touched so many days ago."""
    run_id = f"{number:032x}"
    lines = encode_header(run_id) + encode(run_started(run_id)) + (encode(RunEnded(1, "finished")) if ended else b"")
    directory.journal(run_id).write_bytes(lines + b"\n" * 400_000)
    if delivered:
        Cursor(directory.cursor(run_id)).finish()
    when = time.time() - days * DAY
    for path in directory.journals.glob(f"{run_id}.*"):
        os.utime(path, (when, when))
    return run_id


def _there(directory: Directory) -> list[int]:
    return sorted(int(run_id, 16) for run_id, _ in directory.journal_files())


def test_what_is_too_old_goes_with_its_cursor_and_trace(directory: Directory) -> None:
    old = _run(directory, 1, days=31, delivered=True)
    directory.pages.mkdir()
    for path in (directory.trace(old), directory.page(old), directory.page(old).with_suffix(".html.new")):
        path.write_text("{}")
        os.utime(path, (1, 1))
    (directory.pages / "mine.html").write_text("")
    _run(directory, 2, days=29, delivered=True)
    prune(directory, Settings(keep_days=30))
    assert _there(directory) == [2]
    assert not directory.trace(old).exists()
    assert not directory.cursor(old).exists()
    assert [path.name for path in directory.pages.iterdir()] == ["mine.html"]
    assert read_losses(directory.root) == {}


def test_past_the_quota_the_oldest_delivered_go_first(directory: Directory, caplog: pytest.LogCaptureFixture) -> None:
    for number, (days, delivered) in enumerate([(9, False), (8, True), (7, False), (6, True), (1, True)], 1):
        _run(directory, number, days=days, delivered=delivered)
    prune(directory, Settings(keep_megabytes=2))
    assert _there(directory) == [1, 3, 4, 5]
    with caplog.at_level(logging.WARNING):
        prune(directory, Settings(keep_megabytes=1))
        assert _there(directory) == [1, 3]
        assert not caplog.records
        prune(directory, Settings(keep_megabytes=0))
    assert _there(directory) == []
    assert read_losses(directory.root) == {"runs": {"quota": 2}}
    assert len(caplog.records) == 2
    assert "undelivered" in caplog.text


def test_a_run_that_goes_on_or_is_held_stays(directory: Directory) -> None:
    _run(directory, 1, days=99, delivered=False, ended=False)  # recorded by this living process
    held = hold(directory.journal(_run(directory, 2, days=99, delivered=False)))
    assert held is not None
    prune(directory, Settings(keep_days=1, keep_megabytes=0))
    assert _there(directory) == [1, 2]
    held.close()
    prune(directory, Settings(keep_days=1))
    assert _there(directory) == [1]
    assert read_losses(directory.root) == {"runs": {"age": 1}}


def test_what_belongs_to_no_journal_goes_and_what_is_not_ours_stays(directory: Directory) -> None:
    stray = f"{7:032x}"
    for path in (directory.cursor(stray), directory.trace(stray), directory.journals / "mine.txt"):
        path.write_text("{}")
        os.utime(path, (1, 1))
    os.mkfifo(directory.journal(stray))
    prune(directory, Settings(keep_days=1))
    left = sorted(path.name for path in directory.root.rglob("*") if not path.is_dir())
    assert left == [f"{stray}.jsonl", "mine.txt"]
