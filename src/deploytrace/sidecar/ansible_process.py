"""Notices the end of Ansible's process, however it ended.

Its workers outlive a SIGKILL and hold on to its descriptors and locks, so neither the end of a pipe nor a freed lock
tells that it is gone. A pidfd does; where there is none, its pid and start time are looked up.
"""

from __future__ import annotations

import select

from ..events import RunStarted
from ..journal.owner import is_alive

__all__ = ["AnsibleProcess"]


class AnsibleProcess:
    """The process that records a run."""

    def __init__(self, started: RunStarted, pidfd: int | None) -> None:
        self._started = started
        self._poll: select.poll | None = None
        if pidfd is not None:
            self._poll = select.poll()
            self._poll.register(pidfd, select.POLLIN)

    def gone(self) -> bool:
        """Return whether the process has ended; waits for nothing."""
        if self._poll is not None:
            ready = self._poll.poll(0)
            if not ready or ready[0][1] & select.POLLIN:
                return bool(ready)
        return not is_alive(self._started)
