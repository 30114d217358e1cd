"""``deploytrace show``: a run in short, in the terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from .program import Program
from .stories import deploy, downtime, interrupted


def test_it_looks_as_it_is_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    deploy().write(program.state_dir)
    expect("show.txt", program.output("show"))
    downtime().write(program.state_dir)
    expect("show-downtime-narrow.txt", program.output("show", COLUMNS="60", PYTHONIOENCODING="ascii"))
    expect("show-interrupted.txt", _shown(program))


def _shown(program: Program) -> str:
    told = interrupted()
    told.write(program.state_dir)
    return program.output("show", told.run_id)


def test_json_has_the_promised_names(program: Program) -> None:
    downtime().write(program.state_dir)
    shown = json.loads(program.output("show", "--json"))
    assert sum(shown["where"].values()) == pytest.approx(shown["duration"])
    for parts in (shown["plays"], shown["roles"]):
        assert sum(part["seconds"] for part in parts) == pytest.approx(shown["duration"])
        assert all(sum(part["where"].values()) == pytest.approx(part["seconds"]) for part in parts)
    assert all({"host", "service", "seconds", "at_least", "open"} == window.keys() for window in shown["downtime"])
    assert [(window["host"], window["open"]) for window in shown["downtime"] if window["open"]] == [("web02", True)]
    assert shown["gains"][0]["task"] == "Restart the cache"


def test_percentages_sum_to_a_hundred(program: Program) -> None:
    deploy().write(program.state_dir)
    head, _, rest = program.output("show").partition("Where the time went\n")
    lines = rest.partition("\n\n")[0].splitlines()
    shares = [int(line.split("%")[0].split()[-1]) for line in lines if "%" in line]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert head
