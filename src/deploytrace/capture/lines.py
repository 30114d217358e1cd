"""The lines that are written for every task on every host, put together without an event object in between.

They are byte for byte what `journal.format.encode` makes of the event, a test holds them to it; making and encoding the
event costs 7 µs each, which is most of what a host result may cost at all (docs/performance.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..journal.format import to_json

__all__ = ["host_finished", "host_started", "item_finished", "quoted", "task_started", "worker_ended"]


def quoted(text: str) -> str:
    """Return a text as a JSON string of pure ASCII; done once per host name and once per item's label."""
    return json.dumps(str(text))


def task_started(t: int, task: int) -> bytes:
    """Return the line of `events.TaskStarted`."""
    return b'{"e":"task_started","t":%d,"task":%d}\n' % (t, task)


def host_started(t: int, execution: int, task: int, quoted_host: str) -> bytes:
    """Return the line of `events.HostStarted`."""
    return (f'{{"e":"host_started","t":{t},"execution":{execution},"task":{task},"host":{quoted_host}}}\n').encode(
        "ascii"
    )


def host_finished(
    t: int, execution: int, task: int, quoted_host: str, status: str, detail: Mapping[str, Any] | None = None
) -> bytes:
    """Return the line of an `events.HostFinished` that has nothing else to say than, perhaps, its details."""
    more = f',"detail":{to_json(detail)}' if detail else ""
    return (
        f'{{"e":"host_finished","t":{t},"execution":{execution},"task":{task},"host":{quoted_host},'
        f'"status":"{status}"{more}}}\n'
    ).encode("ascii")


def item_finished(
    t: int, execution: int, status: str, quoted_label: str | None, detail: Mapping[str, Any] | None = None
) -> bytes:
    """Return the line of an `events.ItemFinished` that does not fail, or is not ignored."""
    label = "" if quoted_label is None else f',"label":{quoted_label}'
    more = f',"detail":{to_json(detail)}' if detail else ""
    return f'{{"e":"item_finished","t":{t},"execution":{execution},"status":"{status}"{label}{more}}}\n'.encode("ascii")


def worker_ended(t: int, execution: int, pid: int) -> bytes:
    """Return the line of `events.WorkerEnded`."""
    return b'{"e":"worker_ended","t":%d,"execution":%d,"pid":%d}\n' % (t, execution, pid)
