"""A run in the Trace Event Format, which ui.perfetto.dev and chrome://tracing open: a thread for each host.

Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event Format)
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..run.model import Kind, Node, Tree
from .walk import host_of, packed, parents_first

__all__ = ["as_perfetto"]

_RUN, _HOSTS, _DOWNTIME = 1, 2, 3
_PROCESSES = {_RUN: "plays, roles and tasks", _HOSTS: "hosts", _DOWNTIME: "downtime"}


def as_perfetto(tree: Tree, run_id: str) -> dict[str, Any]:
    """Return a run as JSON values; times are microseconds since the run's start."""
    groups: dict[tuple[int, str], list[Node]] = defaultdict(list)
    names = {node.id: node.name for node in parents_first(tree)}
    for node in parents_first(tree):
        host = host_of(node)
        process = _RUN if host is None else _DOWNTIME if node.kind is Kind.DOWNTIME else _HOSTS
        groups[process, host or ""].append(node)
    events: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": name}}
        for pid, name in _PROCESSES.items()
    ]
    thread = 0
    for (process, host), nodes in groups.items():
        for number, lane in enumerate(packed(nodes), start=1):
            thread += 1
            name = (host or "run") + (f" ({number})" if number > 1 else "")
            events.append({"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": {"name": name}})
            events += [_event(node, tree.node.start, process, thread, names) for node in lane]
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"run_id": run_id}}


def _event(node: Node, start: int, process: int, thread: int, names: dict[str, str]) -> dict[str, Any]:
    """Return a node as a complete event; a host result is named after its task."""
    name = names.get(node.parent or "", node.name) if node.kind is Kind.HOST else node.name
    arguments = {"kind": node.kind.value, "outcome": node.outcome.value}
    if node.failure is not None:
        arguments["error"] = node.failure.message
    return {
        "ph": "X",
        "name": name,
        "cat": f"{node.kind.value},{node.outcome.value}",
        "ts": (node.start - start) / 1000,
        "dur": (node.end - node.start) / 1000,
        "pid": process,
        "tid": thread,
        "args": arguments,
    }
