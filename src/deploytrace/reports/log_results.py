"""How a host result, a loop item or a failed try stands in the log: its status line, then all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from ..run.delegation import delegate_of
from ..run.model import AttemptDetail, HostDetail, ItemDetail, Node, Outcome, TaskDetail
from ..timestamps import elapsed
from .log_text import clock, entry
from .wording import neutral_line

__all__ = ["result_lines", "task_title"]

# What is read first when something went wrong stands first; what else there is follows in the order of the result.
_FIRST = ("reason", "msg", "cmd", "rc", "stdout", "stderr", "module_stdout", "module_stderr", "exception")
_WARNINGS = {"warnings": "[WARNING]", "deprecations": "[DEPRECATION WARNING]"}
_TOLD = {"changed", "delegated_host", "connection", *_WARNINGS}  # elsewhere on the page
_RAN = ("start", "end", "delta")  # by the host's own clock
_GATHERING = ("gather_facts", "setup")
_CENSORED = "the output is hidden, since no_log is set for this result"


def task_title(node: Node) -> str:
    """Return ``role | name`` of a task or of the one that a result belongs to; its name where it has no role."""
    if not isinstance(node.detail, (TaskDetail, HostDetail, ItemDetail, AttemptDetail)):
        return neutral_line(node.name)
    definition = node.detail.definition
    role = f"{neutral_line(definition.role)} | " if definition.role else ""
    return role + (neutral_line(definition.name) or definition.action)


def result_lines(node: Node, zone: tzinfo | None) -> Iterator[str]:
    """Yield a result's lines; of the tries of a task only those that failed before another one."""
    detail = node.detail
    if isinstance(detail, AttemptDetail):
        if detail.maximum is None:  # the last try: its result says the same
            return
        yield _status("retrying", node, f"(try {detail.number} of {detail.maximum}, next in {detail.delay:g}s)", zone)
        yield from _told(detail.detail)
    elif isinstance(detail, ItemDetail):
        label = f"item={neutral_line(detail.label)}" if detail.label is not None else f"item {detail.index + 1}"
        yield _status(node.outcome.value, node, f"=> ({label})", zone)
        yield from _told(_with_reason(node, detail.detail))
    elif isinstance(detail, HostDetail):
        yield _status(node.outcome.value, node, "", zone)
        yield from _told(_without_facts(node, _with_reason(node, detail.detail)))
        yield from _moments(node, zone)


def _status(word: str, node: Node, remark: str, zone: tzinfo | None) -> str:
    detail = node.detail
    assert isinstance(detail, (HostDetail, ItemDetail, AttemptDetail))  # noqa: S101 - for the type checker
    target = delegate_of(detail) or detail.definition.delegate_to
    host = neutral_line(detail.host) + (f" -> {neutral_line(target)}" if target else "")
    parts = (
        f"{word}: [{host}]",
        remark,
        f"{clock(node.end, zone):%H:%M:%S}",
        f"({elapsed((node.end - node.start) / 1e9)})",
    )
    return " ".join(part for part in parts if part)


def _with_reason(node: Node, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add why the run's end found a result open."""
    if node.outcome is Outcome.INTERRUPTED and node.failure is not None:
        return {"reason": node.failure.message, **detail}
    return detail


def _without_facts(node: Node, detail: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out the facts of a host where they were only gathered: hundreds of lines, which Ansible leaves out too."""
    rest = detail.get("rest")
    definition = getattr(node.detail, "definition", None)
    if not isinstance(rest, Mapping) or definition is None or definition.action.rpartition(".")[2] not in _GATHERING:
        return detail
    return {**detail, "rest": {key: value for key, value in rest.items() if key != "ansible_facts"}}


def _told(detail: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is known of a result, each text once."""
    if detail.get("censored"):
        detail = {"censored": _CENSORED, **{key: value for key, value in detail.items() if key != "censored"}}
    if "reason" in detail and detail["reason"] == detail.get("msg"):
        detail = {key: value for key, value in detail.items() if key != "msg"}
    if all(key in detail for key in _RAN):
        start, end, seconds = (detail[key] for key in _RAN)
        detail = {key: value for key, value in detail.items() if key not in _RAN}
        day = f"{str(start).partition(' ')[0]} "
        detail["ran"] = f"{start} to {str(end).removeprefix(day)} ({seconds:g}s)"
    order = [*(key for key in _FIRST if key in detail), *(key for key in detail if key not in _FIRST)]
    for key in order:
        if key == "rest" and isinstance(detail[key], Mapping):
            for name, value in detail[key].items():
                yield from entry(str(name), value)
        elif key not in _TOLD:
            yield from entry(key, detail[key])
    for key, mark in _WARNINGS.items():
        for text in detail.get(key) or ():
            yield from entry(mark, str(text))


def _moments(node: Node, zone: tzinfo | None) -> Iterator[str]:
    polls = [moment for moment in node.moments if moment.name == "ansible.async.poll"]
    if polls:
        told = [f"{clock(poll.t, zone):%H:%M:%S} {poll.attributes.get('ansible.async.status')}" for poll in polls]
        yield from entry("polled", told)
    files = [name for moment in node.moments for name in moment.attributes.get("ansible.diff.files", ())]
    if files:
        yield from entry("diff", files)
