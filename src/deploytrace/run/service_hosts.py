"""How many hosts a service has in a run, so that its downtime can say whether any of them was still up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..events import PlayStarted

__all__ = ["ServiceHosts"]


class ServiceHosts:
    """The hosts of each service: those of the plays that hold a task which is marked for it.

    Hosts that a broken-off rollout never came to count: their old version is up. Hosts that skipped every marked task
    do not: the service is not theirs.
    """

    def __init__(self) -> None:
        self._named: defaultdict[str, set[str]] = defaultdict(set)  # by service
        self._beyond: defaultdict[str, int] = defaultdict(int)  # hosts of batches that never began
        self._acted: defaultdict[str, set[str]] = defaultdict(set)
        self._skipped: defaultdict[str, set[str]] = defaultdict(set)
        self._play_hosts: set[str] = set()
        self._play_total = 0
        self._play_services: set[str] = set()

    def enter(self, event: PlayStarted) -> None:
        """A play or one batch of it begins."""
        self._play_hosts.update(event.hosts or ())
        self._play_total = max(self._play_total, event.hosts_total or 0)

    def leave(self) -> None:
        """The play is over, its batches too."""
        for service in self._play_services:
            self._named[service] |= self._play_hosts
            self._beyond[service] = max(self._beyond[service], self._play_total - len(self._play_hosts))
        self._play_hosts, self._play_total, self._play_services = set(), 0, set()

    def marked(self, host: str, services: Iterable[str], *, skipped: bool) -> None:
        """A task that is marked for these services had a result on a host."""
        for service in services:
            self._play_services.add(service)
            self._play_hosts.add(host)
            (self._skipped if skipped else self._acted)[service].add(host)

    def counts(self) -> dict[str, int]:
        """Return the number of hosts by service."""
        return {
            service: len(named - (self._skipped[service] - self._acted[service])) + self._beyond[service]
            for service, named in sorted(self._named.items())
        }
