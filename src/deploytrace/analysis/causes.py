"""What went wrong in a run, and where: failures grouped by cause, so that 500 hosts with one trouble are one finding.

Two failures have one cause where their task is the same and so is the reason, the host's own name and address left out
of account. What somebody handled (rescued, ignored) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..events import TaskDefined
from ..run.model import HostDetail, Kind, Node, Outcome

__all__ = ["Cause", "Causes", "causes_of"]

_MOST_CAUSES = 200  # that are told apart; failures beyond are counted
_MOST_HOSTS = 1000  # whose names are kept, of one cause
_AT_ONCE = 1_000_000_000  # ns within which the work that is broken off ends

_BAD = frozenset({Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class Cause:
    """One trouble. ``outcome`` is failed or unreachable; interrupted for what was under way when the run broke off.

    ``hosts`` are in the order in which it struck them, at most 1,000 of ``hosts_total``. ``detail``
    (`events.DETAIL_KEYS`) and ``reason`` are the first host's. ``first`` and ``last`` say when it struck (Unix ns).
    """

    outcome: Outcome
    definition: TaskDefined
    play: str
    reason: str
    hosts: tuple[str, ...]
    hosts_total: int
    detail: Mapping[str, Any]
    attempts: int
    first: int
    last: int


class _Group:
    """A cause that still grows."""

    def __init__(self, node: Node, detail: HostDetail, reason: str) -> None:
        self.outcome = node.outcome
        self.detail = detail
        self.reason = reason
        self.hosts: dict[str, None] = {}
        self.unnamed = 0
        self.first = self.last = node.end

    def strike(self, node: Node, host: str) -> None:
        if len(self.hosts) < _MOST_HOSTS:
            self.hosts[host] = None
        elif host not in self.hosts:
            self.unnamed += 1
        self.first, self.last = min(self.first, node.end), max(self.last, node.end)

    def cause(self) -> Cause:
        return Cause(
            outcome=self.outcome,
            definition=self.detail.definition,
            play=self.detail.play,
            reason=self.reason,
            hosts=tuple(self.hosts),
            hosts_total=len(self.hosts) + self.unnamed,
            detail=self.detail.detail,
            attempts=self.detail.attempts,
            first=self.first,
            last=self.last,
        )


class Causes:
    """Collects the causes of a run from its nodes; what it keeps is bounded."""

    def __init__(self) -> None:
        self.untold = 0  # failures whose cause was one too many
        self._groups: dict[tuple[Any, ...], _Group] = {}
        self._known: dict[tuple[Any, ...], _Group] = {}  # also by the reasons as the hosts gave them

    def take(self, node: Node) -> None:
        """Take in a node of the run, in replay's order."""
        detail = node.detail
        if node.kind is not Kind.HOST or node.outcome not in _BAD or not isinstance(detail, HostDetail):
            return
        reason = _reason(node)
        task = detail.definition
        key = (node.outcome, detail.play, task.role_fqcn, task.path, task.line, task.name)
        as_given = (*key, reason)
        group = self._known.get(as_given)
        if group is None:
            group = self._group((*key, _general(reason, detail)), node, detail, reason)
            if group is not None and len(self._known) < 2 * _MOST_CAUSES:
                self._known[as_given] = group
        if group is None:
            self.untold += 1
        else:
            group.strike(node, detail.host)

    def _group(self, key: tuple[Any, ...], node: Node, detail: HostDetail, reason: str) -> _Group | None:
        group = self._groups.get(key)
        if group is None and len(self._groups) < _MOST_CAUSES:
            group = self._groups[key] = _Group(node, detail, reason)
        return group

    def failures(self) -> tuple[Cause, ...]:
        """Return what failed or was out of reach, the first to strike first."""
        found = (group.cause() for group in self._groups.values() if group.outcome is not Outcome.INTERRUPTED)
        return tuple(sorted(found, key=lambda cause: cause.first))

    def under_way(self) -> tuple[Cause, ...]:
        """Return what hosts were at when the run broke off, the task of most of them first."""
        found = [group.cause() for group in self._groups.values() if group.outcome is Outcome.INTERRUPTED]
        latest = max((cause.last for cause in found), default=0)
        # An execution that never had a result ends with its batch; only those of the last one were under way.
        return tuple(sorted(found, key=lambda cause: (latest - cause.last > _AT_ONCE, -cause.hosts_total)))


def causes_of(nodes: Iterable[Node]) -> Causes:
    """Return the causes among a run's nodes."""
    causes = Causes()
    for node in nodes:
        causes.take(node)
    return causes


def _reason(node: Node) -> str:
    return node.failure.message if node.failure is not None else ""


def _general(reason: str, detail: HostDetail) -> str:
    """Return a reason without what is the host's own in it: its name, its address."""
    own = {detail.host, detail.host.partition(".")[0]}
    if detail.seen is not None and detail.seen.address:
        own.add(detail.seen.address)
    pattern = "|".join(re.escape(name) for name in sorted(own, key=len, reverse=True) if name)
    return re.sub(rf"(?<![\w.-])(?:{pattern})(?![\w-])", "*", reason)
