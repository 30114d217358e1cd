"""The state directory: which runs are there, which one is meant, and how things stand with each."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploytrace.errors import JournalError, RunNotFound
from deploytrace.events import RunEnded
from deploytrace.journal.cursor import Cursor, Position
from deploytrace.journal.directory import Directory, State
from deploytrace.journal.format import encode, encode_header
from deploytrace.journal.losses import add_loss, read_losses
from deploytrace.journal.owner import boot_id, is_alive, start_ticks

from .conftest import run_started


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """A state directory with four runs, whose ids are not in their order."""
    made = Directory(tmp_path / "state")
    made.create()
    for wall_ns, letter in enumerate("cadb", 1):
        _add(made, letter * 32, wall_ns)
    return made


def _add(directory: Directory, run_id: str, wall_ns: int) -> None:
    path = directory.journal(run_id)
    path.write_bytes(encode_header(run_id) + encode(run_started(run_id, wall_ns)) + encode(RunEnded(1, "finished")))


def test_runs_are_listed_newest_first(directory: Directory) -> None:
    assert "".join(run.run_id[0] for run in directory.runs()) == "bdac"


@pytest.mark.parametrize(
    ("named", "found"),
    [("last", "b"), ("last~0", "b"), ("last~1", "d"), ("last~3", "c"), ("a", "a"), ("AAA", "a"), ("d" * 32, "d")],
)
def test_a_run_is_found_by_age_or_by_the_beginning_of_its_id(directory: Directory, named: str, found: str) -> None:
    assert directory.find(named).run_id == found * 32


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("last~4", "the oldest is last~3"),
        ("e", "No recorded run has an id that begins with 'e'"),
        ("", "No recorded run"),
        ("e" * 32, "No recorded run"),
        ("../x", "No recorded run"),
    ],
)
def test_a_run_that_is_not_there_is_said_in_a_sentence(directory: Directory, named: str, sentence: str) -> None:
    with pytest.raises(RunNotFound, match=sentence):
        directory.find(named)


def test_an_ambiguous_beginning_names_some(directory: Directory) -> None:
    _add(directory, "ab" * 16, 9)
    with pytest.raises(RunNotFound, match=r"2 run ids \(ababa, aaaaa\): give more"):
        directory.find("a")


def test_an_empty_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunNotFound, match="enable the callback"):
        Directory(tmp_path / "nothing").find("last")


def test_state_of_a_run(directory: Directory) -> None:
    waiting = directory.find("last")
    assert directory.state(waiting) is State.WAITING
    Cursor(directory.cursor(waiting.run_id)).finish()
    assert directory.state(waiting) is State.DELIVERED
    for letter, started in {
        "e": run_started("e" * 32, 20, os.getpid(), boot_id()),
        "f": run_started("f" * 32, 21, os.getpid(), "another boot"),
    }.items():
        directory.journal(letter * 32).write_bytes(encode_header(letter * 32) + encode(started))
    assert directory.state(directory.find("e")) is State.RUNNING
    assert directory.state(directory.find("f")) is State.ABANDONED


def test_created_for_the_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        Directory(tmp_path / "a" / "state").create()
    finally:
        os.umask(old)
    assert (tmp_path / "a" / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "state" / "journals").stat().st_mode & 0o777 == 0o700


def test_a_pid_that_was_reused_is_another_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = run_started(pid=child.pid, boot_id=boot_id())
    ticks = start_ticks(child.pid)
    assert ticks
    assert is_alive(started)
    assert is_alive(started._replace(pid_started=ticks))
    assert not is_alive(started._replace(pid_started=ticks + 1))
    child.kill()
    while start_ticks(child.pid) is not None:  # a zombie soon, which does not live
        pass
    assert not is_alive(started)
    child.communicate()
    assert not is_alive(started)


def test_a_cursor_keeps_what_was_put_down(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    cursor = Cursor(path)
    cursor.move("traces", Position(items=5, destination="http://x", rejected=1, trouble="no"))
    cursor.move("file", Position(items=9, destination="/y", complete=True))
    again = Cursor(path)
    assert again.positions == cursor.positions
    assert not again.complete
    cursor.finish()
    assert Cursor(path).complete
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version":2,"sinks":{},"complete":true}',
        '{"version":1,"sinks":{"a":{"items":"x"}}}',
        "[" * 5000,
    ],
)
def test_a_cursor_that_cannot_be_read_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.json").write_text(content)
    cursor = Cursor(tmp_path / "c.json")
    assert cursor.positions == {}
    assert not cursor.complete


def test_losses_add_up_from_many_sides(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add_loss(tmp_path, "traces", "refused", number), range(50)))
    add_loss(tmp_path, "runs", "age", 1)
    assert read_losses(tmp_path) == {"traces": {"refused": sum(range(50))}, "runs": {"age": 1}}
    (tmp_path / "dropped.json").write_text("{]")
    assert read_losses(tmp_path) == {}


def test_a_run_of_a_newer_format_is_not_said_to_be_missing(directory: Directory) -> None:
    directory.journal("f" * 32).write_bytes(b'{"journal":"deploytrace","version":99,"run_id":"f"}\n')
    with pytest.raises(JournalError, match=r"journal version 99, this deploytrace reads up to \d+: upgrade"):
        directory.find("ff")
    assert directory.find("last").run_id == "b" * 32
    for _, path in directory.journal_files():
        if path.name[0] != "f":
            path.unlink()
    with pytest.raises(RunNotFound, match="upgrade"):
        directory.find("last")


def test_run_that_is_too_far_back(directory: Directory) -> None:
    with pytest.raises(RunNotFound, match=r"last~9 is not there: \d runs are recorded, the oldest is last~\d\.$"):
        directory.find("last~9")
    for run in directory.runs()[1:]:
        run.path.unlink()
    with pytest.raises(RunNotFound, match=r"last~1 is not there: one run is recorded\.$"):
        directory.find("last~1")
