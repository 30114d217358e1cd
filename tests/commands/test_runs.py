"""``deploytrace runs``: which runs there are, how they ended, and what became of their traces."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploytrace.events import RunStarted
from deploytrace.journal.cursor import Cursor, Position
from deploytrace.journal.ending import read_ending
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.outline import outcome_of_ending
from deploytrace.settings import Settings
from deploytrace.sinks.history import HistorySink

from .program import Program
from .stories import Told, crowd, deploy, interrupted

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))
COLLECTOR = "http://collector:4318/v1/traces"


def _delivered(told: Told, program: Program, position: Position, *, complete: bool) -> None:
    cursor = Cursor(program.state_dir / "journals" / f"{told.run_id}.cursor.json")
    cursor.move("traces", position)
    if complete:
        cursor.finish()


def test_list_looks_as_it_is_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    runs = (deploy(), crowd(), interrupted())
    for told in runs:
        told.write(program.state_dir)
    _delivered(runs[0], program, Position(40, COLLECTOR, complete=True), complete=True)
    trouble = f"{COLLECTOR} cannot be reached: the connection was refused."
    _delivered(runs[1], program, Position(12, COLLECTOR, trouble=trouble), complete=False)
    expect("runs.txt", program.output("runs"))
    expect("runs-ascii.txt", program.output("runs", PYTHONIOENCODING="ascii", COLUMNS="60"))


def test_json_has_the_promised_names_newest_first(program: Program) -> None:
    for told in (crowd(), interrupted(), deploy()):
        told.write(program.state_dir)
    runs = json.loads(program.output("runs", "--json"))
    assert [run["playbook"] for run in runs] == ["long.yml", "/srv/patch.yml", "deploy.yml"]
    assert [run["outcome"] for run in runs] == ["interrupted", "unreachable", "failed"]
    assert [run["start"] for run in runs] == [1_700_000_180, 1_700_000_120, 1_700_000_060]
    assert [run["duration"] for run in runs] == [4.2, 6, 23.6]
    assert runs[0]["run_id"] == runs[0]["trace_id"] == interrupted().run_id
    assert [run["run_id"] for run in json.loads(program.output("runs", "--json", "-n", "1"))] == [runs[0]["run_id"]]


def test_trace_id_is_the_parent_s_where_the_run_joined_one(program: Program) -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    told = Told(traceparent=parent)
    told.end(1)
    told.write(program.state_dir)
    (run,) = json.loads(program.output("runs", "--json"))
    assert (run["trace_id"], run["run_id"]) == ("a" * 32, told.run_id)


def test_no_runs(program: Program) -> None:
    answer = program.run("runs")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert "No run is recorded" in answer.stderr
    assert json.loads(program.output("runs", "--json")) == []


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_list_and_tree_never_disagree(journal: Path) -> None:
    """The list reads only a journal's beginning and end, the tree all of it."""
    tree = load(read_events(journal))
    assert tree is not None
    with journal.open("rb") as file:
        ending = read_ending(file.fileno())
    assert ending is not None
    assert outcome_of_ending(ending) is tree.node.outcome
    assert ending.t == tree.node.end - tree.node.start


def test_long_journals_are_not_read_whole(program: Program) -> None:
    """What lies between a journal's beginning and its end does not matter to the list: here it is a hole of 8 GB."""
    path = deploy().write(program.state_dir)
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("r+b") as file:
        file.seek(8_000_000_000)
        file.write(b"\n" + lines[-1])
    (run,) = json.loads(program.output("runs", "--json"))
    assert (run["outcome"], run["duration"]) == ("failed", 23.6)


def test_junk_in_the_state_directory_is_passed_over(program: Program) -> None:
    deploy().write(program.state_dir)
    journals = program.state_dir / "journals"
    (journals / f"{'e' * 32}.jsonl").write_bytes(b"\x00\xff garbage")
    (journals / f"{'d' * 32}.jsonl").mkdir()
    (journals / "notes.txt").write_text("mine")
    assert [run["playbook"] for run in json.loads(program.output("runs", "--json"))] == ["deploy.yml"]


def test_runs_whose_journals_are_gone_are_told_from_the_history(program: Program) -> None:
    """In one list with the others; `top` and `diff` know them too."""
    kept, gone = Told(1), Told(2)
    for told in (kept, gone):
        told.play(0.1)
        told.announce(0.2, "Restart")
        told.on("h1", "Restart", 0.3, 2.0)
        told.end(2.5, stats={"h1": {"ok": 1}})
    path = kept.write(program.state_dir)
    for told in (kept, gone):
        nodes = told.nodes()
        started = told.events[0]
        assert isinstance(started, RunStarted)
        sink = HistorySink(f"sqlite:///{program.state_dir}/store.db", started, Settings(), traced=False)
        sink.deliver([entry for node in nodes for entry in sink.translate(node)])
        sink.close()
    runs = json.loads(program.output("runs", "--json"))
    assert [(run["run_id"], run["delivery"]) for run in runs] == [
        (gone.run_id, "in the history"),
        (kept.run_id, "waiting"),
    ]
    (task,) = json.loads(program.output("top", "--last", "2", "--json"))
    assert (task["task"], task["count"], task["seconds"]) == ("Restart", 2, 1.7)
    path.unlink()
    assert json.loads(program.output("diff", kept.run_id[:8], "last", "--json"))["tasks"][0]["b"] == 1.7


def test_a_run_of_the_history_that_nobody_heard_of_any_more_does_not_go_on(program: Program) -> None:
    """It was last known to go on 5 s after its start; where its sidecar still says so, it goes on."""
    now = time.time_ns()
    for number, start, heard in ((1, now - 90 * 10**9, now - 85 * 10**9), (2, now - 60 * 10**9, now)):
        started = Told(number, host_name="elsewhere").events[0]
        assert isinstance(started, RunStarted)
        started = started._replace(wall_ns=start)
        url = f"sqlite:///{program.state_dir}/store.db"
        sink = HistorySink(url, started, Settings(), traced=False, clock=lambda heard=heard: heard)  # type: ignore[misc]
        sink.beat()
        sink.close()
    going, lost = json.loads(program.output("runs", "--json"))
    assert (going["outcome"], going["trouble"]) == ("running", None)
    assert going["duration"] == pytest.approx(60, abs=30)
    assert (lost["outcome"], lost["duration"]) == ("interrupted", 5)
    assert "`deploytrace flush` on elsewhere" in lost["trouble"]
