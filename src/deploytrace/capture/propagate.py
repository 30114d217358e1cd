"""Gives what a task runs its own ``TRACEPARENT``, per host, through the task's environment (setting ``propagate_env``).

This is done in the worker, to its own copy of the task. A user's own ``TRACEPARENT``, at the task, its block or its
play, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..events import RunStarted
from ..identity import host_node, parse_traceparent, span_id, trace_id, traceparent

__all__ = ["Propagation"]

_VARIABLE = "TRACEPARENT"

# raw has no environment; an include would hand it to its children; facts would keep it (ansible_env).
_NOT_FOR = frozenset(
    {"raw", "meta", "setup", "gather_facts", "include_tasks", "include_role", "import_tasks", "import_role"}
)


class Propagation:
    """Hands one run's context to the tasks of that run."""

    def __init__(self, started: RunStarted) -> None:
        joined = parse_traceparent(started.traceparent) if started.join_trace == "parent" else None
        self._run_id = started.run_id
        self._trace = trace_id(started.run_id, started.traceparent, started.join_trace)
        self._sampled = joined is None or bool(joined[2] & 1)

    def hand_to(self, task: Any, execution: int) -> None:
        """Put the context of an execution into the environment of its worker's task."""
        if str(task.action).rpartition(".")[2] in _NOT_FOR or _sets_it(task.environment):
            return
        span = span_id(self._run_id, host_node(execution))
        value = traceparent(self._trace, span, sampled=self._sampled)
        task.environment = [{_VARIABLE: value}, *_as_list(getattr(task, "_environment", None))]


def _as_list(own: Any) -> list[Any]:
    """Return a task's own environment as a list of mappings or templates; it is no value at all where it is not set."""
    if isinstance(own, (list, tuple)):
        return list(own)
    return [own] if isinstance(own, (str, Mapping)) else []


def _sets_it(environment: Any) -> bool:
    return any(isinstance(entry, Mapping) and _VARIABLE in entry for entry in environment or ())
