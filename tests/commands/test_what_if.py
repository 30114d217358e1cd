"""``deploytrace what-if`` and ``advise``: predictions in the terminal and for programs, and how tasks are named."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

import pytest

from .program import Program
from .stories import Told, deploy, interrupted, nasty


def test_they_look_as_they_are_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    deploy().write(program.state_dir)
    expect("what-if.txt", program.output("what-if", "--forks", "1", "--without", "Check"))
    expect("advise.txt", program.output("advise"))


def test_json_has_the_promised_names(program: Program) -> None:
    deploy().write(program.state_dir)
    words = ("--forks", "20", "--strategy", "free", "--serial", "50%", "--without", "Check", "--faster", "Go back=50%")
    more = ("--play", "Roll out the shop", "--throttle", "Check=1")
    prediction = json.loads(program.output("what-if", *words, *more, "--json"))
    assert prediction["recorded"] == 23.6
    assert prediction["low"] <= prediction["predicted"] <= prediction["high"]


def test_advice_can_be_tried_as_it_is_written(program: Program) -> None:
    deploy().write(program.state_dir)
    found = json.loads(program.output("advise", "--json"))
    assert len(found) == 3
    commands = [line.strip() for line in program.output("advise").splitlines() if "what-if" in line]
    for advice, command in zip(found, commands, strict=True):
        assert shlex.split(command)[3:] == advice["arguments"]
        again = json.loads(program.output(*shlex.split(command)[1:], "--json"))
        assert again["predicted"] == pytest.approx(advice["predicted"], abs=0.05)


def test_task_that_is_not_there_is_told_with_the_nearest_name(program: Program) -> None:
    deploy().write(program.state_dir)
    answer = program.run("what-if", "--without", "Chek")
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr == "deploytrace: No task of the run is called 'Chek': did you mean 'Check'?\n"
    answer = program.run("what-if", "--serial", "1", "--play", "roll out the shop")
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.endswith("called 'roll out the shop': did you mean 'Roll out the shop'?\n")


def test_tasks_of_one_name_are_told_apart_by_their_ids(program: Program) -> None:
    told = Told()
    told.play(0, hosts=("h1",))
    for line in (1, 2):
        told.define("Same", path="/p/site.yml", line=line)
        told.announce(line, "Same")
        told.on("h1", "Same", line, line + 0.9)
    told.end(3)
    told.write(program.state_dir)
    answer = program.run("what-if", "--without", "Same")
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.startswith("deploytrace: 2 tasks of the run are called 'Same': say `role | task`, or")
    for advice in json.loads(program.output("advise", "--json")):
        again = json.loads(program.output("what-if", *advice["arguments"], "--json"))
        assert again["predicted"] == pytest.approx(advice["predicted"], abs=0.05)


@pytest.mark.parametrize(
    "words",
    [
        ("--forks", "0"),
        ("--serial", "half"),
        ("--serial", "0"),
        ("--faster", "x"),
        ("--faster", "x=fast"),
        ("--throttle", "x"),
    ],
)
def test_wrong_usage(program: Program, words: tuple[str, ...]) -> None:
    answer = program.run("what-if", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("usage: deploytrace what-if")


def test_handler_that_nothing_else_notified_is_told(program: Program) -> None:
    told = Told()
    told.play(0, hosts=("h1",))
    told.define("Restart", handler=True)
    for t, name, more in ((0.1, "Configure", {"notify": ("Restart",)}), (1, "Check", {}), (2, "Restart", {})):
        told.announce(t, name, **more)
        told.on("h1", name, t, t + 0.9, "changed")
    told.end(3)
    told.write(program.state_dir)
    said = "The handler Restart is still counted, though nothing else notified it: --without leaves it out."
    assert said in program.output("what-if", "--without", "Configure", COLUMNS="120")
    assert said not in program.output("what-if", "--without", "Configure", "--without", "Restart", COLUMNS="120")
    assert said not in program.output("what-if", "--without", "Check", COLUMNS="120")


def test_run_that_was_cut_short_says_so(program: Program) -> None:
    interrupted().write(program.state_dir)
    said = program.output("what-if", "--forks", "9")
    assert said.endswith("\n\nThe run was broken off: what hosts have not come to is not counted.\n")


def test_nothing_in_a_name_reaches_the_terminal(program: Program) -> None:
    nasty().write(program.state_dir)
    for text in (program.output("advise"), program.output("what-if", "--forks", "2")):
        assert all(line.isprintable() for line in text.splitlines())
