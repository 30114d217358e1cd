"""What ``deploytrace export`` writes: each format by its own rules, and the OTLP as the trace file has it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from deploytrace.events import RunStarted
from deploytrace.exports.perfetto import as_perfetto
from deploytrace.exports.speedscope import as_speedscope
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.model import Kind, Tree
from deploytrace.run.replay import Replay
from deploytrace.settings import Settings
from deploytrace.sinks.trace_destinations import open_traces

from .program import Program
from .stories import crowd, deploy, nasty

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*-2.21.jsonl"))


def _tree(path: Path) -> Tree:
    tree = load(read_events(path))
    assert tree is not None
    return tree


def _count(tree: Tree, *kinds: Kind) -> int:
    return (tree.node.kind in kinds) + sum(_count(child, *kinds) for child in tree.children)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_slices_of_a_thread_nest(path: Path) -> None:
    """The rule of the Trace Event Format for complete events: in a thread they nest or lie apart."""
    tree = _tree(path)
    events = as_perfetto(tree, "r")["traceEvents"]
    slices = [event for event in events if event["ph"] == "X"]
    assert len(slices) == _count(tree, *Kind)
    threads: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for each in slices:
        assert each["dur"] > 0
        threads.setdefault((each["pid"], each["tid"]), []).append((each["ts"], each["ts"] + each["dur"]))
    for spans in threads.values():
        open_ends: list[float] = []
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while open_ends and open_ends[-1] <= start + 1e-6:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1] + 1e-6
            open_ends.append(end)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_speedscope_profiles_are_balanced(path: Path) -> None:
    """Its importer's rules: events in order of time, what is closed is what was opened last."""
    tree = _tree(path)
    exported: dict[str, Any] = as_speedscope(tree, "t", "0")
    opened = 0
    for profile in exported["profiles"]:
        stack: list[int] = []
        last = profile["startValue"]
        for event in profile["events"]:
            assert event["at"] >= last
            last = event["at"]
            if event["type"] == "O":
                opened += 1
                stack.append(event["frame"])
            else:
                assert stack.pop() == event["frame"]
        assert not stack
        assert last <= profile["endValue"]
    assert opened == _count(tree, *Kind) - _count(tree, Kind.DOWNTIME)


def test_the_command_writes_each_format(program: Program, tmp_path: Path) -> None:
    path = deploy().write(program.state_dir)
    events = list(read_events(path))
    started = events[0]
    assert isinstance(started, RunStarted)
    (sink,) = open_traces(Settings(), started, tmp_path, {})
    replay = Replay()
    sink.deliver([span for event in events for node in replay.feed(event) for span in sink.translate(node)])
    (file,) = (tmp_path / "traces").glob("*.jsonl")
    ours, theirs = (_spans(text) for text in (program.output("export", "--format", "otlp"), file.read_text()))
    assert ours == theirs
    rows = list(csv.DictReader(io.StringIO(program.output("export", "--format", "csv"))))
    assert len(rows) == _count(_tree(path), Kind.HOST)
    assert {row["host"] for row in rows} == {"web1", "web2", "web3"}
    assert max(rows, key=lambda row: float(row["seconds"]))["task"] == "Install the packages"
    tree = json.loads(program.output("export", "--format", "json"))
    assert tree == json.loads(program.output("trace", "--json"))
    assert program.output("export", "--format", "perfetto", "-o", "run.json") == "run.json\n"
    assert json.loads((program.cwd / "run.json").read_text())["traceEvents"]
    assert json.loads(program.output("export", "--format", "speedscope"))["profiles"]


def _spans(text: str) -> dict[str, Any]:
    requests = [json.loads(line) for line in text.splitlines()]
    return {
        span["spanId"]: span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }


def test_hostile_names_break_no_format(program: Program) -> None:
    nasty().write(program.state_dir)
    crowd().write(program.state_dir)
    for name in ("perfetto", "speedscope", "json", "csv"):
        assert program.output("export", "last", "--format", name)
