"""The hand-made lines are the format's own, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from deploytrace.capture import lines
from deploytrace.capture.hot_path import HotPath
from deploytrace.capture.recording import Recording
from deploytrace.events import HostFinished, HostStarted, ItemFinished, TaskStarted, WorkerEnded
from deploytrace.journal.format import encode
from deploytrace.journal.writer import Writer
from journal.conftest import RUN_ID, run_started

HOSTS = ["web1", 'quo"ted', "b\\s", "münchen", "emoji\U0001f600", "tab\there", "new\nline", "\x7f\u2028"]


@pytest.mark.parametrize("host", HOSTS)
def test_lines_with_a_host(host: str) -> None:
    assert lines.host_started(5, 7, 3, host) == encode(HostStarted(t=5, execution=7, task=3, host=host))
    for status in ("ok", "changed"):
        for detail in (None, {"reason": host}):
            event = HostFinished(t=2**62, task=3, host=host, status=status, detail=detail)
            assert lines.host_finished(2**62, 3, host, status, detail) == encode(event)


@pytest.mark.parametrize("host", HOSTS)
def test_the_hot_path_writes_the_same_line(host: str, tmp_path: Path) -> None:
    recording = Recording(Writer(tmp_path, RUN_ID), run_started())
    recording.ordinary_tasks["the uuid"] = 3
    callback = HotPath()
    callback.take_hot_path(recording)
    before = recording.now()
    for changed in (True, False):
        callback.v2_runner_on_ok(_Result(SimpleNamespace(name=host), SimpleNamespace(_uuid="the uuid"), changed))
    recording.writer.close()
    for line, status in zip(recording.writer.path.read_bytes().splitlines(True)[-2:], ("changed", "ok"), strict=True):
        t = json.loads(line)["t"]
        assert before <= t <= recording.now()
        assert line == lines.host_finished(t, 3, host, status)


class _Result(NamedTuple):
    """What the hot path reads of a result."""

    host: SimpleNamespace
    task: SimpleNamespace
    changed: bool

    def is_changed(self) -> bool:
        return self.changed


@pytest.mark.parametrize("label", [None, *HOSTS])
def test_lines_of_items(label: str | None) -> None:
    event = ItemFinished(t=5, host="h1", status="changed", label=label)
    assert lines.item_finished(5, "h1", "changed", None if label is None else lines.quoted(label)) == encode(event)


def test_lines_without() -> None:
    assert lines.task_started(0, 12) == encode(TaskStarted(t=0, task=12))
    assert lines.worker_ended(9, 8, 4242) == encode(WorkerEnded(t=9, execution=8, pid=4242))
