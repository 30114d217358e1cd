"""One line of a diagnosis: what was looked at, whether it is well, and what to do where it is not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "ok", "problem", "unknown"]


@dataclass(frozen=True)
class Finding:
    """``state`` is ok, problem, or unknown (could not be looked at, because of another problem); ``remedy`` is a
    sentence that says what to do, empty unless there is a problem."""

    check: str  # a stable name for programs: python, ansible, callback, package, settings, state, store, endpoint, runs
    state: str
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(check, "ok", text)


def problem(check: str, text: str, remedy: str) -> Finding:
    """Return the finding that something is wrong, and what helps."""
    return Finding(check, "problem", text, remedy)


def unknown(check: str, text: str) -> Finding:
    """Return the finding that this could not be looked at."""
    return Finding(check, "unknown", text)
