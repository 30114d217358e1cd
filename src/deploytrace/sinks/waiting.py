"""What hosts wait for each other in a play, and which of them they wait for."""

from __future__ import annotations

from collections import Counter

from ..run.model import Node, Outcome, TaskDetail

__all__ = ["Waiting"]


class Waiting:
    """Takes the host results and tasks of a play as they end; the play's end says whether it was in step at all."""

    def __init__(self) -> None:
        self._ends: dict[str | None, tuple[int, int]] = {}  # of open tasks: how many hosts are done, sum of their ends
        self._stragglers: Counter[str] = Counter()
        self._idle_ns = 0

    def host(self, node: Node) -> None:
        """Take in a host result that has ended by itself."""
        count, ends = self._ends.get(node.parent, (0, 0))
        self._ends[node.parent] = (count + 1, ends + node.end)

    def task(self, node: Node, detail: TaskDetail) -> None:
        """Take in a task whose host results all have been taken in."""
        count, ends = self._ends.pop(node.id, (0, 0))
        if node.outcome is Outcome.INTERRUPTED:
            return
        self._idle_ns += max(0, count * node.end - ends)
        if detail.straggler_host is not None:
            self._stragglers[detail.straggler_host] += detail.straggler_ns

    def leave(self, *, lockstep: bool) -> tuple[Counter[str], int]:
        """Return each host's share of what slow hosts cost, and what the others waited (ns); begin anew."""
        stragglers, idle = self._stragglers, self._idle_ns
        self._ends.clear()
        self._stragglers, self._idle_ns = Counter(), 0
        return (stragglers, idle) if lockstep else (Counter(), 0)
