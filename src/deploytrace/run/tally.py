"""The run's own sums: hosts by how they ended, tasks, seconds lost to slow hosts, and the verdict on the run."""

from __future__ import annotations

from collections import defaultdict

from ..events import RunEnded
from .containers import Container
from .model import Failure, Outcome
from .tasks import Occurrence

__all__ = ["Tally"]


class Tally:
    """Figures that grow with the run; their size depends on the number of hosts only."""

    def __init__(self) -> None:
        self.tasks = 0
        self.straggler_ns = 0
        self.controller_ip: str | None = None
        self.done_again = False  # Ansible's debugger had a host do a task again, and took back its first result
        self._outcomes: dict[str, set[Outcome]] = defaultdict(set)

    def host(self, host: str, outcome: Outcome) -> None:
        """Count a host result."""
        self._outcomes[host].add(outcome)

    def task(self, occurrence: Occurrence, lockstep: bool) -> None:
        """Count a task that has ended; only in lockstep does a slow host make the others wait."""
        self.tasks += 1
        if lockstep:
            self.straggler_ns += occurrence.straggler_ns

    def hosts(self) -> dict[str, int]:
        """Return the number of hosts, in all (``total``) and by outcome: those that had it at least once.

        ``ok`` counts the hosts without any failure that nobody handled.
        """
        counts = {"total": len(self._outcomes)}
        for outcome in Outcome:
            if outcome not in (Outcome.OK, Outcome.RUNNING):
                counts[outcome.value] = sum(outcome in seen for seen in self._outcomes.values())
        bad = {Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED}
        counts["ok"] = sum(not (seen & bad) for seen in self._outcomes.values())
        return counts

    def judge(self, run: Container, ended: RunEnded | None) -> str:
        """Settle the outcome of a run that came to its regular end; return its cicd.pipeline.result."""
        stats = ended.stats.values() if ended is not None else ()
        failed = any(host.get("failures") for host in stats)
        unreachable = any(host.get("unreachable") for host in stats)
        if self.done_again and not failed and not unreachable:
            run.outcome = run.failure = None
        if run.outcome not in (Outcome.FAILED, Outcome.UNREACHABLE) and (failed or unreachable):
            run.outcome = Outcome.FAILED if failed else Outcome.UNREACHABLE
            run.failure = run.failure or Failure("task_failed" if failed else "unreachable")
        if run.outcome in (Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED):
            return "failure"
        run.outcome = Outcome.OK if self._outcomes else Outcome.SKIPPED
        return "success" if self._outcomes else "skip"
