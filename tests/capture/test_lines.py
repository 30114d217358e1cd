"""The hand-made lines are the format's own, byte for byte."""

from __future__ import annotations

import pytest

from deploytrace.capture import lines
from deploytrace.events import HostFinished, HostStarted, ItemFinished, TaskStarted, WorkerEnded
from deploytrace.journal.format import encode

HOSTS = ["web1", 'quo"ted', "b\\s", "münchen", "emoji\U0001f600", "tab\there", "new\nline", "\x7f\u2028"]


@pytest.mark.parametrize("host", HOSTS)
def test_lines_with_a_host(host: str) -> None:
    assert lines.host_started(5, 7, 3, host) == encode(HostStarted(t=5, execution=7, task=3, host=host))
    for status in ("ok", "changed"):
        for detail in (None, {"reason": host}):
            line = lines.HOST_FINISHED % (2**62, 3, lines.quoted(host), status, lines.detailed(detail))
            assert line.encode() == encode(HostFinished(t=2**62, task=3, host=host, status=status, detail=detail))


@pytest.mark.parametrize("label", [None, *HOSTS])
def test_lines_of_items(label: str | None) -> None:
    event = ItemFinished(t=5, host="h1", status="changed", label=label)
    assert lines.item_finished(5, "h1", "changed", None if label is None else lines.quoted(label)) == encode(event)


def test_lines_without() -> None:
    assert lines.task_started(0, 12) == encode(TaskStarted(t=0, task=12))
    assert lines.worker_ended(9, 8, 4242) == encode(WorkerEnded(t=9, execution=8, pid=4242))
