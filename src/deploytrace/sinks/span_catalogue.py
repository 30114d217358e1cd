"""Every attribute and event that a span can have, gathered from the tables; the source of ``docs/spans.md``.

``python -m deploytrace.sinks.span_catalogue`` prints that page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..run.failure import ERROR_TYPES
from ..run.model import Kind
from . import budget, span_containers, span_downtime, span_results, span_tasks
from .span_events import EVENTS
from .span_resource import RESOURCE
from .span_shape import Attribute, Shape

__all__ = ["ERROR_TYPE", "OUTCOME", "SHAPES", "attributes_of", "page"]

SHAPES: Mapping[Kind, Shape[Any]] = {
    shape.kind: shape
    for shape in (
        span_containers.RUN,
        span_containers.PLAY,
        span_containers.BATCH,
        span_containers.ROLE,
        span_containers.BLOCK,
        span_tasks.TASK,
        span_tasks.HANDLER,
        span_results.HOST,
        span_results.ITEM,
        span_results.ATTEMPT,
        span_downtime.DOWNTIME,
    )
}

ERROR_TYPE: Attribute[Any] = Attribute(
    "error.type", "string", "Why, where the status is ERROR; one of the words below.", lambda _node, _subject: None
)
OUTCOME: Attribute[Any] = Attribute(
    "ansible.outcome",
    "string",
    "ok, failed, unreachable, skipped or interrupted; of tasks also changed, rescued and ignored.",
    lambda _node, _subject: None,
)
_CONTEXT: Attribute[Any] = Attribute(
    span_containers.CONTEXT_PREFIX + "{name}",
    "string",
    "Extra variables that the setting context_vars names.",
    lambda _node, _subject: None,
)
_RESULTS = (Kind.HOST, Kind.ITEM, Kind.ATTEMPT)
_EXTRA: Mapping[Kind, tuple[Attribute[Any], ...]] = {
    Kind.RUN: (*span_downtime.SERVICES, budget.DROPPED, _CONTEXT),
    Kind.TASK: budget.FOLDED_TASK,
    Kind.HANDLER: budget.FOLDED_TASK,
    Kind.HOST: budget.FOLDED_HOST,
}


def attributes_of(kind: Kind) -> tuple[Attribute[Any], ...]:
    """Return all attributes that a span of a kind of node can have."""
    outcome = () if kind in _RESULTS else (OUTCOME,)
    return (*SHAPES[kind].attributes, *outcome, ERROR_TYPE, *_EXTRA.get(kind, ()))


_INTRODUCTION = """\
# Spans

What a run looks like as an OpenTelemetry trace. This page is generated from the tables in `src/deploytrace/sinks` by
`python -m deploytrace.sinks.span_catalogue`; a test keeps it in step. Nothing is emitted that is not listed here.

- The tree is run > play > (serial batch) > role > block > task > host result > item or attempt. Handlers stand where
  they were flushed. Downtime windows stand beside the tasks that made them.
- Span ids are a hash of the run's id and the node's place in it: sending a trace again repeats them.
- Names and arguments are exported as they are written in the playbook, never evaluated. Hosts and item labels are
  attributes, never part of a name.
- Status is ERROR for what failed, was unreachable or was broken off, and for what contains it; else UNSET.
  A failure that was ignored, rescued or retried with success is no error: the outcome attribute tells of it.
- An incoming `TRACEPARENT` makes the run a child of that span, or links to it, or is ignored (setting `join_trace`);
  `TRACESTATE` is kept. `BAGGAGE` is handed on to what tasks run, and is not recorded.
- A sampler (`OTEL_TRACES_SAMPLER`) is asked once for each run; its answer holds for all spans.
- Texts longer than `attribute_length` (2,048 bytes) keep their beginning and their end; where
  `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` is set they are cut to that many characters. OpenTelemetry's limits on the
  number of attributes, events and links hold.
- Past `span_budget` spans, loop items that did not fail are folded into their host result, and skipped and fast ok host
  results into their task (`ansible.folded.*`); `ansible.spans.dropped` on the root says how many.
- `cicd.pipeline.task.run.url.full`, which the conventions require, is left out: Ansible has no such address.
- Keys that say "as community.general" have the meaning and format that `community.general.opentelemetry` gives them.

The scope is `deploytrace`, the schema `https://opentelemetry.io/schemas/1.44.0`.
"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    yield "| attribute | type | meaning |"
    yield "|---|---|---|"
    for name, kind, meaning in rows:
        yield f"| `{name}` | {kind} | {_cell(meaning)} |"


def _meaning(attribute: Attribute[Any]) -> str:
    return attribute.meaning + (f" Only with the setting `{attribute.setting}`." if attribute.setting else "")


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for kind, shape in SHAPES.items():
        yield f"## {kind.value.capitalize()}\n\n{shape.meaning} Name: `{shape.title}`. Kind: {shape.span_kinds}.\n"
        yield from _table((one.name, one.type, _meaning(one)) for one in attributes_of(kind))
        yield ""
    yield "## Events\n"
    for event in EVENTS:
        yield f"### `{event.name}`\n\n{event.meaning}\n"
        if event.attributes:
            yield from _table(event.attributes)
            yield ""
    yield "## Links\n\n| `ansible.link.kind` | from | to |\n|---|---|---|"
    yield "| notify | a handler | the host results that notified it |"
    yield "| previous_playbook | a run | the run before it in the same command |"
    yield "| incoming_context | a run | the span that `TRACEPARENT` named, with `join_trace = link` |"
    yield "\n## Resource\n"
    yield from _table(RESOURCE)
    yield "\n## `error.type`\n\n| value | meaning |\n|---|---|"
    for name, meaning in ERROR_TYPES.items():
        yield f"| `{name}` | {_cell(meaning)} |"


def page() -> str:
    """Return ``docs/spans.md``."""
    return "\n".join(_lines()) + "\n"


if __name__ == "__main__":
    print(page(), end="")
