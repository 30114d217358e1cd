"""Why a result failed, in the words of ``error.type`` (low cardinality; the same on spans and metrics).

The vocabulary is documented in docs/spans.md. Ansible gives no error codes: what tells the kinds apart is which hook
was called, which keys the result has, and for a few kinds its own fixed sentences (ansible-core 2.17 to 2.22).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .model import Failure

__all__ = ["ERROR_TYPES", "failure_of"]

ERROR_TYPES: Mapping[str, str] = {
    "unreachable": "the host could not be reached",
    "timeout": "the task's timeout, or a connection's, was exceeded",
    "task_failed": "the module said that it failed",
    "assertion_failed": "an assert task did not hold",
    "module_not_found": "the module or action does not exist",
    "module_traceback": "the module broke off with an exception; known classes are appended after a colon",
    "template_error": "a template could not be evaluated (an undefined variable, say)",
    "parse_error": "a file could not be loaded (an include, a role)",
    "host_vars_error": "the variables of a host could not be read",
    "privilege_escalation": "become did not work",
    "cancelled": "the run was broken off by a signal",
    "lost": "Ansible's process disappeared without a word",
    "_OTHER": "anything else",
}

_KNOWN_EXCEPTIONS = frozenset(
    [
        "AttributeError",
        "ConnectionError",
        "FileNotFoundError",
        "ImportError",
        "IndexError",
        "JSONDecodeError",
        "KeyError",
        "MemoryError",
        "ModuleNotFoundError",
        "OSError",
        "PermissionError",
        "RuntimeError",
        "SyntaxError",
        "TimeoutError",
        "TypeError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "ValueError",
    ]
)
_EXCEPTION_LINE = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning)?)(?::|$)")

_SENTENCES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("timeout", r"^timed? ?out|timeout exceeded|failed to execute in the expected time"),
        ("privilege_escalation", r"(missing|incorrect|invalid) \w+ password|privilege escalation|become.*password"),
        (
            "module_not_found",
            r"couldn't resolve module/action|not found in configured module paths|module .* not found",
        ),
        (
            "template_error",
            r"is undefined|undefined variable|error.* templat|templat.* error|finalization of task args",
        ),
        ("parse_error", r"could not find or access|the role .* was not found|syntax error|failed to load|yaml parsing"),
        ("host_vars_error", r"host_?vars|group_?vars"),
    )
)


def _exception_class(traceback: str) -> str | None:
    """Return the class name on a Python traceback's last line, without its module; None where there is no traceback."""
    if "Traceback (most recent call last)" not in traceback:
        return None
    for line in reversed(traceback.strip().splitlines()):
        match = _EXCEPTION_LINE.match(line)
        if match:
            return match[1].rpartition(".")[2]
    return None


def failure_of(status: str, action: str, detail: Mapping[str, Any], *, include: bool = False) -> Failure:
    """Return why a failed or unreachable result failed; ``detail`` is the event's, already redacted."""
    message = str(detail.get("reason") or detail.get("msg") or "")
    trace = str(detail.get("exception") or detail.get("module_stderr") or "")
    exception = _exception_class(trace)

    def failure(kind: str) -> Failure:
        return Failure(kind, message, exception, trace if exception else None)

    if status == "unreachable":
        return failure("unreachable")
    if detail.get("timedout"):
        return failure("timeout")
    said = str(detail.get("msg") or "")
    for kind, pattern in _SENTENCES:
        if pattern.search(said) and (kind != "parse_error" or include):
            return failure(kind)
    if action.rpartition(".")[2] == "assert":
        return failure("assertion_failed")
    if exception is not None and "rc" not in detail:
        suffix = f":{exception}" if exception in _KNOWN_EXCEPTIONS else ""
        return failure("module_traceback" + suffix)
    return failure("parse_error" if include else "task_failed")
