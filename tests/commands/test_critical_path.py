"""``deploytrace critical-path``: what determined a run's end, in the terminal and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from deploytrace.analysis.critical_path import critical_path
from deploytrace.journal.reader import read_events
from deploytrace.reports.critical_path import render
from deploytrace.run.load import load

from .program import Program
from .stories import Told, crowd, deploy, nasty

RECORDED = sorted((Path(__file__).parents[1] / "journals").glob("*.jsonl"))


def test_it_looks_as_it_is_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    deploy().write(program.state_dir)
    expect("critical-path.txt", program.output("critical-path"))
    expect("critical-path-narrow.txt", program.output("critical-path", COLUMNS="60", PYTHONIOENCODING="ascii"))


def test_short_stretches_are_summed_up_unless_all_are_wanted(program: Program) -> None:
    deploy().write(program.state_dir)
    assert program.output("critical-path").count("Ansible itself") < program.output("critical-path", "--all").count(
        "Ansible itself"
    )


def test_json_has_the_promised_names_and_sums_to_the_duration(program: Program) -> None:
    deploy().write(program.state_dir)
    path = json.loads(program.output("critical-path", "--json"))
    assert path["duration"] == 23.6
    assert sum(segment["seconds"] for segment in path["segments"]) == pytest.approx(23.6)
    for segment in path["segments"]:
        assert {"kind", "task", "host", "seconds", "saving"} <= segment.keys()
        assert (segment["task"] is None) == (segment["kind"] == "controller")
    delegated = next(segment for segment in path["segments"] if segment["task"] == "Tell the load balancer")
    assert (delegated["host"], delegated["delegated_to"]) == ("web1", "lb1")


def test_hosts_do_not_crowd_out_the_task(program: Program) -> None:
    """Three hosts one after the other, all delegated to one; what they hang on is named once, or only their number."""
    told = Told()
    told.play(0, hosts=("web1", "web2", "web3"))
    told.define("Take the host out of the pool", throttle=1, delegate_to="lb1")
    told.announce(0, "Take the host out of the pool")
    for number in range(3):
        execution = told.start(number, "Take the host out of the pool", f"web{number + 1}")
        told.finish(number + 1.01, execution, worker=number + 0.99)  # announced when the next one has been started
    told.end(3.02)
    told.write(program.state_dir)
    assert "Take the host out of the pool · web1, web2, web3 on lb1 " in program.output("critical-path", COLUMNS="140")
    assert "Take the host out of the pool · 3 hosts on lb1 " in program.output("critical-path", COLUMNS="110")


def test_nothing_in_a_name_reaches_the_terminal(program: Program) -> None:
    nasty().write(program.state_dir)
    text = program.output("critical-path", "--all") + program.output("show")
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", text) == []


def test_colors_and_width_are_the_terminal_s(program: Program) -> None:
    crowd().write(program.state_dir)
    for command in ("critical-path", "show"):
        text = program.on_terminal(command, columns=90, TERM="xterm")
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert plain != text
        assert max(map(cell_len, plain.splitlines())) <= 90
        assert plain == program.output(command, COLUMNS="90")


@pytest.mark.parametrize("journal", RECORDED, ids=lambda path: path.stem)
def test_recorded_run_fits_the_terminal(journal: Path) -> None:
    tree = load(read_events(journal))
    assert tree is not None
    path = critical_path(tree)
    for width in (160, 64, 40):
        for everything in (True, False):
            text = render(tree, path, width, everything=everything)
            assert max(map(cell_len, text.splitlines())) <= width
    assert render(tree, path, 100, ascii_only=True).isascii()
