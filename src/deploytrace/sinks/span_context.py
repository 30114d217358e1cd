"""Where a run's spans belong: its trace, its parent in somebody else's trace, and whether it is recorded at all.

A sampler is asked once for each run, with what is known of it at its start, and its answer holds for all spans: every
sampler that OpenTelemetry specifies decides by trace id and parent alone, so that is what it would say for each of
them, and a trace without half of its spans would be of no use.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import PurePath

from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from .. import identity
from ..events import RunStarted
from .sdk import sampling
from .span import SpanLink

__all__ = ["LINK_KIND", "TraceContext", "trace_context"]

_log = logging.getLogger(__name__)

LINK_KIND = "ansible.link.kind"

_HAS_IS_REMOTE = 0x100  # OTLP: SpanFlags
_IS_REMOTE = 0x200
_DEFAULT_SAMPLER = "parentbased_always_on"
_SAMPLERS: Mapping[str, Callable[[float], sampling.Sampler]] = {
    "always_on": lambda _: sampling.ALWAYS_ON,
    "always_off": lambda _: sampling.ALWAYS_OFF,
    "traceidratio": sampling.TraceIdRatioBased,
    "parentbased_always_on": lambda _: sampling.DEFAULT_ON,
    "parentbased_always_off": lambda _: sampling.DEFAULT_OFF,
    "parentbased_traceidratio": sampling.ParentBasedTraceIdRatio,
}


@dataclass(frozen=True)
class TraceContext:
    """What all spans of a run share. ``parent_id`` is the root's remote parent, empty where it has none."""

    run_id: str
    trace_id: str
    parent_id: str
    trace_state: str
    sampled: bool
    root_links: tuple[SpanLink, ...]

    def flags(self, *, root: bool) -> int:
        """Return OTLP's span flags; only the root's parent, if any, is in another process."""
        return int(self.sampled) | _HAS_IS_REMOTE | (_IS_REMOTE if root and self.parent_id else 0)

    def link(self, node_id: str, kind: str) -> SpanLink:
        """Return a link to a node of the same run."""
        return SpanLink(self.trace_id, identity.span_id(self.run_id, node_id), {LINK_KIND: kind}, self.trace_state)


def _ratio(environ: Mapping[str, str]) -> float:
    text = environ.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    if not text:
        return 1.0
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        _log.warning("OTEL_TRACES_SAMPLER_ARG is %r but must be a number from 0 to 1; 1 is used.", text)
        return 1.0
    return ratio


def _sampler(environ: Mapping[str, str]) -> sampling.Sampler:
    """Return the sampler that ``OTEL_TRACES_SAMPLER`` names: one of the specification's or an installed one."""
    name = environ.get("OTEL_TRACES_SAMPLER", "").strip().lower() or _DEFAULT_SAMPLER
    make = _SAMPLERS.get(name)
    if make is not None:
        return make(_ratio(environ) if "ratio" in name else 1.0)
    for found in entry_points(group="opentelemetry_traces_sampler", name=name):
        try:
            made = found.load()(environ.get("OTEL_TRACES_SAMPLER_ARG"))
        except Exception as error:  # noqa: BLE001 - somebody else's code
            _log.warning("The sampler %s cannot be used (%s); %s is used.", name, error, _DEFAULT_SAMPLER)
            return sampling.DEFAULT_ON
        if isinstance(made, sampling.Sampler):
            return made
    _log.warning("There is no sampler %r (OTEL_TRACES_SAMPLER); %s is used.", name, _DEFAULT_SAMPLER)
    return sampling.DEFAULT_ON


def _previous(started: RunStarted) -> tuple[SpanLink, ...]:
    """Return the link to the playbook before this one in the same command."""
    trace, _, span = (started.previous or "").partition("-")
    if len(trace) != 32 or len(span) != 16:
        return ()
    return (SpanLink(trace, span, {LINK_KIND: "previous_playbook"}),)


def trace_context(started: RunStarted, environ: Mapping[str, str]) -> TraceContext:
    """Return where a run's spans belong. Baggage is handed on to what tasks run, never recorded on spans."""
    incoming = identity.parse_traceparent(started.traceparent) if started.join_trace != "ignore" else None
    trace_id = identity.trace_id(started.run_id, started.traceparent, started.join_trace)
    state = TraceState.from_header([started.tracestate]) if incoming and started.tracestate else TraceState()
    links = _previous(started)
    context = None
    parent_id = ""
    if incoming is not None and started.join_trace == "parent":
        remote = SpanContext(int(incoming[0], 16), int(incoming[1], 16), True, TraceFlags(incoming[2]), state)
        context = set_span_in_context(NonRecordingSpan(remote))
        parent_id = incoming[1]
    elif incoming is not None:
        links = (*links, SpanLink(incoming[0], incoming[1], {LINK_KIND: "incoming_context"}, state.to_header()))
        state = TraceState()
    name = f"RUN {PurePath(started.playbook).name}"
    attributes = {"cicd.pipeline.action.name": "RUN", "ansible.version": started.ansible_version}
    answer = _sampler(environ).should_sample(
        context, int(trace_id, 16), name, SpanKind.SERVER, attributes, None, state if context is not None else None
    )
    return TraceContext(
        run_id=started.run_id,
        trace_id=trace_id,
        parent_id=parent_id,
        trace_state=(answer.trace_state or TraceState()).to_header(),
        sampled=answer.decision is sampling.Decision.RECORD_AND_SAMPLE,
        root_links=links,
    )
