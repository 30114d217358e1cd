"""Journals that a test writes byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploytrace import events as ev
from deploytrace.journal.format import encode, encode_header
from deploytrace.journal.reader import Reader, open_journal

RUN_ID = "0123456789abcdef" * 2


def run_started(run_id: str = RUN_ID, wall_ns: int = 1, pid: int = 0, boot_id: str = "another") -> ev.RunStarted:
    """Return a run's first event."""
    return ev.RunStarted(
        run_id=run_id,
        wall_ns=wall_ns,
        mono_ns=1,
        boot_id=boot_id,
        pid=pid,
        pid_started=0,
        command_id="c",
        sequence=1,
        previous=None,
        front_end="playbook",
        playbook="site.yml",
        playbook_path="/p/site.yml",
        ansible_version="2.21.5",
        python_version="3.13.0",
        deploytrace_version="0",
        user="u",
        host_name="c",
        host_id=None,
    )


@dataclass
class Written:
    """A journal in the making, and a reader at it."""

    path: Path
    readers: list[Reader] = field(default_factory=list)

    def add(self, *lines: bytes | ev.Event) -> None:
        """Append events, or bytes as they are."""
        with self.path.open("ab") as file:
            for line in lines:
                file.write(line if isinstance(line, bytes) else encode(line))

    def begin(self) -> None:
        """Append the header and the run's first event."""
        self.add(encode_header(RUN_ID), run_started())

    def reader(self) -> Reader:
        """Return a new reader, closed after the test."""
        reader = Reader(open_journal(self.path), str(self.path))
        self.readers.append(reader)
        return reader


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Written]:
    """An empty journal file."""
    written = Written(tmp_path / f"{RUN_ID}.jsonl")
    written.path.touch()
    yield written
    for reader in written.readers:
        reader.close()
