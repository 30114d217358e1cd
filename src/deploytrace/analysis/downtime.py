"""What the windows of single hosts mean for a service: when it had fewer hosts than all, and when it had none.

The windows themselves are nodes (`Kind.DOWNTIME`, made by `run.downtime`); here they are laid over each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..run.model import DowntimeDetail, Node, RunDetail

__all__ = ["Downtimes", "Interval", "ServiceDowntime", "length"]

Interval = tuple[int, int]
"""From when to when, Unix ns."""


@dataclass(frozen=True, slots=True)
class ServiceDowntime:
    """One service in one run; ``service`` is empty where the tags name none. Intervals are in order and do not overlap.

    ``reduced``: when fewer than all of its hosts were up, ``outage``: when none was, each as long as it can have been
    (from the windows' ``seconds``). The other two are how long that was at least, in ns (from their ``at_least``).
    ``hosts`` is how many hosts the service has (`run.service_hosts`), ``open`` whether the run left one down.
    """

    service: str
    hosts: int
    open: bool
    reduced: tuple[Interval, ...]
    reduced_at_least_ns: int
    outage: tuple[Interval, ...]
    outage_at_least_ns: int


@dataclass(slots=True)
class _Windows:
    """The windows of one service so far, as long as they can have been and as far as they are certain."""

    possible: list[Interval] = field(default_factory=list)
    certain: list[Interval] = field(default_factory=list)
    open: bool = False


class Downtimes:
    """Lays a run's windows over each other, fed node by node in replay's order; keeps four numbers for each window."""

    def __init__(self) -> None:
        self._windows: defaultdict[str, _Windows] = defaultdict(_Windows)
        self._hosts: dict[str, int] = {}

    def take(self, node: Node) -> None:
        """Take in a node; all but windows and the run itself are passed over."""
        detail = node.detail
        if isinstance(detail, DowntimeDetail):
            windows = self._windows[detail.service]
            windows.possible.append((node.start, node.start + detail.duration_ns))
            windows.open |= detail.open
            if detail.at_least_ns:
                windows.certain.append((detail.at_least_from, detail.at_least_from + detail.at_least_ns))
        elif isinstance(detail, RunDetail):
            self._hosts = dict(detail.service_hosts)

    def services(self) -> tuple[ServiceDowntime, ...]:
        """Return each service that was down on a host, by name, once the run's node has been taken in."""
        return tuple(self._service(name, windows) for name, windows in sorted(self._windows.items()))

    def _service(self, name: str, windows: _Windows) -> ServiceDowntime:
        hosts = self._hosts.get(name, 0)
        return ServiceDowntime(
            service=name,
            hosts=hosts,
            open=windows.open,
            reduced=_overlaid(windows.possible, 1),
            reduced_at_least_ns=length(_overlaid(windows.certain, 1)),
            outage=_overlaid(windows.possible, max(1, hosts)),
            outage_at_least_ns=length(_overlaid(windows.certain, max(1, hosts))),
        )


def length(intervals: Iterable[Interval]) -> int:
    """Return how long intervals that do not overlap are together, ns."""
    return sum(end - start for start, end in intervals)


def _overlaid(intervals: Iterable[Interval], depth: int) -> tuple[Interval, ...]:
    """Return where at least ``depth`` of the intervals lie over each other."""
    steps = sorted(step for start, end in intervals for step in ((start, 1), (end, -1)))
    found: list[Interval] = []
    height, since = 0, 0
    for at, step in steps:
        before, height = height, height + step
        if before < depth <= height:
            since = at
        elif height < depth <= before and at > since:
            found.append((since, at))
    return tuple(found)
