"""The span budget: small runs are whole, large ones keep what matters, and what is folded is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from deploytrace import events as ev
from deploytrace.settings import Settings
from ground.otlp import Span
from run.stories import SECOND, Story

from .spans import JOURNALS, NOWHERE, named, nodes_of, opened, recorded, spans_of, told, translated

HOSTS = tuple(f"h{number}" for number in range(200))
FRAME = 2  # run and play


def _story(tasks: int, status: dict[tuple[int, int], str] | None = None) -> Story:
    """Tasks on 200 hosts, 10 ms each; some (task, host) with another status."""
    story = Story(hosts=HOSTS)
    t = 0.0
    for task in range(tasks):
        story.announce(t, f"Task {task}")
        for number, host in enumerate(HOSTS):
            result = (status or {}).get((task, number), "ok")
            ignored = result == "ignored"
            execution = story.executions + 1
            story.executions = execution
            story.add(ev.HostStarted(_ns(t), execution, story.tasks[f"Task {task}"], host))
            story.add(
                ev.HostFinished(
                    _ns(t + 0.01),
                    story.tasks[f"Task {task}"],
                    host,
                    "failed" if ignored else result,
                    ignored,
                )
            )
            t += 0.02
    story.end(t)
    return story


def _ns(t: float) -> int:
    return round(t * SECOND)


def _hosts(spans: list[Span]) -> list[Span]:
    return [span for span in spans if "ansible.task.host.outcome" in span.attributes]


def test_a_run_within_the_budget_is_whole() -> None:
    nodes = FRAME + 5 + 5 * len(HOSTS)
    spans = told(_story(5), settings=Settings(span_budget=nodes))
    assert len(spans) == nodes
    assert named(spans, "RUN site.yml").attributes["ansible.spans.dropped"] == 0


def test_past_the_budget_fast_ok_results_are_folded_and_counted() -> None:
    spans = told(_story(10), settings=Settings(span_budget=400))
    hosts = _hosts(spans)
    dropped = named(spans, "RUN site.yml").attributes["ansible.spans.dropped"]
    assert len(hosts) + dropped == 10 * len(HOSTS)
    assert len(spans) <= 400 * 1.1 + 10 + FRAME
    tasks = [span for span in spans if span.name.startswith("task ")]
    assert len(tasks) == 10
    assert sum(task.attributes.get("ansible.folded.ok", 0) for task in tasks) == dropped
    last = named(spans, "task Task 9").attributes
    assert last["ansible.folded.ok"] == len(HOSTS)
    quantiles = [last[f"ansible.folded.{name}_seconds"] for name in ("p50", "p95", "max")]
    assert quantiles == pytest.approx([0.01] * 3)
    assert last["ansible.task.hosts.total"] == len(HOSTS), "the task's own counts are of all"


def test_what_matters_is_never_folded() -> None:
    loud = {(9, 3): "failed", (9, 4): "changed", (9, 5): "unreachable", (8, 6): "ignored"}
    spans = told(_story(10, loud), settings=Settings(span_budget=0))
    outcomes = Counter(span.attributes["ansible.task.host.outcome"] for span in _hosts(spans))
    assert {name: outcomes[name] for name in ("failed", "changed", "unreachable", "ignored")} == {
        "failed": 1,
        "changed": 1,
        "unreachable": 1,
        "ignored": 1,
    }


def test_the_slowest_of_a_play_stay() -> None:
    story = Story(hosts=HOSTS)
    t = 0.0
    for task in range(3):
        story.announce(t, f"Task {task}")
        for number, host in enumerate(HOSTS):
            slow = task == 2 and number % 20 == 0
            story.finish(t + (0.5 if slow else 0.01), story.start(t, f"Task {task}", host))
            t += 0.6
    story.end(t)
    spans = told(story, settings=Settings(span_budget=0))
    kept = [span for span in _hosts(spans) if span.seconds > 0.4]
    assert len(kept) == 10
    assert len(_hosts(spans)) == 50 + 10, "the first fifty were the slowest when they came"


def test_items_go_before_skipped_results_and_these_before_ok_ones() -> None:
    story = Story(hosts=HOSTS)
    t = 0.0
    for task in range(20):
        name = f"Task {task}"
        story.announce(t, name, loop=task % 2 == 0)
        for number, host in enumerate(HOSTS):
            execution = story.start(t, name, host)
            if task % 2 == 0:
                story.add(ev.ItemFinished(_ns(t + 0.005), host, "ok", label="one"))
            story.finish(t + 0.01, execution, "skipped" if number % 2 else "ok")
            t += 0.02
    story.end(t)
    budget = 2000
    (sink,) = opened(story.events, NOWHERE, Settings(span_budget=budget))
    sent = 0
    last: dict[str, int] = {}
    for node in nodes_of(story.events):
        sent += len(items := list(sink.translate(node)))
        if items:
            last[node.outcome.value if node.kind.value == "host" else node.kind.value] = sent
    assert last["item"] <= budget
    assert budget < last["skipped"] <= budget * 1.05 + 1
    assert budget * 1.05 < last["ok"] <= budget * 1.1 + 1


def test_folded_items_are_counted_in_their_host_result_and_failed_ones_stay_with_their_parent() -> None:
    story = Story(hosts=("h1", "h2"))
    story.announce(0.1, "Loop", loop=True)
    for host, bad in (("h1", False), ("h2", True)):
        one = story.start(0.2, "Loop", host)
        for index in range(4):
            status = "failed" if bad and index == 2 else "changed"
            story.add(ev.ItemFinished((index + 1) * SECOND, host, status, label=str(index)))
        story.finish(5, one, "failed" if bad else "changed")
    story.end(6)
    spans = told(story, settings=Settings(span_budget=0))
    first, second = sorted(
        (span for span in spans if span.name == "Loop"), key=lambda span: span.attributes["ansible.task.host.name"]
    )
    assert (first.attributes["ansible.folded.items"], second.attributes["ansible.folded.items"]) == (4, 3)
    (item,) = [span for span in spans if span.name == "Loop item"]
    assert item.parent_id == second.span_id
    assert named(spans, "RUN site.yml").attributes["ansible.spans.dropped"] == 7


def test_retried_results_stay() -> None:
    story = Story(hosts=HOSTS)
    story.announce(0, "Warm up")
    t = 0.0
    for host in HOSTS:
        story.finish(t + 0.01, story.start(t, "Warm up", host))
        t += 0.02
    story.announce(t, "Wait")
    one = story.start(t, "Wait", "h1")
    story.add(ev.AttemptFailed(_ns(t + 0.001), "h1", attempts=3, delay=0.001))
    story.finish(t + 0.005, one, detail={"attempts": 2})
    story.end(t + 1)
    spans = told(story, settings=Settings(span_budget=0))
    wait = named(spans, "Wait")
    assert [span.parent_id for span in spans if span.name == "Wait attempt"] == [wait.span_id] * 2


def test_folding_is_the_same_at_every_delivery() -> None:
    story = _story(10, {(7, 7): "changed"})
    settings = Settings(span_budget=300)
    (first,), (second,) = opened(story.events, NOWHERE, settings), opened(story.events, NOWHERE, settings)
    nodes = nodes_of(story.events)
    assert translated(first, nodes) == translated(second, nodes)


def test_a_retried_item_stays_with_its_tries() -> None:
    story = Story(hosts=("h1",))
    story.announce(0, "Wait", loop=True)
    one = story.start(0, "Wait", "h1")
    story.add(ev.AttemptFailed(_ns(0.5), "h1", attempts=3, delay=0.1))
    story.add(ev.ItemFinished(_ns(1), "h1", "ok", label="first"))
    story.add(ev.ItemFinished(_ns(2), "h1", "ok", label="second"))
    story.finish(3, one)
    story.end(4)
    spans = told(story, settings=Settings(span_budget=0))
    item = named(spans, "Wait item")
    assert item.attributes["ansible.item.label"] == "first"
    assert [span.parent_id for span in spans if span.name == "Wait attempt"] == [item.span_id] * 2


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_no_span_of_a_folded_run_lacks_its_parent(journal: Path) -> None:
    spans = spans_of(recorded(journal), settings=Settings(span_budget=0))
    known = {span.span_id for span in spans}
    assert [span.name for span in spans if span.parent_id not in known] == [spans[-1].name]


def test_a_result_stays_if_an_item_of_it_was_sent_before_the_budget_was_used_up() -> None:
    story = Story("free", hosts=HOSTS)
    story.announce(0, "Slow")
    for host in HOSTS[:60]:
        story.finish(100, story.start(0, "Slow", host))
    story.announce(100, "Loop", loop=True)
    one = story.start(100, "Loop", "h199")
    story.add(ev.ItemFinished(_ns(101), "h199", "ok", label="early"))
    story.announce(101, "Fast")
    for host in HOSTS[:100]:
        story.finish(102, story.start(101.9, "Fast", host))
    story.finish(103, one)
    story.end(104)
    spans = told(story, settings=Settings(span_budget=62))
    assert named(spans, "RUN site.yml").attributes["ansible.spans.dropped"] > 50
    assert named(spans, "Loop item").parent_id == named(spans, "Loop").span_id
