"""The hand-made lines are the format's own, byte for byte."""

from __future__ import annotations

import pytest

from deploytrace.capture import lines
from deploytrace.events import HostFinished, HostStarted, ItemFinished, TaskStarted, WorkerEnded
from deploytrace.journal.format import encode

HOSTS = ["web1", 'quo"ted', "b\\s", "münchen", "emoji\U0001f600", "tab\there", "new\nline", "\x7f\u2028"]


@pytest.mark.parametrize("host", HOSTS)
def test_lines_with_a_host(host: str) -> None:
    quoted = lines.quoted(host)
    assert lines.HOST_STARTED % (5, 7, 3, quoted) == encode(HostStarted(t=5, execution=7, task=3, host=host))
    for status in ("ok", "changed"):
        event = HostFinished(t=2**62, execution=7, task=3, host=host, status=status)
        assert lines.HOST_FINISHED % (2**62, 7, 3, quoted, status.encode("ascii"), b"") == encode(event)
        detailed = event._replace(detail={"reason": host})
        line = lines.HOST_FINISHED % (2**62, 7, 3, quoted, status.encode("ascii"), lines.detailed(detailed.detail))
        assert line == encode(detailed)


@pytest.mark.parametrize("label", [None, *HOSTS])
def test_lines_of_items(label: str | None) -> None:
    event = ItemFinished(t=5, execution=7, status="changed", label=label)
    assert lines.item_finished(5, 7, "changed", None if label is None else lines.quoted(label)) == encode(event)


def test_lines_without() -> None:
    assert lines.task_started(0, 12) == encode(TaskStarted(t=0, task=12))
    assert lines.worker_ended(9, 8, 4242) == encode(WorkerEnded(t=9, execution=8, pid=4242))
