"""Downtimes in the store: each host's windows and what they mean for its service, in the history and in the metrics."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, select

from deploytrace import events as ev
from deploytrace.store import schema
from deploytrace.store.database import Store
from run.stories import SECOND
from run.test_downtime import DOWN, UP, Tasks

from .recorded import Run, totals

_SITE = ("site.yml",)


def _seconds(store: Store, family: str) -> dict[tuple[str, ...], tuple[int, float]]:
    """How often, and how many seconds together, by labels."""
    return {labels: (count, total / SECOND) for labels, (count, total) in totals(store, family).items()}


def _rows(store: Store, table: Table) -> list[dict[str, object]]:
    """What the history holds there, lengths in s."""
    with store.reading() as connection:
        rows = [row._asdict() for row in connection.execute(select(table))]
    return [
        {name.removesuffix("_ns"): value / SECOND if name.endswith("_ns") else value for name, value in row.items()}
        for row in rows
    ]


def test_windows_of_hosts_and_of_their_service(store: Store, url: str) -> None:
    """Two hosts of the shop overlap: for a second and a half none is up; the cache is restarted host by host."""
    story = Tasks()
    story.task(f"{DOWN}:shop", "h1")  # 1 to 1.5
    story.task(f"{DOWN}:shop", "h2")  # 2 to 2.5
    story.task(f"{UP}:shop", "h1")  # 3 to 3.5
    story.task(f"{UP}:shop", "h2")  # 4 to 4.5
    for host in ("h1", "h2"):
        story.task(f"{DOWN}:cache {UP}:cache", host)
    story.end(story.t)
    Run(story.events).commit(url)
    assert _rows(store, schema.downtimes) == [
        {"run": 1, "number": number, "host": host, "service": service, "started": started, "duration": duration,
         "at_least": at_least, "open": False, "execution": execution, "at_least_from": started + certain, "play": 1,
         "span": duration - 10e-6}
        for number, host, service, started, duration, certain, at_least, execution in (
            (1, "h1", "shop", 1, 2.5, 0.5, 1.5, 1), (2, "h2", "shop", 2, 2.5, 0.5, 1.5, 2),
            (3, "h1", "cache", 5, 0.5, 0.5, 0, 5), (4, "h2", "cache", 6, 0.5, 0.5, 0, 6))
    ]  # fmt: skip
    assert _rows(store, schema.service_downtimes) == [
        {"run": 1, "service": "cache", "hosts": 2, "reduced": 1, "reduced_at_least": 0, "outage": 0,
         "outage_at_least": 0, "open": False},
        {"run": 1, "service": "shop", "hosts": 2, "reduced": 3.5, "reduced_at_least": 2.5, "outage": 1.5,
         "outage_at_least": 0.5, "open": False},
    ]  # fmt: skip
    assert _seconds(store, "ansible_host_downtime_seconds") == {_SITE: (4, 6.0)}
    assert _seconds(store, "ansible_service_reduced_seconds") == {(*_SITE, "shop"): (1, 3.5), (*_SITE, "cache"): (1, 1)}
    assert _seconds(store, "ansible_service_outage_seconds") == {(*_SITE, "shop"): (1, 1.5), (*_SITE, "cache"): (1, 0)}
    latest = {(*_SITE, host): (0, 0.5) for host in ("h1", "h2")}
    assert _seconds(store, "ansible_host_last_downtime_seconds") == latest
    assert totals(store, "ansible_host_open_downtimes_total") == {}


@pytest.mark.parametrize("killed", [False, True])
def test_a_window_that_nothing_closed(store: Store, url: str, killed: bool) -> None:
    """It counts to the run's end and says so, also where the run was killed."""
    story = Tasks()
    story.task(DOWN)
    story.task("")
    if killed:
        story.add(ev.RunLost(int(story.t * SECOND)))
    else:
        story.end(story.t)
    Run(story.events).commit(url)
    (window,) = _rows(store, schema.downtimes)
    (service,) = _rows(store, schema.service_downtimes)
    assert (window["open"], service["open"], window["duration"]) == (True, True, pytest.approx(2, abs=1e-4))
    assert _seconds(store, "ansible_host_downtime_seconds") == {_SITE: (1, pytest.approx(2, abs=1e-4))}
    assert totals(store, "ansible_host_open_downtimes_total") == {_SITE: (0, 1)}


def test_without_marks_there_is_nothing(store: Store, url: str) -> None:
    """Neither rows nor series."""
    story = Tasks()
    story.task("")
    story.end(story.t)
    Run(story.events).commit(url)
    assert _rows(store, schema.downtimes) == _rows(store, schema.service_downtimes) == []
    assert totals(store, "ansible_host_downtime_seconds") == totals(store, "ansible_service_outage_seconds") == {}
