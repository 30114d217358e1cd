"""How long each host waited for a free fork: time in which it could have begun, and all forks were taken.

A host can begin a task in lockstep when the task is announced, elsewhere when it has ended the one before. What is
kept grows with the hosts and the forks, not with the results.
"""

from __future__ import annotations

from .. import events as ev
from .scope import in_lockstep

__all__ = ["Forks"]


class Forks:
    """Is told in order what concerns forks. Times are ns since the run's start."""

    def __init__(self) -> None:
        self._forks = 0  # how many there are; 0 where Ansible did not tell, then nobody is seen to wait
        self._working: dict[int, str] = {}  # execution to host
        self._taken_ns = 0  # how long all forks were taken, up to now or to since when they are
        self._since: int | None = None
        self._lockstep = True
        self._told = 0  # what was taken when all hosts of the batch, or of the task, could begin
        self._freed: dict[str, int] = {}  # what was taken when the host ended its latest task

    def begin(self, event: ev.RunStarted) -> None:
        """The run begins."""
        self._forks = event.forks

    def enter_play(self, event: ev.PlayStarted) -> None:
        """A play or one batch of it begins."""
        self._free(event.t)
        self._working.clear()
        self._freed.clear()
        self._lockstep = in_lockstep(event.strategy)
        self._told = self._taken_ns

    def announced(self, event: ev.TaskStarted) -> None:
        """A task is announced."""
        if self._lockstep:
            self._told = self._taken(event.t)

    def started(self, event: ev.HostStarted) -> int:
        """A worker starts; return how long its host waited for a fork, ns."""
        since = self._told if self._lockstep else self._freed.get(event.host, self._told)
        waited = self._taken(event.t) - since
        self._working[event.execution] = event.host
        if self._since is None and 0 < self._forks <= len(self._working):
            self._since = event.t
        return max(0, waited)

    def ended(self, execution: int, t: int) -> None:
        """A worker ends, by its own word or, where it said none, by its result."""
        host = self._working.pop(execution, None)
        if host is None:
            return
        if self._since is not None and len(self._working) < self._forks:
            self._free(t)
        self._freed[host] = self._taken(t)

    def _taken(self, t: int) -> int:
        return self._taken_ns if self._since is None else self._taken_ns + max(0, t - self._since)

    def _free(self, t: int) -> None:
        self._taken_ns = self._taken(t)
        self._since = None
