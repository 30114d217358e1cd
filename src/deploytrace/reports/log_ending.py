"""What stands at the end of a log: the recap as Ansible prints it, and every failure that nobody handled."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..events import RunEnded
from ..run.model import Kind, Node, Outcome
from .log_results import task_title
from .wording import neutral_line

__all__ = ["Troubles", "recap"]

_COUNTS = (
    ("ok", "ok"),
    ("changed", "changed"),
    ("unreachable", "unreachable"),
    ("failed", "failures"),
    ("skipped", "skipped"),
    ("rescued", "rescued"),
    ("ignored", "ignored"),
)
_GROUPS = 100  # kinds of trouble that are listed, in the order in which they first occurred
_HOSTS = 50  # hosts that are named with each
_UNHANDLED = (Outcome.FAILED, Outcome.UNREACHABLE, Outcome.INTERRUPTED)


def recap(ended: RunEnded | None) -> Iterator[str]:
    """Yield Ansible's own statistics, a line for each host; a run that was broken off has none."""
    if ended is None or not ended.stats:
        yield "Ansible gave no statistics."
        return
    for host, counts in sorted(ended.stats.items()):
        figures = " ".join(f"{word}={counts.get(key, 0):<4}" for word, key in _COUNTS)
        name = neutral_line(host)
        name = json.dumps(name, ensure_ascii=False) if " " in name else name  # no header, whatever a host is called
        yield f"{name:<26} : {figures}".rstrip()


class Troubles:
    """The failures of a run that nobody handled, the same failure of several hosts once."""

    def __init__(self) -> None:
        self.interrupted = False  # whether a host result was cut off by the run's end
        self._hosts: dict[tuple[Outcome, str, str], list[str]] = {}
        self._counts: dict[tuple[Outcome, str, str], int] = {}
        self._left_out = 0

    def note(self, node: Node) -> None:
        """Take in a result."""
        if node.kind is not Kind.HOST or node.outcome not in _UNHANDLED:
            return
        self.interrupted = self.interrupted or node.outcome is Outcome.INTERRUPTED
        reason = neutral_line(node.failure.message) if node.failure is not None else ""
        key = (node.outcome, task_title(node), reason)
        if key not in self._hosts and len(self._hosts) >= _GROUPS:
            self._left_out += 1
            return
        hosts = self._hosts.setdefault(key, [])
        self._counts[key] = self._counts.get(key, 0) + 1
        host = neutral_line(str(getattr(node.detail, "host", "")))
        if len(hosts) < _HOSTS and host not in hosts:
            hosts.append(host)

    def lines(self) -> Iterator[str]:
        """Yield them: ``failed: [hosts] task: reason``, and what the end cut off."""
        for (outcome, task, reason), hosts in self._hosts.items():
            more = self._counts[outcome, task, reason] - len(hosts)
            named = ", ".join(hosts) + (f" and {more} more" if more > 0 else "")
            if outcome is Outcome.INTERRUPTED:
                yield f"interrupted during [{task}] on {named}: {reason}"
            else:
                yield f"{outcome.value}: [{named}] {task}: {reason or 'no reason was given'}"
        if self._left_out:
            yield f"and {self._left_out} more; each stands above, after its task"
