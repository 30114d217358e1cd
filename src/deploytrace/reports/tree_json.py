"""A run's tree for programs: plain JSON values, names and units as promised (DESIGN: public names).

Every node has ``name``, ``kind``, ``host`` (null above the hosts), ``start`` and ``end`` (Unix seconds), ``outcome``
and ``children``; further fields may be added, these stay.
"""

from __future__ import annotations

from typing import Any

from .. import identity
from ..run.delegation import delegate_of
from ..run.model import (
    AttemptDetail,
    BlockDetail,
    DowntimeDetail,
    HostDetail,
    ItemDetail,
    Node,
    RoleDetail,
    RunDetail,
    TaskDetail,
    Tree,
)

__all__ = ["as_json"]

_ON_A_HOST = (HostDetail, ItemDetail, AttemptDetail, DowntimeDetail)


def as_json(tree: Tree, run_id: str) -> dict[str, Any]:
    """Return a run's tree as JSON values, the run's node outermost."""
    node = tree.node
    record: dict[str, Any] = {
        "name": node.name,
        "kind": node.kind.value,
        "host": node.detail.host if isinstance(node.detail, _ON_A_HOST) else None,
        "start": node.start / 1e9,
        "end": node.end / 1e9,
        "duration": (node.end - node.start) / 1e9,
        "outcome": node.outcome.value,
        "id": node.id,
        "span_id": identity.span_id(run_id, node.id),
        **_special(node),
    }
    if node.failure is not None:
        record["error"] = {"type": node.failure.type, "message": node.failure.message}
    record["children"] = [as_json(child, run_id) for child in tree.children]
    return record


def _special(node: Node) -> dict[str, Any]:
    """Return what only this kind of node has."""
    detail = node.detail
    if isinstance(detail, RunDetail):
        started = detail.started
        return {
            "run_id": started.run_id,
            "trace_id": identity.trace_id(started.run_id, started.traceparent, started.join_trace),
            "playbook": started.playbook,
            "result": detail.result,
            "hosts": dict(detail.hosts),
        }
    if isinstance(detail, TaskDetail):
        return {"busy": detail.busy_ns / 1e9, "action": detail.definition.action, "role": detail.definition.role}
    if isinstance(detail, HostDetail):
        what = {"action": detail.definition.action, "role": detail.definition.role}
        return {"waited": detail.waited_ns / 1e9, **what, "delegated_to": delegate_of(detail)}
    if isinstance(detail, ItemDetail):
        return {"item": detail.label, "index": detail.index, "delegated_to": delegate_of(detail)}
    if isinstance(detail, AttemptDetail):
        return {"attempt": detail.number}
    if isinstance(detail, BlockDetail):
        return {"section": detail.section}
    if isinstance(detail, RoleDetail):
        return {"invocation": detail.invocation}
    if isinstance(detail, DowntimeDetail):
        return {
            "service": detail.service,
            "seconds": detail.duration_ns / 1e9,
            "at_least": detail.at_least_ns / 1e9,
            "open": detail.open,
        }
    return {}
