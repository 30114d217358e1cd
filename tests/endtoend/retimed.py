"""Runs made of real ones by giving their tasks other times: what is asked of chance is not left to the machine."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deploytrace.events import Event, HostFinished, HostStarted, RunStarted, TaskDefined
from deploytrace.journal.cursor import Cursor
from deploytrace.journal.directory import Directory
from deploytrace.journal.format import encode
from deploytrace.journal.writer import Writer

__all__ = ["put_down", "retimed", "scattered", "seconds_of"]

_NOISE, _START_S = 0.03, 0.02  # as measured: see tests/analysis/test_regression.py


def _tasks(events: Iterable[Event]) -> dict[str, tuple[int, int]]:
    """When each task of a run of one host began and ended (ns since the run's start)."""
    names, begun, found = dict[int, str](), dict[str, int](), dict[str, tuple[int, int]]()
    for event in events:
        if isinstance(event, TaskDefined):
            names[event.task] = event.name
        elif isinstance(event, HostStarted):
            begun[event.host] = event.t
        elif isinstance(event, HostFinished):
            found[names[event.task]] = begun[event.host], event.t
    return found


def seconds_of(events: Iterable[Event]) -> dict[str, float]:
    """How long each task of a run of one host took."""
    return {name: (end - begin) / 1e9 for name, (begin, end) in _tasks(events).items()}


def scattered(seconds: Mapping[str, float], chance: random.Random) -> dict[str, float]:
    """Those times as another run has them on a machine with little else to do."""
    return {
        name: max(0.001, each * chance.gauss(1, _NOISE) + chance.gauss(0, _START_S)) for name, each in seconds.items()
    }


def retimed(events: Iterable[Event], seconds: Mapping[str, float], **started: Any) -> list[Event]:
    """A run of one host in which tasks take that long, and all after them comes so much later; ``started``: other
    fields of its first event."""
    events = list(events)
    stretched = [(begin, end, seconds[name] * 1e9 - (end - begin)) for name, (begin, end) in _tasks(events).items()]

    def moved(event: Any) -> Event:
        if isinstance(event, RunStarted):
            return event._replace(**started)
        late = sum(more * min(1, max(0, event.t - begin) / (end - begin)) for begin, end, more in stretched)
        changed: Event = event._replace(t=event.t + round(late))
        return changed

    return [moved(event) for event in events]


def put_down(state_dir: Path, events: Iterable[Event]) -> None:
    """Write a run's journal into a state directory, as one that is delivered."""
    started, *others = events
    assert isinstance(started, RunStarted)
    directory = Directory(state_dir)
    directory.create()
    writer = Writer(directory.journals, started.run_id)
    for event in (started, *others):
        writer.write(encode(event))
    Cursor(directory.cursor(started.run_id)).finish()
