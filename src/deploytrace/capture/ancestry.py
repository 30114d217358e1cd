"""Where a task stands: the roles and blocks around it, outermost first.

Ansible knows three ways from a task to its role: the chain of blocks and includes above the task, the role that an
include_role or a ``meta`` dependency came from (``Role._parents``; a dependency's tasks are *not* in its dependent's
block chain), and the task's own ``_role``. They meet here.
"""

from __future__ import annotations

from typing import Any

from .extract import location, raw_name

__all__ = ["ancestors", "fqcn", "rescuable"]

_DEPTH = 64  # more levels than that are a circle, not a playbook


def ancestors(task: Any) -> tuple[dict[str, Any], ...]:
    """Return the roles and the named, rescuing or always blocks around a task, as `events.TaskDefined` wants them."""
    found: list[dict[str, Any]] = []
    role = getattr(task, "_role", None)
    pending = _role_line(role)
    child, parent = task, getattr(task, "_parent", None)
    for _ in range(_DEPTH):
        if parent is None:
            break
        owner = getattr(parent, "_role", None)
        if owner is not role:
            # The chain leaves the role here: all of the role's own blocks are collected, so the role comes around them.
            found += _leave(pending, owner)
            role, pending = owner, _role_line(owner)
        block = _block(child, parent)
        if block is not None:
            found.append(block)
        child, parent = parent, getattr(parent, "_parent", None)
    found += pending
    return tuple(_unrepeated(reversed(found)))


def rescuable(task: Any) -> bool:
    """Return whether a failure of the task would be rescued: a block around its section has a rescue."""
    child, parent = task, getattr(task, "_parent", None)
    for _ in range(_DEPTH):
        if parent is None:
            return False
        if getattr(parent, "rescue", None) and _section(child, parent) == "block":
            return True
        child, parent = parent, getattr(parent, "_parent", None)
    return False


def _role_line(role: Any) -> list[dict[str, Any]]:
    """Return a role and the roles that it was called from, innermost first."""
    line: list[dict[str, Any]] = []
    while role is not None and len(line) < _DEPTH:
        line.append(
            {
                "kind": "role",
                "key": str(role._uuid),
                "name": str(role.get_name()),
                "fqcn": fqcn(role),
                "path": str(getattr(role, "_role_path", "") or ""),
            }
        )
        parents = getattr(role, "_parents", None) or []
        role = parents[0] if parents else None
    return line


def fqcn(role: Any) -> str:
    """Return a role's name with its collection, where it has one."""
    try:
        return str(role.get_name(include_role_fqcn=True))
    except TypeError:
        return str(role.get_name())


def _leave(pending: list[dict[str, Any]], owner: Any) -> list[dict[str, Any]]:
    """Return the part of a role's line that is not also the line of the role that the chain goes on in."""
    outer = {entry["key"] for entry in _role_line(owner)}
    return [entry for entry in pending if entry["key"] not in outer]


def _unrepeated(entries: Any) -> list[dict[str, Any]]:
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for entry in entries:
        key = (entry["kind"], entry["key"], entry.get("section", ""))
        if key not in seen:
            seen.add(key)
            kept.append(entry)
    return kept


def _block(child: Any, parent: Any) -> dict[str, Any] | None:
    """Return the entry of a block that a reader of the playbook would recognise, or None."""
    if not hasattr(parent, "rescue") or not hasattr(parent, "block"):
        return None
    name = raw_name(parent)
    if not (name or parent.rescue or parent.always):
        return None
    path, line = location(parent)
    return {
        "kind": "block",
        "key": str(parent._uuid),
        "name": name,
        "section": _section(child, parent),
        "path": path,
        "line": line,
    }


def _section(child: Any, parent: Any) -> str:
    """Return the section of a block that a child stands in, by identity, else by uuid."""
    uuid = getattr(child, "_uuid", None)
    for section in ("rescue", "always"):
        if any(entry is child or getattr(entry, "_uuid", child) == uuid for entry in getattr(parent, section, ())):
            return section
    return "block"
