"""What the store keeps of a run's shape beside its sums: enough to tell its tree and its schedule by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..events import TaskDefined
from ..run.model import BatchDetail, BlockDetail, HostDetail, Node, RoleDetail
from ..store.entries import ContainerRow
from ..store.names import clean

__all__ = ["Shape", "own_ns", "written"]

# What a definition in the store does not say, or may say of another run's version of the task.
_WRITTEN = (
    *("action", "role", "role_fqcn", "rescuable", "include", "meta", "loop", "async_seconds", "delegate_to"),
    *("run_once", "throttle", "no_log", "check_mode", "tags"),
)


class Shape:
    """Numbers the containers of a run as they are met, and remembers when hosts were told of what is open.

    ``base`` is the run's start (Unix ns). What it keeps grows with the containers and the open tasks of a play.
    """

    def __init__(self, base: int) -> None:
        self._base = base
        self._met = 0
        self._numbers: dict[str, int] = {}
        self._told: dict[str | None, int] = {}

    def container(self, node_id: str | None) -> int | None:
        """Return the number of the container with this node id, None for a play."""
        if node_id is None or node_id.startswith("play/"):
            return None
        number = self._numbers.get(node_id)
        if number is None:
            self._met += 1
            number = self._numbers[node_id] = self._met
        return number

    def row(self, node: Node, detail: BatchDetail | RoleDetail | BlockDetail, play: int) -> ContainerRow:
        """Return the row of a container that has ended, in the play with this number."""
        return ContainerRow(
            number=self.container(node.id) or 0,
            node=clean(node.id),
            container=self.container(node.parent),
            play=play,
            name=clean(node.name),
            started_ns=node.start - self._base,
            duration_ns=node.end - node.start,
            outcome=node.outcome.value,
            detail=_json(detail._asdict()),
        )

    def waited(self, node: Node, detail: HostDetail) -> int | None:
        """Return how long a host waited for its start, None where it was told of the task with those before it."""
        told = node.start - detail.waited_ns
        return None if self._told.setdefault(node.parent, told) == told else detail.waited_ns

    def told(self, task: Node) -> int:
        """Return when the hosts of a task that has ended were told of it, but for those with a time of their own."""
        return self._told.pop(task.id, task.start) - self._base

    def leave_play(self) -> None:
        """Forget what was in a play."""
        self._numbers.clear()
        self._told.clear()


def own_ns(said: Mapping[str, Any]) -> int | None:
    """Return what the module itself took by what its result said, None where it did not say so."""
    delta = said.get("delta")
    return round(delta * 1e9) if isinstance(delta, (int, float)) else None


def written(definition: TaskDefined) -> str:
    """Return how a task was written in this run, as a JSON object; what is usual is left out.

    ``roles`` are the names of the roles that it stands in, outermost first, where these are not just its own.
    """
    usual = TaskDefined._field_defaults
    values = {name: getattr(definition, name) for name in _WRITTEN}
    told = {name: value for name, value in values.items() if value != usual.get(name)}
    roles = [str(each["name"]) for each in definition.ancestors if each.get("kind") == "role"]
    return _json(told if roles == [definition.role] or not roles else {**told, "roles": roles})


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))  # ASCII: every database takes it
