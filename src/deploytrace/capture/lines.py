"""The lines that are written for every task on every host, put together without an event object in between.

They are byte for byte what `journal.format.encode` makes of the event, a test holds them to it; making and encoding the
event costs 7 µs each, which is most of what a host result may cost at all (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

from ..journal.format import to_json

__all__ = ["detailed", "host_finished", "host_started", "item_finished", "quoted", "task_started", "worker_ended"]

quoted = encode_basestring_ascii
"""Return a text as a JSON string of pure ASCII."""


def detailed(detail: Mapping[str, Any] | None) -> str:
    """Return the end of a result's line: its details, or nothing where there are none."""
    return f',"detail":{to_json(detail)}' if detail else ""


def host_finished(t: int, task: int, host: str, status: str, detail: Mapping[str, Any] | None = None) -> bytes:
    """Return the line of an `events.HostFinished` that is not ignored."""
    line = '{"e":"host_finished","t":%d,"task":%d,"host":%s,"status":"%s"%s}\n'
    return (line % (t, task, quoted(host), status, detailed(detail))).encode("ascii")


def host_started(t: int, execution: int, task: int, host: str) -> bytes:
    """Return the line of `events.HostStarted`."""
    line = '{"e":"host_started","t":%d,"execution":%d,"task":%d,"host":%s}\n'
    return (line % (t, execution, task, quoted(host))).encode("ascii")


def task_started(t: int, task: int) -> bytes:
    """Return the line of `events.TaskStarted`."""
    return b'{"e":"task_started","t":%d,"task":%d}\n' % (t, task)


def item_finished(
    t: int, host: str, status: str, quoted_label: str | None, detail: Mapping[str, Any] | None = None
) -> bytes:
    """Return the line of an `events.ItemFinished` that does not fail, or is not ignored."""
    label = "" if quoted_label is None else f',"label":{quoted_label}'
    line = '{"e":"item_finished","t":%d,"host":%s,"status":"%s"%s%s}\n'
    return (line % (t, quoted(host), status, label, detailed(detail))).encode("ascii")


def worker_ended(t: int, execution: int, pid: int) -> bytes:
    """Return the line of `events.WorkerEnded`."""
    return b'{"e":"worker_ended","t":%d,"execution":%d,"pid":%d}\n' % (t, execution, pid)
