"""Runs made into their logs the way a delivery does it, and committed logs to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploytrace.events import Event, RunStarted
from deploytrace.reports.log_page import LogPage
from deploytrace.settings import Settings
from deploytrace.sinks.contract import Sink
from deploytrace.sinks.logs import open_logs

from .spans import nodes_of

__all__ = ["deliver", "log_of", "opened_logs", "started_of", "text_of"]

ZONE = 2 * 3600  # the recorded runs' controllers are in Athens


def started_of(events: Sequence[Event]) -> RunStarted:
    """A run's first event, with the zone that old journals do not tell."""
    started = events[0]
    assert isinstance(started, RunStarted)
    return started if started.utc_offset is not None else started._replace(utc_offset=ZONE)


def text_of(events: Sequence[Event]) -> str:
    """A run's log from its preface on, as text."""
    page = LogPage(started_of(events), Settings())
    lines = [*page.preface(), *(line for node in nodes_of(list(events)) for line in page.add(node))]
    return "".join(f"{line}\n" for line in lines)


def opened_logs(events: Sequence[Event], state_dir: Path, **settings: object) -> list[Sink[Any]]:
    """The sinks of a run's log and archive."""
    return open_logs(Settings(**settings), started_of(events), state_dir)  # type: ignore[arg-type]


def deliver(events: Sequence[Event], state_dir: Path, **settings: object) -> None:
    """Deliver a run's log, then its archive, node by node, and close them."""
    for sink in opened_logs(events, state_dir, **settings):
        for node in nodes_of(list(events)):
            items = sink.translate(node)
            if items:
                sink.deliver(items)
        sink.close()


def log_of(state_dir: Path) -> Path:
    """Where ``latest`` leads."""
    latest = state_dir / "logs" / "latest"
    assert not latest.readlink().is_absolute()
    return latest.resolve()
