"""``deploytrace trace``: the tree in the terminal and as JSON, from journals told by hand and recorded ones."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from deploytrace import identity
from deploytrace.journal.reader import read_events
from deploytrace.reports.tree import render
from deploytrace.reports.tree_json import as_json
from deploytrace.run.load import load
from deploytrace.run.replay import Replay

from .program import Program
from .stories import Told, crowd, deploy, downtime, interrupted, nasty

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))
Expect = Callable[[str, str], None]


def _all(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from _all(child)


@pytest.mark.parametrize("told", [deploy, crowd, downtime, interrupted, nasty])
def test_tree_looks_as_it_is_meant_to(program: Program, expect: Expect, told: Callable[[], Told]) -> None:
    told().write(program.state_dir)
    expect(f"{told.__name__}.txt", program.output("trace"))


def test_narrow_terminal_gets_no_bars_and_no_broken_lines(program: Program, expect: Expect) -> None:
    deploy().write(program.state_dir)
    text = program.output("trace", COLUMNS="50")
    expect("deploy-narrow.txt", text)
    assert max(map(cell_len, text.splitlines())) <= 50


def test_each_item_says_whom_it_was_delegated_to(program: Program) -> None:
    """In the tree only where its label does not say so and it is another host."""
    told = Told()
    told.play(0.1, hosts=("web1",))
    told.announce(0.2, "Drain", loop=True, delegate_to="{{ item.host }}")
    told.on("web1", "Drain", 0.3, None)
    for end, label, target in ((2.0, "pool A", "lb1"), (4.0, "lb2", "lb2"), (6.0, "itself", "web1")):
        told.item("web1", end, label, detail={"delegated_host": target})
    told.done("web1", 6.1)
    told.end(7, stats={"web1": {"ok": 1}})
    told.write(program.state_dir)
    shown = re.findall(r"item (\S.*?)  ", program.output("trace"))
    assert shown == ["pool A on lb1", "lb2", "itself"]
    nodes = list(_all(json.loads(program.output("trace", "--json"))))
    assert [node["delegated_to"] for node in nodes if node["kind"] == "item"] == ["lb1", "lb2", "web1"]


def test_without_utf8_everything_is_ascii(program: Program, expect: Expect) -> None:
    deploy().write(program.state_dir)
    expect("deploy-ascii.txt", program.output("trace", PYTHONIOENCODING="ascii"))


def test_without_utf8_no_name_makes_it_fail(program: Program) -> None:
    nasty().write(program.state_dir)
    assert program.output("trace", PYTHONIOENCODING="ascii").isascii()


def test_no_hosts_stops_at_the_tasks(program: Program, expect: Expect) -> None:
    deploy().write(program.state_dir)
    expect("deploy-no-hosts.txt", program.output("trace", "--no-hosts"))


def test_all_shows_every_host(program: Program) -> None:
    crowd().write(program.state_dir)
    folded, whole = program.output("trace"), program.output("trace", "--all")
    assert set(re.findall(r"node\d\d", folded)) == {"node21", "node07", "node18", "node33", "node39", "node38"}
    assert set(re.findall(r"node\d\d", whole)) == {f"node{number:02}" for number in range(40)}


def test_nothing_of_a_journal_reaches_the_terminal_as_a_command(program: Program) -> None:
    nasty().write(program.state_dir)
    for words in (("trace",), ("trace", "--json"), ("runs",), ("runs", "--json")):
        text = program.output(*words)
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text) == [], words
    lines = program.output("trace").splitlines()
    assert not [line for line in lines if line.startswith("ok: [everything]")], "a name forged a line"


def test_colors_and_width_are_the_terminal_s(program: Program) -> None:
    deploy().write(program.state_dir)
    text = program.on_terminal("trace", columns=90, TERM="xterm")
    assert "\x1b[1;31mfailed" in text
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(map(cell_len, plain.splitlines())) == 90
    assert plain == program.output("trace", COLUMNS="90")


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_color_can_be_declined(program: Program, environ: dict[str, str]) -> None:
    deploy().write(program.state_dir)
    assert "\x1b" not in program.on_terminal("trace", columns=90, **environ)


def test_json_has_every_node_with_the_promised_names(program: Program) -> None:
    deploy().write(program.state_dir)
    tree = json.loads(program.output("trace", "--json"))
    nodes = list(_all(tree))
    for node in nodes:
        assert {"name", "kind", "host", "start", "end", "outcome", "children"} <= node.keys()
        assert all(node["start"] <= child["start"] <= child["end"] <= node["end"] for child in node["children"])
    kinds = {node["kind"] for node in nodes}
    assert kinds == {"run", "play", "role", "block", "task", "handler", "host", "item", "attempt"}
    assert (tree["name"], tree["kind"], tree["outcome"]) == ("deploy.yml", "run", "failed")
    assert tree["start"] == 1_700_000_060
    (item,) = [node for node in nodes if node.get("item") == "libpq5" and node["host"] == "web1"]
    assert (item["end"] - tree["start"], item["outcome"]) == (pytest.approx(3.51, abs=1e-3), "ok")


def test_task_s_time_counts_no_second_twice(program: Program) -> None:
    """Two hosts of 0.5 s each, one after the other with a pause of 1 s: the task took 1 s of 2."""
    told = Told()
    told.play(0, hosts=("h1", "h2"), strategy="free")
    told.announce(0.1, "Apart")
    told.on("h1", "Apart", 0.5, 1.0)
    told.on("h2", "Apart", 2.0, 2.5)
    told.end(3, stats={"h1": {"ok": 1}, "h2": {"ok": 1}})
    told.write(program.state_dir)
    (task,) = [node for node in _all(json.loads(program.output("trace", "--json"))) if node["kind"] == "task"]
    assert (task["busy"], task["duration"]) == (1.0, 2.0)
    (line,) = [line for line in program.output("trace").splitlines() if "Apart" in line]
    assert line.split()[1:3] == ["Apart", "1.00s"] or " 1.00s " in line


def test_run_that_goes_on_is_shown_so_far(program: Program) -> None:
    """The recorded process is a living one, so nobody takes the run for a broken one."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        stat = Path(f"/proc/{living.pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        told = Told(pid=living.pid, pid_started=int(stat[19]), boot_id=boot)
        told.play(0, hosts=("h1",))
        told.announce(0.1, "Long")
        told.on("h1", "Long", 0.2, None)
        told.write(program.state_dir)
        going_on = json.loads(program.output("trace", "--json"))
        living.kill()
    assert {node["outcome"] for node in _all(going_on)} == {"running"}
    left_behind = json.loads(program.output("trace", "--json"))
    assert {node["outcome"] for node in _all(left_behind)} == {"interrupted"}


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_recorded_run_is_told_whole(journal: Path) -> None:
    """Every node that replay makes is in the JSON exactly once, and no line is wider than the terminal."""
    replay = Replay()
    nodes = [node for event in read_events(journal) for node in replay.feed(event)]
    tree = load(read_events(journal))
    assert tree is not None
    assert replay.started is not None
    run_id = replay.started.run_id
    told = list(_all(as_json(tree, run_id)))
    assert sorted(node["id"] for node in told) == sorted(node.id for node in nodes)
    assert {node["span_id"] for node in told} == {identity.span_id(run_id, node.id) for node in nodes}
    for width in (200, 64, 40):
        for everything in (True, False):
            text = render(tree, width, everything=everything)
            assert max(map(cell_len, text.splitlines())) <= width
    assert render(tree, 100, ascii_only=True).isascii()


def test_there_are_recorded_runs() -> None:
    """Without them the test above would test nothing."""
    assert len(RECORDED) >= 10


def test_run_is_named_by_prefix_or_by_age(program: Program) -> None:
    for told in (deploy(), crowd(), interrupted()):
        told.write(program.state_dir)
    names = ("last", "last~1", "last~2", "00000002")
    found = [json.loads(program.output("trace", name, "--json"))["name"] for name in names]
    assert found == ["long.yml", "patch.yml", "deploy.yml", "patch.yml"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("last~3", "last~3 is not there"),
        ("abc", "begins with 'abc'"),
        ("0000", "is the beginning of 3 run ids"),
    ],
)
def test_run_that_is_not_there_is_told_in_one_sentence(program: Program, name: str, sentence: str) -> None:
    for told in (deploy(), crowd(), interrupted()):
        told.write(program.state_dir)
    answer = program.run("trace", name)
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.startswith("deploytrace: ")
    assert sentence in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_empty_state_directory(program: Program) -> None:
    answer = program.run("trace")
    assert answer.returncode == 4
    assert "No run is recorded" in answer.stderr
    assert not program.state_dir.exists(), "looking created something"


def test_journal_of_a_newer_version_is_refused_in_one_sentence(program: Program) -> None:
    path = deploy().write(program.state_dir)
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":99', 1))
    answer = program.run("doctor")
    assert answer.returncode == 1
    assert "was written in journal version 99" in " ".join(answer.stdout.split())


def test_reader_that_has_seen_enough_is_no_error(program: Program) -> None:
    """``deploytrace trace --all | head -1``: no traceback, and the status of a program that SIGPIPE ended."""
    told = crowd()
    told.write(program.state_dir)
    command = [sys.executable, "-m", "deploytrace", "trace", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(command, env=program.environ(), stdout=writing, stderr=subprocess.PIPE) as child:
        os.close(writing)
        _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (128 + signal.SIGPIPE, b"")
