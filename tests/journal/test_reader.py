"""Reading a journal: while it grows, after it was deleted, and whatever is in it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from deploytrace.errors import JournalError
from deploytrace.events import Event, HostStarted, RunEnded, RunLost, TaskStarted
from deploytrace.journal.ending import EndWatch, last_time, read_ending
from deploytrace.journal.format import encode, encode_header
from deploytrace.journal.reader import Reader, first_event, open_journal, read_events

from .conftest import RUN_ID, Written, run_started

RECORDED = sorted((Path(__file__).parent.parent / "journals").glob("*.jsonl"))


def _all(reader: Reader) -> list[Event]:
    events = reader.read()
    while not reader.at_end:
        events += reader.read()
    return events


def test_it_follows_what_is_added(journal: Written) -> None:
    reader = journal.reader()
    assert reader.read() == []
    journal.add(encode_header(RUN_ID)[:20])
    assert reader.read() == []
    assert reader.run_id is None
    journal.add(encode_header(RUN_ID)[20:], run_started())
    assert reader.read() == [run_started()]
    assert reader.run_id == RUN_ID
    line = encode(TaskStarted(5, 1))
    journal.add(line[:-1])
    assert reader.read() == []
    journal.add(line[-1:], TaskStarted(6, 2))
    assert reader.read() == [TaskStarted(5, 1), TaskStarted(6, 2)]
    assert reader.read() == []
    assert reader.at_end
    assert reader.damaged == 0


def test_it_goes_on_when_the_file_is_deleted(journal: Written) -> None:
    journal.begin()
    reader = journal.reader()
    reader.read()
    with journal.path.open("ab") as still_open:
        journal.path.unlink()
        still_open.write(encode(TaskStarted(5, 1)))
    assert reader.read() == [TaskStarted(5, 1)]


def test_readers_of_one_descriptor_keep_their_own_places(journal: Written) -> None:
    journal.begin()
    descriptor = open_journal(journal.path)
    first, second = Reader(descriptor, "j"), Reader(descriptor, "j")
    assert len(first.read()) == 1
    journal.add(TaskStarted(5, 1))
    assert len(first.read()) == 1
    assert len(second.read()) == 2
    os.close(descriptor)


@pytest.mark.parametrize(
    "damage",
    [
        b"\n",
        b"\0" * 5000 + b"\n",
        b'{"e":"task_started","t":1\n',
        b'{"e":"task_started","t":1}\n',
        b'{"e":"task_started","t":"1","task":1}\n',
        b'{"e":"task_started","t":1,"task":1} and more\n',
        b'{"e":"host_finished","t":1,"execution":1,"task":1,"host":null,"status":"ok"}\n',
        b'["task_started"]\n',
        b'{"e":["task_started"],"t":1}\n{"e":"run_started"}\n',
        b"[" * 100_000 + b"\n",
        '{"e":"task_started","t":1,"task":1,"x":"\u00e4"}\n'.encode(),
        encode(run_started("f" * 32)),
        b"x" * 9_000_000 + b"\n",
    ],
    ids=lambda damage: repr(damage[:20]),
)
def test_a_damaged_line_costs_only_itself(journal: Written, damage: bytes) -> None:
    journal.begin()
    journal.add(TaskStarted(1, 1), damage, TaskStarted(2, 2))
    reader = journal.reader()
    events = _all(reader)
    assert events == [run_started(), TaskStarted(1, 1), TaskStarted(2, 2)]
    assert reader.damaged + reader.unknown > 0


def test_what_stands_behind_a_torn_line_is_read(journal: Written) -> None:
    journal.begin()
    journal.add(encode(TaskStarted(1, 1))[:17], RunEnded(9, "finished", stopped="disk full"))
    reader = journal.reader()
    assert _all(reader)[1:] == [RunEnded(9, "finished", stopped="disk full")]
    assert reader.damaged == 1
    descriptor = open_journal(journal.path)
    assert EndWatch(descriptor).look() == read_ending(descriptor) == RunEnded(9, "finished", stopped="disk full")
    os.close(descriptor)


def test_events_and_fields_of_a_newer_deploytrace_are_left_out(journal: Written) -> None:
    journal.begin()
    journal.add(b'{"e":"moon_phase","t":1,"phase":3}\n', b'{"e":"task_started","t":1,"task":1,"mood":"good"}\n')
    reader = journal.reader()
    assert _all(reader)[1:] == [TaskStarted(1, 1)]
    assert (reader.unknown, reader.damaged) == (1, 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no complete first line"),
        (b"hello\n", "not a deploytrace journal"),
        (b"\0" * 10_000, "not a deploytrace journal"),
        (b'{"journal":"deploytrace","version":2,"run_id":"x"}\n', "upgrade deploytrace"),
        (b'{"journal":"deploytrace","version":1,"run_id":"../../x"}\n', "its run id is none"),
    ],
)
def test_what_is_no_journal_is_said_in_a_sentence(journal: Written, content: bytes, sentence: str) -> None:
    journal.add(content)
    with pytest.raises(JournalError, match=sentence) as caught:
        list(read_events(journal.path))
    assert str(journal.path) in str(caught.value)
    assert str(caught.value).endswith(".")


def test_neither_fifos_nor_links_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/zero")
    for write in (False, True):
        with pytest.raises(JournalError, match="no regular file"):
            open_journal(tmp_path / "fifo", write=write)
        with pytest.raises(OSError, match="symbolic"):
            open_journal(tmp_path / "link", write=write)


def test_any_cut_and_any_noise_is_survived(journal: Written) -> None:
    rng = random.Random(1)
    whole = b"".join(path.read_bytes() for path in RECORDED[:1])
    for _ in range(200):
        mad = bytearray(whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(20)):
            mad[rng.randrange(len(mad))] = rng.randrange(256)
        journal.path.write_bytes(mad)
        try:
            list(read_events(journal.path))
        except JournalError:
            continue


def test_however_much_is_read_at_once_the_events_are_the_same(journal: Written) -> None:
    rng = random.Random(2)
    lines = RECORDED[0].read_bytes().splitlines(keepends=True)
    for _ in range(20):
        mad = bytearray(b"".join(lines[1 : rng.randrange(2, len(lines))]))
        for _ in range(rng.randrange(5)):
            mad[rng.randrange(len(mad))] = rng.choice(b'\n ,:[]{}"1x')
        journal.path.write_bytes(lines[0] + mad)
        readers = [Reader(open_journal(journal.path), "j", chunk=chunk) for chunk in (200, 1_000_000)]
        assert _all(readers[0]) == _all(readers[1])
        assert (readers[0].damaged, readers[0].unknown) == (readers[1].damaged, readers[1].unknown)
        for reader in readers:
            reader.close()


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_journals_are_read_without_a_loss(path: Path) -> None:
    reader = Reader(open_journal(path), str(path))
    events = _all(reader)
    reader.close()
    assert reader.damaged == reader.unknown == 0
    assert len(events) == path.read_bytes().count(b"\n") - 1
    descriptor = open_journal(path)
    assert first_event(descriptor, "j") == events[0]
    ends = [event for event in events if isinstance(event, (RunEnded, RunLost))]
    assert read_ending(descriptor) == EndWatch(descriptor).look() == (ends[0] if ends else None)
    assert last_time(descriptor) == max(getattr(event, "t", 0) for event in events)
    os.close(descriptor)


def test_the_first_end_record_counts_however_much_follows(journal: Written) -> None:
    journal.begin()
    many = {f"host{number}": {"ok": 1, "changed": 0, "failures": 0} for number in range(5000)}
    descriptor = open_journal(journal.path)
    watch = EndWatch(descriptor)
    assert watch.look() is read_ending(descriptor) is None
    journal.add(HostStarted(1, 1, 1, '"run_ended"'), HostStarted(1, 1, 1, '{"e":"run_ended"}'))
    assert watch.look() is read_ending(descriptor) is None
    end = encode(RunEnded(7, "finished", many))
    journal.add(end[:100_000])
    assert watch.look() is read_ending(descriptor) is None
    journal.add(end[100_000:], RunLost(8), *[TaskStarted(9, number) for number in range(10_000)])
    assert watch.look() == read_ending(descriptor) == RunEnded(7, "finished", many)
    assert last_time(descriptor) == 9
    os.close(descriptor)
