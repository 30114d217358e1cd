"""``deploytrace top``: the slowest tasks of a run, in the terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable

from .program import Program
from .stories import deploy, nasty


def test_it_looks_as_it_is_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    deploy().write(program.state_dir)
    expect("top.txt", program.output("top"))
    expect("top-narrow.txt", program.output("top", "-n", "3", COLUMNS="40", PYTHONIOENCODING="ascii"))


def test_json_has_the_promised_names(program: Program) -> None:
    deploy().write(program.state_dir)
    rows = json.loads(program.output("top", "--json"))
    assert all({"role", "task", "playbook", "seconds", "count"} <= row.keys() for row in rows)
    assert [row["seconds"] for row in rows] == sorted((row["seconds"] for row in rows), reverse=True)
    by_hosts = json.loads(program.output("top", "--json", "--measure", "hosts", "-n", "1"))
    assert by_hosts[0]["seconds"] == max(row["host_seconds"] for row in rows)


def test_nothing_in_a_name_reaches_the_terminal(program: Program) -> None:
    nasty().write(program.state_dir)
    text = program.output("top")
    assert all(line.isprintable() for line in text.splitlines())
