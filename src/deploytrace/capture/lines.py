"""The lines that are written for every task on every host, put together without an event object in between.

They are byte for byte what `journal.format.encode` makes of the event, a test holds them to it; making and encoding the
event costs 7 µs each, which is most of what a host result may cost at all (docs/performance.md). The two that come with
every worker are templates and no functions: see the law of the hot path in `recorder`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..journal.format import to_json

__all__ = ["HOST_FINISHED", "HOST_STARTED", "detailed", "item_finished", "quoted", "task_started", "worker_ended"]

HOST_STARTED = b'{"e":"host_started","t":%d,"execution":%d,"task":%d,"host":%b}\n'
"""`events.HostStarted`: its time, execution, task and quoted host."""
HOST_FINISHED = b'{"e":"host_finished","t":%d,"execution":%d,"task":%d,"host":%b,"status":"%b"%b}\n'
"""An `events.HostFinished` with nothing to say but its details: what `HOST_STARTED` takes, status, `detailed`."""


def quoted(text: str) -> bytes:
    """Return a text as a JSON string of pure ASCII; done once per host name and once per item's label."""
    return json.dumps(str(text)).encode("ascii")


def detailed(detail: Mapping[str, Any] | None) -> bytes:
    """Return the end of a result's line: its details, or nothing where there are none."""
    return f',"detail":{to_json(detail)}'.encode("ascii") if detail else b""


def task_started(t: int, task: int) -> bytes:
    """Return the line of `events.TaskStarted`."""
    return b'{"e":"task_started","t":%d,"task":%d}\n' % (t, task)


def item_finished(
    t: int, execution: int, status: str, quoted_label: bytes | None, detail: Mapping[str, Any] | None = None
) -> bytes:
    """Return the line of an `events.ItemFinished` that does not fail, or is not ignored."""
    label = b"" if quoted_label is None else b',"label":' + quoted_label
    start = b'{"e":"item_finished","t":%d,"execution":%d,"status":"%b"' % (t, execution, status.encode("ascii"))
    return start + label + detailed(detail) + b"}\n"


def worker_ended(t: int, execution: int, pid: int) -> bytes:
    """Return the line of `events.WorkerEnded`."""
    return b'{"e":"worker_ended","t":%d,"execution":%d,"pid":%d}\n' % (t, execution, pid)
