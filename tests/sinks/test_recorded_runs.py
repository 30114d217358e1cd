"""Every recorded run, on an old and a new Ansible: the whole tree, once, the same each time and in each form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploytrace.identity import span_id
from deploytrace.run.model import Kind, Outcome
from ground.otlp import spans_from_json, tree

from .spans import JOURNALS, NOWHERE, nodes_of, opened, recorded, request_of, spans_of, translated

pytestmark = pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)


def test_every_node_is_one_span_within_its_parent(journal: Path) -> None:
    events = recorded(journal)
    nodes = nodes_of(events)
    spans = spans_of(events)
    run_id = events[0].run_id  # type: ignore[union-attr]
    assert [span.span_id for span in spans] == [span_id(run_id, node.id) for node in nodes]
    assert len({span.span_id for span in spans}) == len(spans)
    by_id = {span.span_id: span for span in spans}
    assert [span.name for span in tree(spans)[""]] == [spans[-1].name], "one root, sent last"
    for span in spans[:-1]:
        parent = by_id[span.parent_id]
        assert parent.start <= span.start <= span.end <= parent.end


def test_status_is_error_for_what_nobody_handled_and_unset_else(journal: Path) -> None:
    events = recorded(journal)
    unhandled = (Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED)
    for node, span in zip(nodes_of(events), spans_of(events), strict=True):
        if node.kind is not Kind.RUN:
            assert span.status == (2 if node.outcome in unhandled else 0), span.name
        assert ("error.type" in span.attributes) == (span.status == 2)


def test_a_second_translation_gives_the_same_bytes(journal: Path) -> None:
    events = recorded(journal)
    (first,), (second,) = opened(events, NOWHERE), opened(events, NOWHERE)
    assert translated(first, nodes_of(events)) == translated(second, nodes_of(events))


def test_json_and_protobuf_say_the_same(journal: Path, tmp_path: Path) -> None:
    events = recorded(journal)
    (sink,) = opened(events, {}, state_dir=tmp_path)
    document = json.loads(request_of(sink, translated(sink, nodes_of(events))))
    assert spans_from_json(document) == spans_of(events)
