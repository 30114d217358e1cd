"""Downtime windows: which tasks open and close them, and between which two lengths the truth lies."""

from __future__ import annotations

from typing import Any

import pytest

from deploytrace import events as ev
from deploytrace.analysis.downtime import Downtimes, ServiceDowntime, length
from deploytrace.run.model import DowntimeDetail, Kind, Node, Outcome, RunDetail
from deploytrace.run.replay import Replay

from .stories import SECOND, Story, seconds
from .tree_rules import check_tree

DOWN, UP = "deploytrace_down", "deploytrace_up"
_ENDS_EARLY = 10_000


class Tasks(Story):
    """A run of tasks, each on one host or more, one second apart; a task lasts half a second."""

    t = 1.0

    def task(self, tags: str, *hosts: str, status: str = "ok", **rest: Any) -> None:
        """Run a task with these tags (separated by spaces) on hosts, all at once; default: on h1."""
        detail, ignored = rest.pop("detail", None), rest.pop("ignored", False)
        name = f"task at {self.t}"
        self.announce(self.t, name, tags=tuple(tags.split()), **rest)
        started = [self.start(self.t, name, host) for host in hosts or ("h1",)]
        for execution in started:
            self.finish(self.t + 0.5, execution, status, detail=detail, ignored=ignored)
        self.t += 1

    def windows(self, *, reason: str = "finished") -> list[Node]:
        """End the run and return its downtime nodes; the tree's rules hold."""
        self.end(self.t, reason=reason)
        return _windows(self.nodes())


def _windows(nodes: list[Node]) -> list[Node]:
    check_tree(nodes)
    return [node for node in nodes if node.kind is Kind.DOWNTIME]


def _lengths(windows: list[Node]) -> list[tuple[float, float, float, bool]]:
    """Start, seconds, at_least and open of each window."""
    details = [(node, node.detail) for node in windows if isinstance(node.detail, DowntimeDetail)]
    return [(seconds(n.start), d.duration_ns / SECOND, d.at_least_ns / SECOND, d.open) for n, d in details]


def test_a_window_lasts_from_the_start_of_down_to_the_end_of_up() -> None:
    story = Tasks()
    story.task(DOWN)
    story.task("")
    story.task(UP)
    story.task("")
    (window,) = windows = story.windows()
    assert _lengths(windows) == [(1.0, 2.5, 1.5, False)]
    assert isinstance(window.detail, DowntimeDetail)
    assert (window.name, window.detail.service, window.detail.host) == ("", "", "h1")
    assert (window.parent, window.outcome) == ("play/1", Outcome.OK)
    assert window.end == window.start + window.detail.duration_ns - _ENDS_EARLY
    assert seconds(window.detail.at_least_from) == 1.5


def test_hosts_and_services_have_windows_of_their_own() -> None:
    story = Tasks()
    story.task(f"{DOWN}:shop {DOWN}:search", "h1", "h2")
    story.task(f"{UP}:shop", "h1", "h2")
    story.task(f"{UP}:search", "h2")
    story.task(f"{UP}:search", "h1")
    found = {(n.name, n.detail.host): length for n, length in _pairs(story.windows())}
    assert found == {("shop", "h1"): 1.5, ("shop", "h2"): 1.5, ("search", "h1"): 3.5, ("search", "h2"): 2.5}


def _pairs(windows: list[Node]) -> list[tuple[Any, float]]:
    return [(node, length) for node, (_, length, _, _) in zip(windows, _lengths(windows), strict=True)]


@pytest.mark.parametrize(
    "down",
    [
        {"status": "skipped"},
        {"include": True, "action": "include_tasks"},
        {"check_mode": True},
        {"status": "failed", "ignored": True, "detail": {"msg": "'port' is undefined"}},
    ],
    ids=["skipped", "an include", "check mode", "a template that failed"],
)
def test_a_down_task_that_did_nothing_opens_nothing(down: dict[str, Any]) -> None:
    story = Tasks()
    story.task(DOWN, **down)
    story.task(UP)
    assert story.windows() == []


@pytest.mark.parametrize("how", ["failed", "unreachable"])
def test_of_a_down_task_that_failed_nothing_is_certain(how: str) -> None:
    story = Tasks()
    story.task(DOWN, status=how, ignored=True, detail={"rc": 1})
    story.task("")
    story.task(UP)
    assert _lengths(story.windows()) == [(1.0, 2.5, 0.0, False)]


def test_what_comes_up_without_having_been_down_has_no_window() -> None:
    story = Tasks()
    story.task(UP)
    assert story.windows() == []


def test_down_twice_is_down_once_and_certainly_from_the_second_on() -> None:
    story = Tasks()
    story.task(DOWN)  # out of the balancer
    story.task(DOWN)  # stopped
    story.task("")
    story.task(UP)
    assert _lengths(story.windows()) == [(1.0, 3.5, 1.5, False)]


def test_up_tasks_that_follow_each_other_belong_together() -> None:
    story = Tasks()
    story.task(DOWN)
    story.task(UP)  # start it
    story.task("", status="skipped")
    story.task(UP, status="skipped")
    story.task(UP)  # wait until it is healthy
    story.task("")
    story.task(UP)  # some other time
    assert _lengths(story.windows()) == [(1.0, 4.5, 0.5, False)]


def test_up_is_up_only_where_it_succeeds() -> None:
    story = Tasks()
    story.task(DOWN, "h1", "h2")
    story.task(UP, status="failed", ignored=True)
    story.task(UP, status="failed", rescuable=True)
    story.task(UP, "h2", status="skipped")
    story.task(UP, "h1", "h2", status="changed")
    assert _lengths(story.windows()) == [(1.0, 4.5, 3.5, False)] * 2


def test_a_failed_wait_after_a_start_opens_the_window_again() -> None:
    story = Tasks()
    story.task(DOWN)
    story.task(UP)
    story.task(UP, status="failed")
    assert _lengths(story.windows()) == [(1.0, 3.0, 0.5, True)]


def test_a_restart_is_a_window_of_its_own() -> None:
    story = Tasks()
    story.task(f"{DOWN} {UP}", handler=True)
    story.task(UP)
    story.task(f"{DOWN} {UP}")
    windows = story.windows()
    assert _lengths(windows) == [(1.0, 1.5, 0.0, False), (3.0, 0.5, 0.0, False)]
    assert len({node.id for node in windows}) == 2


def test_a_restart_ends_a_window_that_is_open() -> None:
    story = Tasks()
    story.task(DOWN)
    story.task("")
    story.task(f"{DOWN} {UP}")
    assert _lengths(story.windows()) == [(1.0, 2.5, 1.5, False)]


def test_a_delegated_task_counts_for_its_own_host() -> None:
    story = Tasks()
    story.task(DOWN, "h2", delegate_to="balancer")
    story.task(UP, "h2", delegate_to="balancer")
    assert [node.detail.host for node, _ in _pairs(story.windows())] == ["h2"]


def test_a_window_from_one_play_to_another_stands_in_the_run() -> None:
    story = Tasks()
    story.task(DOWN)
    story.play(story.t, uuid="p2")
    story.t += 1
    story.task(UP)
    (window,) = windows = story.windows()
    assert window.parent == "run"
    assert _lengths(windows) == [(1.0, 2.5, 1.5, False)]


def test_an_open_window_counts_to_the_end_of_the_run() -> None:
    story = Tasks()
    story.task(DOWN)
    story.task("")
    (window,) = windows = story.windows()
    assert _lengths(windows) == [(1.0, 2.0, 1.5, True)]
    assert (window.parent, window.outcome, window.failure) == ("run", Outcome.OK, None)
    assert seconds(window.end) < 2.5, "Jaeger's critical path would take it for work if it ended after the last task"


@pytest.mark.parametrize(("under_way", "at_least"), [("", 1.0), (UP, 0.5)])
def test_a_run_that_is_killed_leaves_its_windows_open(under_way: str, at_least: float) -> None:
    """Also while the service comes up: whether it did, nobody knows."""
    story = Tasks()
    story.task(DOWN)
    story.announce(2.0, "last", tags=tuple(under_way.split()))
    story.start(2.0, "last", "h1")
    story.add(ev.RunLost(int(2.5 * SECOND)))
    (window,) = windows = _windows(story.nodes())
    (start, longest, shortest, is_open) = _lengths(windows)[0]
    assert (start, is_open) == (1.0, True)
    assert longest == pytest.approx(1.5, abs=1e-4)
    assert shortest == pytest.approx(at_least, abs=1e-4)
    assert window.outcome is Outcome.INTERRUPTED
    assert window.failure is not None
    assert window.failure.type == "lost"


def test_killed_while_going_down_nothing_is_certain() -> None:
    story = Tasks()
    story.announce(1.0, "stop", tags=(DOWN,))
    story.start(1.0, "stop", "h1")
    story.add(ev.RunLost(2 * SECOND))
    assert _lengths(_windows(story.nodes())) == [(1.0, pytest.approx(1.0, abs=1e-4), 0.0, True)]


def test_hosts_under_free_are_told_apart_whatever_the_order() -> None:
    story = Story("free")
    for name, tags in (("stop", (DOWN,)), ("start", (UP,))):
        story.announce(0.1, name, tags=tags)
    slow = story.start(1, "stop", "h1")
    story.finish(1.5, story.start(1.2, "stop", "h2"))
    story.finish(2.5, story.start(2, "start", "h2"))
    story.finish(3, slow)
    story.finish(4, story.start(3.5, "start", "h1"))
    story.end(5)
    windows = _windows(story.nodes())
    found = {node.detail.host: length for node, length in zip(windows, _lengths(windows), strict=True)}  # type: ignore[union-attr]
    assert found == {"h1": (1.0, 3.0, 0.5, False), "h2": (1.2, pytest.approx(1.3), 0.5, False)}


def test_the_tags_are_the_runs_own_settings() -> None:
    story = Tasks()
    started = story.events[0]
    assert isinstance(started, ev.RunStarted)
    story.events[0] = started._replace(settings={"downtime_down_tag": "off", "downtime_up_tag": "on"})
    story.task("off:shop")
    story.task(f"on:shop {DOWN}")
    assert _lengths(story.windows()) == [(1.0, 1.5, 0.5, False)]


def _services(story: Story) -> tuple[ServiceDowntime, ...]:
    downtimes = Downtimes()
    for node in story.nodes():
        downtimes.take(node)
    return downtimes.services()


def _when(intervals: tuple[tuple[int, int], ...]) -> list[tuple[float, float]]:
    return [(seconds(start), seconds(end)) for start, end in intervals]


def test_a_service_is_reduced_by_one_host_and_out_by_all() -> None:
    story = Tasks()
    story.task(DOWN, "h1")  # 1 to 1.5
    story.task(DOWN, "h2")  # 2 to 2.5
    story.task(UP, "h1")  # 3 to 3.5
    story.task(UP, "h2")  # 4 to 4.5
    story.task(f"{DOWN} {UP}", "h1")  # 5 to 5.5
    story.end(story.t)
    (service,) = _services(story)
    assert (service.service, service.hosts, service.open) == ("", 2, False)
    assert _when(service.reduced) == [(1.0, 4.5), (5.0, 5.5)]
    assert _when(service.outage) == [(2.0, 3.5)]
    assert service.reduced_at_least_ns == 2.5 * SECOND
    assert service.outage_at_least_ns == 0.5 * SECOND
    assert length(service.reduced) == 4 * SECOND


def test_hosts_that_the_rollout_never_came_to_are_up() -> None:
    story = Tasks(hosts=("h1",), hosts_total=3, serial=("1",))
    story.task(DOWN, status="failed")
    story.end(story.t)
    (service,) = _services(story)
    assert (service.hosts, service.open) == (3, True)
    assert _when(service.reduced) == [(1.0, 2.0)]
    assert service.outage == ()


def test_hosts_that_skip_every_marked_task_do_not_count() -> None:
    story = Tasks(hosts=("h1", "h2", "h3"))
    story.announce(0.5, "stop", tags=(DOWN,))
    started = [story.start(0.5, "stop", host) for host in ("h1", "h2", "h3")]
    for execution, status in zip(started, ("changed", "changed", "skipped"), strict=True):
        story.finish(1.0, execution, status)
    story.task(UP, "h1", "h2")
    story.end(story.t)
    (service,) = _services(story)
    assert service.hosts == 2
    assert _when(service.outage) == [(0.5, 1.5)]


def test_the_run_knows_its_longest_window_and_a_look_at_it_under_way_sees_those_that_are_open() -> None:
    story = Tasks()
    story.task(f"{DOWN} {UP}")
    story.task(DOWN)
    replay = Replay()
    nodes = [node for event in story.events for node in replay.feed(event)] + replay.close()
    windows = _windows(nodes)
    assert [node.outcome for node in windows] == [Outcome.OK, Outcome.RUNNING]
    assert isinstance(nodes[-1].detail, RunDetail)
    assert nodes[-1].detail.downtime_ns == max(node.detail.duration_ns for node, _ in _pairs(windows))


def test_a_run_without_marks_has_no_downtime() -> None:
    story = Tasks()
    story.task("deploytrace_downhill other")
    story.end(story.t)
    assert story.nodes()[-1].detail.downtime_ns is None  # type: ignore[union-attr]
