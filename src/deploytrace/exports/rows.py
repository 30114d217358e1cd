"""A run as CSV: one row for each host result, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from ..run.model import HostDetail, Kind, Tree
from .walk import parents_first

__all__ = ["COLUMNS", "as_csv"]

COLUMNS: Mapping[str, str] = {
    "run_id": "the run's id",
    "playbook": "the playbook as it was given to Ansible",
    "play": "the play's name",
    "role": "the role's name, empty outside roles",
    "task": "the task's name",
    "action": "the module or action",
    "host": "the host's name in the inventory",
    "outcome": "`ok`, `changed`, `failed`, `unreachable`, `skipped`, `rescued`, `ignored` or `interrupted`",
    "start": "when the host began, Unix seconds",
    "end": "when it was done, Unix seconds",
    "seconds": "from one to the other",
    "waited": "seconds from the task's announcement until the host began",
    "attempts": "how many tries it took",
    "items": "how many loop items there were",
    "error": "why it failed",
}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(tree: Tree, run_id: str, playbook: str) -> str:
    """Return a run's host results in order of start, by RFC 4180, the names of the columns first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    results = [node for node in parents_first(tree) if node.kind is Kind.HOST]
    for node in sorted(results, key=lambda node: node.start):
        detail = node.detail
        if isinstance(detail, HostDetail):
            task = detail.definition
            texts = (run_id, playbook, detail.play, task.role or "", task.name, task.action, detail.host)
            error = node.failure.message if node.failure is not None else ""
            numbers = (f"{node.start / 1e9:.6f}", f"{node.end / 1e9:.6f}", f"{(node.end - node.start) / 1e9:.6f}")
            more = (f"{detail.waited_ns / 1e9:.6f}", detail.attempts, detail.items)
            writer.writerow((*map(_inert, texts), node.outcome.value, *numbers, *more, _inert(error)))
    return out.getvalue()


def _inert(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP: CSV injection) and that UTF-8 can hold."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text
