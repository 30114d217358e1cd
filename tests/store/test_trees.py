"""A run of the history as a whole: what is answered from it is what its journal answers, to the nanosecond."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from deploytrace import events as ev
from deploytrace.analysis.advice import advise
from deploytrace.analysis.changes import Changes
from deploytrace.analysis.critical_path import critical_path
from deploytrace.analysis.downtime import Downtimes
from deploytrace.analysis.ranking import Ranking
from deploytrace.analysis.schedule import Strategy
from deploytrace.analysis.what_if import Predictor
from deploytrace.analysis.where import where
from deploytrace.errors import NotKept
from deploytrace.run.load import children_first, grow
from deploytrace.run.model import HostDetail, Kind, Node, RunDetail, Tree
from deploytrace.store.database import Store
from deploytrace.store.history import opened_history
from run.stories import Story
from run.test_downtime import DOWN, UP, Tasks

from .recorded import JOURNALS, Run, read, run_of
from .test_faults import TO_THE_SECOND_SCHEMA

_WITHIN = (Kind.ITEM, Kind.ATTEMPT)  # a host result: not kept
_CHANGES = (Changes(forks=2), Changes(strategy=Strategy.FREE), Changes(serial=("50%",)))


def _pinned() -> list[ev.Event]:
    """The recorded run under free, had its plays been under host_pinned."""
    return [
        event._replace(strategy="host_pinned") if isinstance(event, ev.PlayStarted) else event
        for event in read("free-2.21")
    ]


def _details() -> list[ev.Event]:
    """Results that say what the module took and who did the work, over two kinds of connections."""
    story = Story(hosts=("a", "b", "c"))
    for host, way in (("a", "ssh"), ("b", "ssh"), ("c", "local")):
        story.add(ev.HostSeen(2_000_000, host, connection=way))
    for begin, task in ((0.1, "first"), (2.1, "second")):
        story.announce(begin, task, run_once=task == "second", delegate_to="{{ lb }}" if task == "second" else None)
        for host, took in (("a", 1.0), ("b", 0.7), ("c", 0.4)):
            delegated = {"delegated_host": "lb1"} if task == "second" else {}
            execution = story.start(begin + 0.01, task, host)
            detail = {"delta": took - 0.3, **delegated} if host != "b" else delegated
            story.finish(begin + took + 0.05, execution, worker=begin + took, detail=detail)
    story.end(3.5, callback_ns=12_000_000, stats={host: {"ok": 2} for host in "abc"})
    return sorted(story.events, key=lambda event: getattr(event, "t", -1))


def _downtimes() -> list[ev.Event]:
    """One window that is closed, one that is open when the run is lost."""
    story = Tasks()
    story.task(f"{DOWN}:shop", "h1")
    story.task(f"{UP}:shop", "h1")
    story.task(f"{DOWN}:shop", "h2")
    story.add(ev.RunLost(round(story.t * 1e9)))
    return list(story.events)


_RUNS = {path.stem: lambda path=path: read(path.stem) for path in JOURNALS} | {
    "host_pinned": _pinned,
    "details": _details,
    "downtimes": _downtimes,
}


def test_the_history_tells_what_the_journal_tells(url: str) -> None:
    """The same tree, but for what is within results, and the same answers."""
    runs = {
        name: Run(events(), run_id=f"{number:032x}") for number, (name, events) in enumerate(_RUNS.items(), start=1)
    }
    for run in runs.values():
        run.commit(url)
    with opened_history(url) as history:
        for name, run in runs.items():
            told, kept = grow(run.nodes), history.tree(run.started.run_id)
            assert told is not None
            assert kept is not None
            _assert_same_tree(told, kept, name)
            _assert_same_answers(told, kept, name)
        assert history.tree("f" * 32) is None
        detailed = history.tree(runs["details"].started.run_id)
    assert detailed is not None
    assert where(detailed).connection_measured > 0.5
    assert where(detailed).shares["overhead"] > 0
    assert "lb1" in {segment.delegated_to for segment in critical_path(detailed).segments}


def _assert_same_tree(told: Tree, kept: Tree, name: str) -> None:
    outer = [node for node in children_first(told) if node.kind not in _WITHIN]
    assert [_shape(node) for node in children_first(kept)] == [_shape(node) for node in outer], name
    for ours, theirs in zip(children_first(kept), outer, strict=True):
        assert _figures(ours) == _figures(theirs), (name, ours.id)


def _assert_same_answers(told: Tree, kept: Tree, name: str) -> None:
    assert critical_path(kept) == critical_path(told), name
    assert where(kept) == where(told), name
    assert advise(kept) == advise(told), name
    for changes in _CHANGES:
        assert Predictor(kept).predict(changes) == Predictor(told).predict(changes), name
    ranked, as_told = Ranking(children_first(kept)), Ranking(children_first(told))
    assert (ranked.tasks(), ranked.roles()) == (as_told.tasks(), as_told.roles()), name
    assert _services(kept) == _services(told), name


def _services(tree: Tree) -> object:
    downtimes = Downtimes()
    for node in children_first(tree):
        downtimes.take(node)
    return downtimes.services()


def _shape(node: Node) -> tuple[object, ...]:
    return node.id, node.parent, node.kind, node.name, node.start, node.end, node.outcome


def _figures(node: Node) -> object:
    """What reports tell of a node, beside its shape."""
    detail = node.detail
    if isinstance(detail, HostDetail):
        failure = (node.failure.type, node.failure.message[:500]) if node.failure else None
        return (
            failure,
            detail.host,
            detail.announced,
            detail.end_source,
            detail.waited_ns,
            detail.attempts,
            detail.items,
        )
    if isinstance(detail, RunDetail):
        started, failure = detail.started, node.failure and node.failure.message
        return failure, detail.result, detail.hosts, detail.tasks_total, detail.straggler_ns, started.forks
    if hasattr(detail, "definition"):
        return detail._replace(definition=None, notified_by=())
    return detail._replace(started=None) if hasattr(detail, "started") else detail


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (TO_THE_SECOND_SCHEMA, "has it from an earlier deploytrace"),
        (("UPDATE runs SET outcome = NULL",), "has no end of run"),
    ],
)
def test_what_is_not_kept_is_refused_in_one_sentence(
    store: Store, url: str, statements: tuple[str, ...], said: str
) -> None:
    """Rather than answered wrongly: of runs of earlier versions, and of those without an end."""
    run = run_of("serial-2.21")
    run.commit(url)
    with store.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
    with opened_history(url) as history, pytest.raises(NotKept, match=said) as told:
        history.tree(run.started.run_id)
    assert "\n" not in str(told.value)
