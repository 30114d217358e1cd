"""Runs made into their logs the way a delivery does it, and committed logs to compare them with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deploytrace.events import Event, RunStarted
from deploytrace.reports.log_page import LogPage
from deploytrace.run.model import Node
from deploytrace.settings import Settings
from deploytrace.sinks.archive import ArchiveSink
from deploytrace.sinks.log_file import LogSink
from deploytrace.sinks.logs import open_logs

from .spans import nodes_of

__all__ = ["Unranked", "deliver", "log_of", "opened_logs", "started_of", "text_of"]

ZONE = 2 * 3600  # the recorded runs' controllers are in Athens


class Unranked:
    """No ranking: the logs compared here end with the recap."""

    def add(self, node: Node) -> None:
        """See `deploytrace.reports.log_page.Slowest`."""

    def lines(self) -> Iterator[str]:
        """See `deploytrace.reports.log_page.Slowest`."""
        return iter(())


def started_of(events: Sequence[Event]) -> RunStarted:
    """A run's first event, with the zone that old journals do not tell."""
    started = events[0]
    assert isinstance(started, RunStarted)
    return started if started.utc_offset is not None else started._replace(utc_offset=ZONE)


def text_of(events: Sequence[Event]) -> str:
    """A run's log from its preface on, as text."""
    page = LogPage(started_of(events), Unranked())
    lines = [*page.preface(), *(line for node in nodes_of(list(events)) for line in page.add(node))]
    return "".join(f"{line}\n" for line in lines)


def opened_logs(events: Sequence[Event], state_dir: Path, **settings: object) -> Sequence[LogSink | ArchiveSink]:
    """The sinks of a run's log and archive."""
    return open_logs(Settings(**settings), started_of(events), state_dir, Unranked())  # type: ignore[arg-type]


def deliver(events: Sequence[Event], state_dir: Path, **settings: object) -> None:
    """Deliver a run's log, then its archive, node by node, and close them."""
    for sink in opened_logs(events, state_dir, **settings):
        for node in nodes_of(list(events)):
            items = sink.translate(node)
            if items:
                sink.deliver(items)  # type: ignore[arg-type]
        sink.close()


def log_of(state_dir: Path) -> Path:
    """Where ``latest`` leads."""
    latest = state_dir / "logs" / "latest"
    assert not latest.readlink().is_absolute()
    return latest.resolve()
