"""What is read of Ansible's objects, by duck typing over all supported versions; the only place that knows their forms.

Nothing of Ansible is imported: an attribute that one version lacks has its fallback here. Every text becomes a plain
``str`` (2.17 hands out subclasses, 2.19 and later tagged strings).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

__all__ = [
    "host_and_task",
    "item_label",
    "location",
    "play_hosts",
    "raw_name",
    "reader",
    "result_of",
    "strings",
    "task_name",
]

_READ: dict[type, Callable[[Any], tuple[Any, Any]]] = {}  # how the host and the task of a kind of results are read
_UTR = "_CallbackTaskResult__utr"  # 2.21 and later: the cheap way to an item's label, its absence is provided for


def strings(value: Any) -> tuple[str, ...]:
    """Return a field that may be absent, one text or a list of texts as a tuple of texts."""
    if value is None:
        return ()
    if isinstance(value, (str, int, float)):
        return (str(value),)
    return tuple(str(part) for part in value)


def raw_name(thing: Any) -> str:
    """Return the name of a play, block or task as it is written in the playbook; "" where there is none.

    ``thing.name`` will not do: at the task's start it is already evaluated, for the first host (ANSIBLE_FACTS 3).
    """
    data = getattr(thing, "_ds", None)
    if isinstance(data, dict):
        name = data.get("name")
        return str(name) if isinstance(name, str) else ""
    name = getattr(thing, "name", None)
    return str(name) if isinstance(name, str) else ""


def task_name(task: Any) -> str:
    """Return a task's name as written, or its action where it has none (Ansible shows it the same way)."""
    name = raw_name(task)
    if name:
        return name
    action = str(task.action)
    role = getattr(task, "_role_name", None)  # include_role and import_role show the role's name
    return f"{action} : {role}" if isinstance(role, str) and "{{" not in role else action


def location(thing: Any) -> tuple[str | None, int | None]:
    """Return file and line of a play, block or task; (None, None) where Ansible made it up itself."""
    if not isinstance(getattr(thing, "_ds", None), dict):
        return None, None
    path, separator, line = str(thing.get_path() or "").rpartition(":")
    if not separator or not line.isdigit():
        return None, None
    return path, int(line)


def host_and_task(result: Any) -> tuple[Any, Any]:
    """Return the host and the task of a result (``_host`` and ``_task`` until 2.18, public names since 2.19)."""
    kind = type(result)
    read = _READ.get(kind)
    if read is None:
        read = _READ[kind] = reader(result)
    return read(result)


def reader(result: Any) -> Callable[[Any], tuple[Any, Any]]:
    """Return what reads the host and the task of results of this kind."""
    return attrgetter("host", "task") if hasattr(result, "host") else attrgetter("_host", "_task")


def result_of(result: Any) -> dict[str, Any]:
    """Return the result's dictionary. Costs 60 to 200 µs on 2.19 and later: not for the ordinary result."""
    try:
        data = result.result
    except AttributeError:
        data = result._result
    return data if isinstance(data, dict) else {}


def item_label(result: Any) -> Any:
    """Return the label of a loop item (any type), or None where it is hidden by no_log or there is none.

    The cheap way of each version first: 2.21 and later keep it in a private object, 2.19 and 2.20 in ``_return_data``
    (already censored), before that ``_result`` is at hand. Where they are gone, ``.result`` has it.
    """
    utr = getattr(result, _UTR, None)
    if utr is not None and hasattr(utr, "loop_item_label"):
        _, task = host_and_task(result)
        return None if task.no_log or utr.no_log else utr.loop_item_label
    data = getattr(result, "_return_data", None)
    if not isinstance(data, dict):
        data = result_of(result)
    if data.get("_ansible_no_log") or "censored" in data:
        return None
    if "_ansible_item_label" in data:
        return data["_ansible_item_label"]
    return data.get(str(data.get("ansible_loop_var", "item")))


def play_hosts(play: Any) -> tuple[tuple[str, ...] | None, int | None]:
    """Return the hosts of this batch of a play and how many hosts all batches have; None where Ansible did not tell."""
    try:
        inventory = play.get_variable_manager()._inventory
        batch = inventory.get_hosts(play.hosts)
        total = inventory.get_hosts(play.hosts, ignore_restrictions=True)
    except Exception:  # noqa: BLE001 - a private way that a version may close; replay knows the hosts by their results
        return None, None
    return tuple(str(host.name) for host in batch), len(total)
