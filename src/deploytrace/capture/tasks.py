"""From Ansible's play and task objects to the events that introduce them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from ..events import PlayStarted, TaskDefined
from .ancestry import ancestors, fqcn, rescuable
from .extract import location, play_hosts, raw_name, strings, task_name
from .redact import MASK, Redactor

__all__ = ["play_started", "task_defined"]

_ARGUMENT = 512  # characters kept of an argument's text
_ARGUMENTS = 40  # arguments kept of a task
_INCLUDES = frozenset({"include_tasks", "include_role"})
_META = frozenset({"meta"})
_PREFIXES = ("ansible.builtin.", "ansible.legacy.")


def play_started(redactor: Redactor, t: int, number: int, play: Any) -> PlayStarted:
    """Return the event of a play start."""
    hosts, total = play_hosts(play)
    pattern = ",".join(strings(getattr(play, "hosts", None)))
    path, line = location(play)
    serial = strings(getattr(play, "serial", None))
    return PlayStarted(
        t=t,
        play=number,
        uuid=str(play._uuid),
        name=redactor.name(raw_name(play) or pattern),
        hosts_pattern=redactor.name(pattern, 1024),
        strategy=str(getattr(play, "strategy", "") or ""),
        serial=tuple(redactor.name(part) for part in serial),
        hosts=hosts,
        hosts_total=total,
        path=path,
        line=line,
    )


def task_defined(
    redactor: Redactor,
    t: int,
    task: Any,
    number: int,
    play: int,
    *,
    handler: bool,
    args: bool,
    secret: Container[str] = (),
) -> TaskDefined:
    """Return the event that introduces a task.

    ``args``: whether its arguments are recorded; ``secret``: the names of those that its module declares to be secret.
    """
    action = str(task.action)
    role = getattr(task, "_role", None)
    path, line = location(task)
    no_log = task.no_log is not False and task.no_log is not None
    around = () if handler else ancestors(task)
    meta = _bare(action) in _META
    return TaskDefined(
        t=t,
        task=number,
        play=play,
        uuid=str(task._uuid),
        name=redactor.name(task_name(task)),
        action=action,
        handler=handler,
        role=str(role.get_name()) if role is not None else None,
        role_fqcn=fqcn(role) if role is not None else None,
        path=path,
        line=line,
        ancestors=tuple({**entry, "name": redactor.name(entry["name"])} for entry in around),
        rescuable=rescuable(task) and (not meta or _flushes(task)),
        include=_bare(action) in _INCLUDES,
        meta=meta,
        loop=bool(getattr(task, "loop", None) or getattr(task, "loop_with", None)),
        async_seconds=_number(getattr(task, "async_val", 0), otherwise=1),  # a template of it: asynchronous it is
        delegate_to=_optional(redactor, getattr(task, "delegate_to", None)),
        run_once=getattr(task, "run_once", False) is True,
        throttle=_number(getattr(task, "throttle", 0), otherwise=0),
        no_log=no_log,
        check_mode=getattr(task, "check_mode", False) is True,
        tags=tuple(redactor.name(tag) for tag in strings(getattr(task, "tags", None))),
        args=_arguments(redactor, task.args, secret) if args and not no_log else {},
        notify=tuple(redactor.name(name) for name in strings(getattr(task, "notify", None))),
        listen=tuple(redactor.name(name) for name in strings(getattr(task, "listen", None))),
    )


def _flushes(meta: Any) -> bool:
    """Say whether a meta task has the handlers run."""
    return isinstance(meta.args, Mapping) and meta.args.get("_raw_params") == "flush_handlers"


def _bare(action: str) -> str:
    """Return the name of a builtin action without its collection."""
    for prefix in _PREFIXES:
        action = action.removeprefix(prefix)
    return action


def _number(value: Any, otherwise: int) -> int:
    """Return what is written as a number; ``otherwise`` where it is a template, which only Ansible can evaluate."""
    if isinstance(value, int):
        return value
    return int(value) if str(value).isdigit() else otherwise


def _optional(redactor: Redactor, value: Any) -> str | None:
    return redactor.name(str(value)) if value is not None else None


def _arguments(redactor: Redactor, args: Any, secret: Container[str]) -> dict[str, str]:
    """Return a task's arguments as they are written, each as one text."""
    if not isinstance(args, Mapping):
        return {}
    return {
        redactor.name(str(key)): MASK
        if key in secret or redactor.secret_name(key)
        else redactor.shown(value, _ARGUMENT, secret)
        for key, value in list(args.items())[:_ARGUMENTS]
    }
