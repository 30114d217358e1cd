"""Who is who: the ids of runs, traces and spans, the same on both sides of the journal and at every delivery.

A node of a run has a *node id*, a short path such as ``host/17/item/2`` made of the numbers that the journal gives
to plays, tasks and executions. Its span id is a hash of run id and node id: whoever replays the journal again, or
hands the context to a task while it runs, arrives at the same span id, so sending a span twice does no harm.
"""

from __future__ import annotations

import hashlib
import re
import secrets

__all__ = [
    "RUN_NODE",
    "attempt_node",
    "batch_node",
    "block_node",
    "downtime_node",
    "host_node",
    "item_node",
    "new_run_id",
    "parse_traceparent",
    "play_node",
    "role_node",
    "span_id",
    "task_node",
    "trace_id",
    "traceparent",
]

RUN_NODE = "run"

_TRACEPARENT = r"^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$"


def new_run_id() -> str:
    """Return a fresh run id: 32 lower-case hex digits, random; it doubles as the trace id of a run without a parent."""
    return secrets.token_hex(16)


def parse_traceparent(value: str | None) -> tuple[str, str, int] | None:
    """Return (trace id, span id, flags) of a W3C ``TRACEPARENT``, or None where it is absent or invalid.

    Source: https://www.w3.org/TR/trace-context/#traceparent-header (version ff and all-zero ids are invalid).
    """
    match = re.match(_TRACEPARENT, value.strip()) if value else None
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    trace, span, flags = match[2], match[3], int(match[4], 16)
    if not int(trace, 16) or not int(span, 16):
        return None
    return trace, span, flags


def trace_id(run_id: str, incoming: str | None = None, join: str = "parent") -> str:
    """Return the run's trace id (32 hex digits): the incoming context's where it is joined, else the run id itself."""
    parent = parse_traceparent(incoming) if join == "parent" else None
    return parent[0] if parent else run_id


def span_id(run_id: str, node_id: str) -> str:
    """Return the span id (16 hex digits) of a node, the same at every call."""
    return hashlib.sha256(f"{run_id}/{node_id}".encode()).hexdigest()[:16]


def traceparent(trace: str, span: str, *, sampled: bool = True) -> str:
    """Return a W3C ``TRACEPARENT`` value for a child of the given span."""
    return f"00-{trace}-{span}-{'01' if sampled else '00'}"


def play_node(play: int) -> str:
    """Node id of a play, by the number of its (first) play start in the run."""
    return f"play/{play}"


def batch_node(play: int) -> str:
    """Node id of a serial batch, by the number of its play start in the run."""
    return f"batch/{play}"


def role_node(play: int, role: str, entry: int = 1) -> str:
    """Node id of a role invocation: Ansible's uuid of the role object, within one play start."""
    return f"role/{play}/{role}" + (f"/{entry}" if entry > 1 else "")


def block_node(play: int, block: str, section: str = "block", entry: int = 1) -> str:
    """Node id of a block, or of its rescue or always section, within one play start."""
    return f"block/{play}/{block}/{section}" + (f"/{entry}" if entry > 1 else "")


def task_node(task: int, occurrence: int = 1) -> str:
    """Node id of a task; ``occurrence`` counts the flushes of a handler."""
    return f"task/{task}/{occurrence}"


def host_node(execution: int) -> str:
    """Node id of a host result, by the number of its execution."""
    return f"host/{execution}"


def item_node(execution: int, index: int) -> str:
    """Node id of a loop item; ``index`` counts from 0."""
    return f"host/{execution}/item/{index}"


def downtime_node(host_result: str, service: str) -> str:
    """Node id of a downtime window, by the node id of the host result that opened it and the service's name."""
    return f"downtime/{host_result.removeprefix('host/')}" + (f"/{service}" if service else "")


def attempt_node(parent: str, number: int) -> str:
    """Node id of one try of a retried task or item; ``number`` counts from 1."""
    return f"{parent}/attempt/{number}"
