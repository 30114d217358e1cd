"""``deploytrace diff``: two runs side by side, in the terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable

from .program import Program
from .stories import Told, nasty


def rollout(number: int, *, later: bool = False, **fields: object) -> Told:
    """A small deploy; the later one has a new task, lacks an old one, and unpacks for twice as long."""
    told = Told(number, forks=5, resource={"vcs.ref.head.revision": "3f9d2c1" if later else "91c07aa"}, **fields)
    hosts = ("web1", "web2")
    told.play(0.1, name="Roll out the shop", hosts=hosts)
    steps = [("common", "Install the packages", 2.0), ("app", "Unpack the release", 12.4 if later else 6.0)]
    steps += [("app", "Wait until it answers" if later else "Warm the cache", 4.2), ("", "Tell the load balancer", 0.9)]
    now = 0.2
    for line, (role, name, seconds) in enumerate(steps, 21 if later else 1):
        told.announce(now, name, role=role or None, path="/p/site.yml", line=line)
        for host in hosts:
            told.on(host, name, now + 0.01, now + seconds, "changed")
        now += seconds + 0.1
    told.end(now, stats={host: {"ok": 4} for host in hosts})
    return told


def test_it_looks_as_it_is_meant_to(program: Program, expect: Callable[[str, str], None]) -> None:
    rollout(1).write(program.state_dir)
    rollout(2, later=True).write(program.state_dir)
    expect("diff.txt", program.output("diff"))
    expect("diff-all-narrow.txt", program.output("diff", "--all", COLUMNS="60", PYTHONIOENCODING="ascii"))


def test_json_has_the_promised_names(program: Program) -> None:
    a, b = rollout(1), rollout(2, later=True)
    for told in (a, b):
        told.write(program.state_dir)
    found = json.loads(program.output("diff", a.run_id[:8], "last", "--json"))
    assert (found["a"]["run_id"], found["b"]["run_id"]) == (a.run_id, b.run_id)
    tasks = {task["task"]: task for task in found["tasks"]}
    assert all({"role", "task", "a", "b", "significant"} <= task.keys() for task in found["tasks"])
    assert {name: (task["a"], task["b"], task["significant"]) for name, task in tasks.items()} == {
        "Install the packages": (1.99, 1.99, False),
        "Unpack the release": (5.99, 12.39, True),
        "Warm the cache": (4.19, None, True),
        "Wait until it answers": (None, 4.19, True),
        "Tell the load balancer": (0.89, 0.89, False),
    }
    assert (tasks["Unpack the release"]["role"], tasks["Tell the load balancer"]["role"]) == ("app", None)
    assert found["context"] == [{"name": "revision", "a": "91c07aa", "b": "3f9d2c1"}]
    reverse = json.loads(program.output("diff", "last", "last~1", "--json"))
    assert {task["task"] for task in reverse["tasks"] if task["verdict"] == "added"} == {"Warm the cache"}


def test_nothing_in_a_name_reaches_the_terminal(program: Program) -> None:
    nasty().write(program.state_dir)
    text = program.output("diff", "last", "last", "--all")
    assert all(line.isprintable() for line in text.splitlines())


def test_a_run_that_is_not_there(program: Program) -> None:
    rollout(1).write(program.state_dir)
    answer = program.run("diff")
    assert (answer.returncode, answer.stdout) == (4, "")
    assert "last~1" in answer.stderr
