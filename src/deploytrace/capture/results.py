"""From Ansible's results to the events that tell of them; here results are read, redacted by what is known by then."""

from __future__ import annotations

from typing import Any

from ..events import AsyncPolled, AttemptFailed, DiffShown, ItemFinished
from ..settings import Settings
from .details import details
from .extract import host_and_task, item_label, result_of
from .redact import Redactor
from .secrets import Secrets

__all__ = ["Results"]

_LABEL = 256  # characters kept of an item's label
_FILES = 20  # files that a diff names


class Results:
    """Reads results for the recorder; ``t`` is the event's time, ``execution`` what the result's host is at."""

    def __init__(self, settings: Settings, redactor: Redactor, secrets: Secrets) -> None:
        self._results = settings.results
        self._redactor = redactor
        self._secrets = secrets

    def wanted(self, status: str) -> bool:
        """Return whether the details of a result of this status are recorded (setting ``results``)."""
        if status in ("failed", "unreachable") or self._results == "all":
            return True
        return self._results == "changes" and status == "changed"

    def details(self, result: Any, *, failed: bool) -> dict[str, Any]:
        """Return what is recorded of a result; of one that failed, with the reason."""
        self._secrets.look_at_host(host_and_task(result)[0])
        return details(self._redactor, result_of(result), failed=failed)

    def item(self, t: int, execution: int, result: Any, status: str) -> ItemFinished:
        """Return the event of a loop item's end; ``status`` is the hook's: ok, failed or skipped."""
        host, task = host_and_task(result)
        if status == "ok" and result.is_changed():
            status = "changed"
        self._secrets.look_at_host(host)
        label = item_label(result)
        return ItemFinished(
            t=t,
            execution=execution,
            status=status,
            ignored=status == "failed" and getattr(task, "ignore_errors", False) is True,
            label=None if label is None else self._redactor.shown(label, _LABEL),
            detail=self.details(result, failed=status == "failed") if self.wanted(status) else None,
        )

    def attempt(self, t: int, execution: int, result: Any) -> AttemptFailed:
        """Return the event of a try that failed, where another follows."""
        _, task = host_and_task(result)
        attempts, delay = result_of(result).get("retries"), getattr(task, "delay", 0)
        return AttemptFailed(
            t=t,
            execution=execution,
            attempts=attempts if isinstance(attempts, int) else None,
            delay=float(delay) if isinstance(delay, (int, float)) else 0.0,
            detail=self.details(result, failed=True),
        )

    def poll(self, t: int, execution: int, result: Any, status: str) -> AsyncPolled:
        """Return the event of a look after an asynchronous job."""
        self._secrets.look_at_host(host_and_task(result)[0])
        job = result_of(result).get("ansible_job_id")
        return AsyncPolled(t=t, execution=execution, job=self._redactor.name(str(job)) if job else None, status=status)

    def diff(self, t: int, execution: int, result: Any) -> DiffShown | None:
        """Return the event of a diff, or None where it is empty; only the names in its headers are recorded."""
        self._secrets.look_at_host(host_and_task(result)[0])
        diffs = result_of(result).get("diff")
        if not diffs:
            return None
        entries = [entry for entry in (diffs if isinstance(diffs, list) else [diffs]) if isinstance(entry, dict)]
        names = [entry.get("after_header") or entry.get("before_header") for entry in entries[:_FILES]]
        return DiffShown(
            t=t, execution=execution, files=tuple(self._redactor.name(str(name)) for name in names if name)
        )
