"""Which host did a work, where the task was delegated."""

from __future__ import annotations

from .model import AttemptDetail, HostDetail, ItemDetail

__all__ = ["delegate_of"]


def delegate_of(detail: HostDetail | ItemDetail | AttemptDetail) -> str | None:
    """Return the name of the host that did it, as the result says, else as the task does.

    None where the task was not delegated, or to what a template says that nobody evaluated for all: of a loop's items
    each may have another, and tells it itself.
    """
    told = detail.detail.get("delegated_host")
    if told:
        return str(told)
    written = detail.definition.delegate_to
    return None if written is None or "{{" in written else written
