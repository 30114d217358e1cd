"""The trace as a file: what Jaeger's UI opens, private, growing, and written anew by each delivery."""

from __future__ import annotations

import json
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploytrace.errors import DeliveryUnavailable
from deploytrace.sinks.trace_file import trace_file_path
from ground.otlp import Span, spans_from_json
from run.stories import Story

from .spans import nodes_of, opened, translated

RUN = "0" * 31 + "1"


def _story() -> Story:
    story = Story(hosts=("h1",))
    story.announce(0.1, "Tâsk")
    story.finish(1, story.start(0.2, "Tâsk", "h1"))
    story.end(2)
    return story


def _read(path: Path) -> list[Span]:
    return [span for line in path.read_text().splitlines() for span in spans_from_json(json.loads(line))]


def test_it_grows_with_each_batch_and_is_for_nobody_else(tmp_path: Path) -> None:
    story = _story()
    (sink,) = opened(story.events, {}, state_dir=tmp_path)
    path = trace_file_path(tmp_path, RUN)
    assert (sink.name, sink.destination, sink.resumes) == ("trace_file", str(path), False)
    items = translated(sink, nodes_of(story.events))
    assert not path.exists(), "nothing is made before there is something to write"
    sink.deliver(items[:1])
    assert [span.name for span in _read(path)] == ["Tâsk"]
    sink.deliver(items[1:])
    sink.close()
    assert [span.name for span in _read(path)] == ["Tâsk", "task Tâsk", "play web", "RUN site.yml"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_each_delivery_writes_it_anew(tmp_path: Path) -> None:
    story = _story()
    for _ in range(2):
        (sink,) = opened(story.events, {}, state_dir=tmp_path)
        sink.deliver(translated(sink, nodes_of(story.events)))
        sink.close()
    assert len(_read(trace_file_path(tmp_path, RUN))) == 4


def test_a_file_that_cannot_be_made_is_a_delivery_that_waits(tmp_path: Path) -> None:
    story = _story()
    (tmp_path / "traces").write_text("in the way")
    (sink,) = opened(story.events, {}, state_dir=tmp_path)
    with pytest.raises(DeliveryUnavailable, match="cannot be written"):
        sink.deliver(translated(sink, nodes_of(story.events)))


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path = trace_file_path(tmp_path, RUN)
    path.parent.mkdir()
    path.symlink_to(victim)
    story = _story()
    (sink,) = opened(story.events, {}, state_dir=tmp_path)
    with pytest.raises(DeliveryUnavailable):
        sink.deliver(translated(sink, nodes_of(story.events)))
    assert victim.read_text() == "mine"


def test_a_line_that_found_no_room_is_taken_back(tmp_path: Path) -> None:
    """In a process whose files may not grow beyond 6,000 bytes: what is there stays readable."""
    program = (
        "import sys; from pathlib import Path\n"
        "from deploytrace.errors import DeliveryUnavailable\n"
        "from sinks.spans import nodes_of, opened, translated\n"
        "from sinks.test_trace_file import _story\n"
        "story = _story()\n"
        "(sink,) = opened(story.events, {}, state_dir=Path(sys.argv[1]))\n"
        "items = translated(sink, nodes_of(story.events))\n"
        "sink.deliver(items[:1])\n"
        "try:\n"
        "    sink.deliver(items[1:] * 3)\n"
        "except DeliveryUnavailable as error:\n"
        "    print(error)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    done = subprocess.run(
        [sys.executable, "-B", "-c", program, str(tmp_path)],  # else a .pyc file is cut short too, and kept
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[1],
        preexec_fn=limit,
    )
    assert "cannot be written (File too large)" in done.stdout
    assert [span.name for span in _read(trace_file_path(tmp_path, RUN))] == ["Tâsk"]
