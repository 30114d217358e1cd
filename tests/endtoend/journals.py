"""A run's journal as the tests read it: its events, and the nodes that replay makes of them."""

from __future__ import annotations

from pathlib import Path

from deploytrace.events import Event, RunEnded, RunStarted
from deploytrace.journal.format import decode
from deploytrace.run.model import Node
from deploytrace.run.replay import Replay
from ground.ansible import Result

__all__ = ["assert_left_in_time", "events_of", "journals", "nodes_of", "only_journal", "started_of"]

_WAIT_S = 1.0  # what a run may wait for us at its end
_LEAVING_S = 1.0  # what Python may need to end; how long it is without us: docs/performance.md


def journals(state_dir: Path) -> list[Path]:
    """The journals of a state directory, oldest first."""
    return sorted((state_dir / "journals").glob("*.jsonl"), key=lambda path: started_of(path).wall_ns)


def only_journal(state_dir: Path) -> Path:
    """The one journal that a state directory has."""
    (found,) = journals(state_dir)
    return found


def events_of(journal: Path) -> list[Event]:
    """All events of a journal."""
    lines = journal.read_bytes().splitlines()[1:]
    return [event for event in map(decode, lines) if event is not None]


def nodes_of(journal: Path) -> list[Node]:
    """All nodes of a run that has ended."""
    replay = Replay()
    nodes = [node for event in events_of(journal) for node in replay.feed(event)]
    assert replay.finished, f"{journal} has no end"
    return nodes


def started_of(journal: Path) -> RunStarted:
    """A run's start."""
    with journal.open("rb") as file:
        file.readline()
        event = decode(file.readline())
    assert isinstance(event, RunStarted)
    return event


def assert_left_in_time(state_dir: Path, result: Result) -> None:
    """Assert that the last run's process did not stay for us after its statistics.

    What Python needs to end is more where the machine is busy, as all was that the process had to do before.
    """
    journal = journals(state_dir)[-1]
    ended = next(event for event in events_of(journal) if isinstance(event, RunEnded))
    stayed = result.ended - (started_of(journal).mono_ns + ended.t) / 1e9
    assert stayed <= _WAIT_S + max(_LEAVING_S, (result.seconds - stayed) / 2)
