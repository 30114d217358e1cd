"""How a run ended, from its end record alone: for lists of many runs, where replaying each would take too long."""

from __future__ import annotations

from ..events import RunEnded, RunLost
from .model import Outcome

__all__ = ["outcome_of_ending"]


def outcome_of_ending(ending: RunEnded | RunLost) -> Outcome:
    """Return the outcome that the run's node has after a whole replay.

    Ansible's own statistics tell it: failures that were rescued or ignored are not among them.
    """
    if isinstance(ending, RunLost) or ending.reason == "interrupted":
        return Outcome.INTERRUPTED
    if ending.reason == "aborted" or any(host.get("failures") for host in ending.stats.values()):
        return Outcome.FAILED
    if any(host.get("unreachable") for host in ending.stats.values()):
        return Outcome.UNREACHABLE
    return Outcome.OK if ending.stats else Outcome.SKIPPED
