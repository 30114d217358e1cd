"""From Ansible's results to the events that tell of them; here results are read, redacted by what is known by then."""

from __future__ import annotations

from typing import Any

from ..events import AsyncPolled, AttemptFailed, DiffShown, ItemFinished
from .details import details
from .extract import host_and_task, item_label, result_of
from .lines import quoted
from .redact import Redactor
from .secrets import Secrets

__all__ = ["Results"]

_LABEL = 256  # characters kept of an item's label
_LABELS = 512  # labels remembered as they are shown
_FILES = 20  # files that a diff names
_FAILURES = frozenset({"failed", "unreachable"})
_WANTED = {
    "failures": _FAILURES,
    "changes": _FAILURES | {"changed"},
    "all": _FAILURES | {"ok", "changed", "skipped"},
}


class Results:
    """Reads results for the recorder; ``t`` is the event's time.

    ``results`` is the setting: of which results the details are recorded.
    """

    def __init__(self, results: str, redactor: Redactor, secrets: Secrets) -> None:
        self._full = results == "all"
        self.wanted = _WANTED[results]
        """The statuses of which the details are recorded."""
        self._redactor = redactor
        self._secrets = secrets
        self._labels: dict[str, str] = {}
        self._labels_known = 0

    def told(self, host: Any, task: Any, result: Any, status: str, *, ordinary: bool) -> dict[str, Any] | None:
        """Return what is recorded of a result that did not fail: its details, at least a delegate, or nothing."""
        if status in self.wanted:
            return self.details(host, task, result)
        return None if ordinary else self.delegate(host, task)

    def details(self, host: Any, task: Any, result: Any, *, failed: bool = False) -> dict[str, Any]:
        """Return what is recorded of a host's result; of one that failed, with the reason."""
        self._secrets.look_at_host(host)
        found = details(self._redactor, result_of(result), failed=failed, full=self._full)
        if not {"censored", "delegated_host"} & found.keys():  # until 2.20 only the evaluated task tells
            found.update(self.delegate(host, task))
        return found

    def delegate(self, host: Any, task: Any) -> dict[str, Any]:
        """Return which host a task or an item was delegated to, by its evaluated task: the result itself is not read.

        Nothing where only its items know: then the task of the host's result still has the template.
        """
        target = getattr(task, "delegate_to", None)
        if not isinstance(target, str) or "{{" in target:
            return {}
        self._secrets.look_at_host(host)
        return {"delegated_host": self._redactor.name(target)}

    def failed_item(self, t: int, result: Any) -> ItemFinished:
        """Return the event of the end of a loop item that failed."""
        host, task = host_and_task(result)
        detail = self.details(host, task, result, failed=True)
        label = item_label(result)
        return ItemFinished(
            t=t,
            host=str(host.name),
            status="failed",
            ignored=getattr(task, "ignore_errors", False) is True,
            label=None if label is None else self._redactor.shown(label, _LABEL),
            detail=detail,
        )

    def quoted_label(self, host: Any, result: Any) -> str | None:
        """Return the label of a loop item as a JSON string; what hosts loop over is mostly the same for all of them."""
        self._secrets.look_at_host(host)
        label = item_label(result)
        if label is None:
            return None
        if not isinstance(label, str) or len(label) > _LABEL:
            return quoted(self._redactor.shown(label, _LABEL))
        if self._labels_known != self._redactor.known.count or len(self._labels) >= _LABELS:
            self._labels.clear()
            self._labels_known = self._redactor.known.count
        found = self._labels.get(label)
        if found is None:
            found = self._labels[label] = quoted(self._redactor.shown(label, _LABEL))
        return found

    def attempt(self, t: int, result: Any) -> AttemptFailed:
        """Return the event of a try that failed, where another follows."""
        host, task = host_and_task(result)
        attempts, delay = result_of(result).get("retries"), getattr(task, "delay", 0)
        return AttemptFailed(
            t=t,
            host=str(host.name),
            attempts=attempts if isinstance(attempts, int) else None,
            delay=float(delay) if isinstance(delay, (int, float)) else 0.0,
            detail=self.details(host, task, result, failed=True),
        )

    def poll(self, t: int, result: Any, status: str) -> AsyncPolled:
        """Return the event of a look after an asynchronous job."""
        host, _ = host_and_task(result)
        self._secrets.look_at_host(host)
        job = result_of(result).get("ansible_job_id")
        return AsyncPolled(t=t, host=str(host.name), job=self._redactor.name(str(job)) if job else None, status=status)

    def diff(self, t: int, result: Any) -> DiffShown | None:
        """Return the event of a diff, or None where it is empty; only the names in its headers are recorded."""
        host, _ = host_and_task(result)
        self._secrets.look_at_host(host)
        diffs = result_of(result).get("diff")
        if not diffs:
            return None
        entries = [entry for entry in (diffs if isinstance(diffs, list) else [diffs]) if isinstance(entry, dict)]
        names = [entry.get("after_header") or entry.get("before_header") for entry in entries[:_FILES]]
        return DiffShown(
            t=t, host=str(host.name), files=tuple(self._redactor.name(str(name)) for name in names if name)
        )
