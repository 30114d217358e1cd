"""What happens within a node, as span events: their names are constant, what varies is in their attributes."""

from __future__ import annotations

from ..run.model import Kind, Node, Outcome
from .span import SpanEvent, Value
from .span_shape import EventShape

__all__ = ["EVENTS", "events_of"]

EVENTS: tuple[EventShape, ...] = (
    EventShape(
        "exception",
        "On a host result that ended in a module's traceback or could not reach its host.",
        (
            ("exception.type", "string", "The exception's class, or unreachable."),
            ("exception.message", "string", "What it said."),
            ("exception.stacktrace", "string", "The traceback, redacted and cut."),
        ),
    ),
    EventShape(
        "ansible.async.poll",
        "The controller looked after an asynchronous job; of more than 20, the first and the last ten.",
        (("ansible.async.status", "string", "running, ok or failed."),),
    ),
    EventShape(
        "ansible.include",
        "An include was loaded.",
        (
            ("ansible.include.file", "string", "The file, or the role."),
            ("ansible.include.hosts", "int", "For how many hosts."),
        ),
    ),
    EventShape(
        "ansible.diff",
        "Ansible showed a diff.",
        (("ansible.diff.files", "string[]", "What changed; never the content."),),
    ),
    EventShape("ansible.warning", "A module warned.", (("message", "string", "What it said."),)),
    EventShape("ansible.deprecation", "A module told of a deprecation.", (("message", "string", "What it said."),)),
    EventShape(
        "ansible.prompt", "A play asked for a variable.", (("ansible.prompt", "string", "The variable's name."),)
    ),
    EventShape("ansible.no_hosts_matched", "The play matched no hosts."),
    EventShape("ansible.no_hosts_remaining", "No hosts were left in the play."),
    EventShape(
        "ansible.signal",
        "Ansible's main process received a signal that ends it.",
        (("ansible.signal", "int", "The signal's number."),),
    ),
)

_KNOWN = {event.name: {name: kind for name, kind, _ in event.attributes} for event in EVENTS}
_LOUD = (Outcome.FAILED, Outcome.UNREACHABLE)


def _value(kind: str, value: object) -> Value:
    if kind == "string[]":
        return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)
    return value if kind == "int" and isinstance(value, int) else str(value)


def _exception(node: Node) -> list[SpanEvent]:
    failure = node.failure
    if node.kind is not Kind.HOST or node.outcome not in _LOUD or failure is None:
        return []
    if failure.exception is None and node.outcome is not Outcome.UNREACHABLE:
        return []
    found: dict[str, Value] = {"exception.type": failure.exception or failure.type}
    if failure.message:
        found["exception.message"] = failure.message
    if failure.stacktrace:
        found["exception.stacktrace"] = failure.stacktrace
    return [SpanEvent(node.end, "exception", found)]


def events_of(node: Node) -> list[SpanEvent]:
    """Return a node's events in order of time; one that is not in the table above is not told."""
    events = _exception(node)
    for moment in node.moments:
        known = _KNOWN.get(moment.name)
        if known is not None:
            pairs = ((name, moment.attributes.get(name)) for name in known)
            found = {name: _value(known[name], value) for name, value in pairs if value is not None}
            events.append(SpanEvent(moment.t, moment.name, found))
    if len(events) > 1:
        events.sort(key=lambda event: event.t)
    return events
