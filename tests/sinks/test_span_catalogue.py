"""What is emitted is what is documented: one table, held from both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploytrace.identity import span_id
from deploytrace.run.model import Kind
from deploytrace.settings import Settings
from deploytrace.sinks import span_catalogue
from deploytrace.sinks.span_containers import CONTEXT_PREFIX
from deploytrace.sinks.span_events import EVENTS

from .spans import JOURNALS, nodes_of, recorded, spans_of

PAGE = Path(__file__).parents[2] / "docs" / "spans.md"

TYPES = {"string": str, "int": int, "double": float, "boolean": bool, "string[]": list}


def test_the_page_is_in_step() -> None:
    assert PAGE.read_text() == span_catalogue.page(), (
        "regenerate it: python -m deploytrace.sinks.span_catalogue > docs/spans.md"
    )


@pytest.mark.parametrize("kind", span_catalogue.SHAPES)
def test_each_kind_names_an_attribute_once_and_stays_far_below_every_limit(kind: Kind) -> None:
    names = [one.name for one in span_catalogue.attributes_of(kind)]
    assert len(names) == len(set(names))
    assert len(names) <= 64
    assert {one.type for one in span_catalogue.attributes_of(kind)} <= TYPES.keys()


@pytest.mark.parametrize("journal", JOURNALS, ids=lambda path: path.stem)
def test_every_attribute_of_a_real_run_is_in_the_catalogue_with_its_type(journal: Path) -> None:
    events = recorded(journal)
    settings = Settings(compat_http_url=True, jaeger_peer_service=True, span_budget=30)
    kinds = {_span_id(events, node.id): node.kind for node in nodes_of(events)}
    for span in spans_of(events, settings=settings):
        known = {one.name: TYPES[one.type] for one in span_catalogue.attributes_of(kinds[span.span_id])}
        for name, value in span.attributes.items():
            if name.startswith(CONTEXT_PREFIX):
                name = CONTEXT_PREFIX + "{name}"
            assert type(value) is known[name], (span.name, name, value)
        shapes = {event.name: {name for name, _, _ in event.attributes} for event in EVENTS}
        for event in span.events:
            assert event.attributes.keys() <= shapes[event.name]


def _span_id(events: list[Any], node: str) -> str:
    return span_id(events[0].run_id, node)
