"""What ``deploytrace export`` writes: each format by its own rules, and the OTLP as the trace file has it."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.unknown_fields import UnknownFieldSet
from jsonschema import Draft7Validator
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

from deploytrace.events import RunStarted
from deploytrace.exports.perfetto import as_perfetto
from deploytrace.exports.rows import COLUMNS
from deploytrace.exports.speedscope import as_speedscope
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.model import Kind, Outcome, Tree
from deploytrace.run.replay import Replay
from deploytrace.settings import Settings
from deploytrace.sinks.trace_destinations import open_traces
from ground.devtools import opened
from ground.npm import npm_package

from .program import Program
from .stories import crowd, deploy, nasty

SPEEDSCOPE = "1.25.0"
RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*-2.21.jsonl"))


def _tree(path: Path) -> Tree:
    tree = load(read_events(path))
    assert tree is not None
    return tree


def _count(tree: Tree, *kinds: Kind) -> int:
    return (tree.node.kind in kinds) + sum(_count(child, *kinds) for child in tree.children)


@dataclass
class _Track:
    """A track as Perfetto's trace processor makes one: a slice's end belongs to the slice that was begun last."""

    name: str
    parent: str
    slices: list[tuple[int, int, str, tuple[str, ...]]] = field(default_factory=list)
    opened: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)


def _tracks(data: bytes) -> list[_Track]:
    """Read a trace by Perfetto's own schema; a field that this does not know fails."""
    trace = Trace.FromString(data)
    assert trace.SerializeToString(deterministic=True)
    tracks: dict[int, _Track] = {}
    last = 0
    for packet in trace.packet:
        assert not UnknownFieldSet(packet)
        if packet.HasField("track_descriptor"):
            described = packet.track_descriptor
            assert not UnknownFieldSet(described)
            assert described.uuid not in tracks
            parent = tracks[described.parent_uuid].name if described.HasField("parent_uuid") else ""
            tracks[described.uuid] = _Track(described.name, parent)
            continue
        event = packet.track_event
        assert not UnknownFieldSet(event)
        assert packet.HasField("timestamp")
        assert packet.trusted_packet_sequence_id
        assert packet.timestamp >= last
        last = packet.timestamp
        track = tracks[event.track_uuid]
        if event.type == TrackEvent.TYPE_SLICE_BEGIN:
            track.opened.append((last, event.name, tuple(event.categories)))
        else:
            assert event.type == TrackEvent.TYPE_SLICE_END
            start, name, categories = track.opened.pop()
            track.slices.append((start, last, name, categories))
    assert not any(track.opened for track in tracks.values())
    return list(tracks.values())


def _told(tree: Tree, base: int, name: str = "") -> Iterator[tuple[int, int, str, tuple[str, ...]]]:
    node = tree.node
    own = name if node.kind is Kind.HOST else node.name
    yield node.start - base, node.end - base, own, (node.kind.value, node.outcome.value)
    for child in tree.children:
        yield from _told(child, base, node.name)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_perfettos_schema_reads_every_slice_back(path: Path) -> None:
    tree = _tree(path)
    tracks = _tracks(as_perfetto(tree, "the run's id"))
    assert sorted(each for track in tracks for each in track.slices) == sorted(_told(tree, tree.node.start))
    assert [track.name for track in tracks if not track.parent][:2] == ["plays, roles and tasks", "hosts"]
    assert {track.name for track in tracks if track.parent == "hosts"} >= {"h1", "h2"}
    begun = Trace.FromString(as_perfetto(tree, "the run's id")).packet
    told = [note for packet in begun for note in packet.track_event.debug_annotations if note.name == "run_id"]
    assert [note.string_value for note in told] == ["the run's id"]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_speedscope_profiles_are_balanced(path: Path) -> None:
    """Its schema, and its importer's rules: events in order of time, what is closed is what was opened last."""
    tree = _tree(path)
    exported: dict[str, Any] = as_speedscope(tree, "t", "0")
    schema = json.loads((npm_package("speedscope", SPEEDSCOPE) / "dist/release/file-format-schema.json").read_text())
    Draft7Validator(schema).validate(exported)
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
    assert list(rows[0]) == list(COLUMNS)
    for row in rows:
        assert float(row["end"]) - float(row["start"]) == pytest.approx(float(row["seconds"]), abs=2e-6)
        assert float(row["start"]) >= started.wall_ns / 1e9
        assert row["outcome"] in {outcome.value for outcome in Outcome}
    (slow,) = (row for row in rows if (row["task"], row["host"]) == ("Wait until it answers", "web1"))
    assert (slow["attempts"], slow["role"], slow["action"], slow["error"]) == ("3", "app", "command", "")
    assert max(rows, key=lambda row: float(row["seconds"]))["task"] == "Install the packages"
    tree = json.loads(program.output("export", "--format", "json"))
    assert tree == json.loads(program.output("trace", "--json"))
    _check_nodes(tree)
    assert program.output("export", "--format", "perfetto", "-o", "run.json") == "run.json\n"
    assert len(_tracks((program.cwd / "run.json").read_bytes())) > 4
    assert json.loads(program.output("export", "--format", "speedscope"))["profiles"]


def _check_nodes(node: dict[str, Any]) -> None:
    """The fields that docs/page.md promises of each node."""
    assert node["kind"] in {kind.value for kind in Kind}
    assert node["outcome"] in {outcome.value for outcome in Outcome}
    assert node["end"] - node["start"] == pytest.approx(node["duration"], abs=1e-6)
    assert isinstance(node["name"], str)
    assert (node["host"] is not None) == (node["kind"] in ("host", "item", "attempt", "downtime"))
    assert ("error" in node) or node["outcome"] not in ("failed", "unreachable")
    for child in node["children"]:
        _check_nodes(child)


def _spans(text: str) -> dict[str, Any]:
    requests = [json.loads(line) for line in text.splitlines()]
    for request in requests:  # no field or value that OpenTelemetry's own schema does not know
        ParseDict(request, ExportTraceServiceRequest())
    return {
        span["spanId"]: span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }


def test_speedscope_itself_opens_it(program: Program, tmp_path: Path) -> None:
    deploy().write(program.state_dir)
    content = base64.b64encode(program.output("export", "--format", "speedscope").encode()).decode()
    profile = tmp_path / "profile.js"
    profile.write_text(f'speedscope.loadFileFromBase64("run.json", "{content}")')
    application = npm_package("speedscope", SPEEDSCOPE) / "dist/release/index.html"
    with opened(profile) as shown:
        shown.show(f"{application.as_uri()}#localProfilePath={str(profile).lstrip('/')}")
        shown.wait_for("document.title.includes('deploy.yml')")
        assert "plays, roles and tasks (1/4)" in shown.value("document.body.innerText")


def test_hostile_names_break_no_format(program: Program) -> None:
    nasty().write(program.state_dir)
    crowd().write(program.state_dir)
    for name in ("speedscope", "json", "csv"):
        assert program.output("export", "last", "--format", name)
    program.output("export", "last~1", "--format", "perfetto", "-o", "crowd.pftrace")
    program.output("export", "last", "--format", "perfetto", "-o", "nasty.pftrace")
    assert _tracks((program.cwd / "crowd.pftrace").read_bytes())
    nodes = _tracks((program.cwd / "nasty.pftrace").read_bytes())
    assert any("部署应用程序" in name for track in nodes for _, _, name, _ in track.slices)


def test_what_is_binary_is_not_for_a_terminal(program: Program) -> None:
    deploy().write(program.state_dir)
    with pytest.raises(AssertionError, match="name a file with -o"):
        program.on_terminal("export", "--format", "perfetto", columns=80)
