"""Real runs of one kind, one after the other: what is left of the next, and that it was slower than usual."""

from __future__ import annotations

import json
import random
import re
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from deploytrace.commands.check import REGRESSION
from deploytrace.identity import new_run_id
from ground.ansible import TELEMETRY, Ansible
from ground.smtp import running_mail_server
from store.recorded import Run

from .journals import events_of, journals
from .retimed import put_down, retimed, scattered, seconds_of

CALLBACKS = (TELEMETRY, "deploytrace.callbacks.timestamp", "deploytrace.callbacks.profile_tasks")
_SHORT = 7
_USUAL_RUNS = 6
_SPIKE_S = 0.3  # what a task takes too long now and then
PLAYBOOK = """
- name: Roll out
  hosts: h1
  gather_facts: false
  tasks:
""" + "".join(
    f"""
    - name: {name}
      ansible.builtin.raw: {command}
"""
    for name, command in {
        **{f"Unpack {number}": "sleep 0.25" for number in range(_SHORT)},
        "Restart": "sleep {{ slow | default(2.8) }}",
        "Verify": "exit {{ status | default(0) }}",
    }.items()
)
_LEFT = re.compile(r" (\d):(\d\d):(\d\d\.\d{3})   (\d+):(\d\d):(\d\d) left, \d+:\d\d:\d\d at most \*")
_END = re.compile(r'^ansible_playbook_expected_end_timestamp_seconds\{.*share="0\.5".*\} (.*)$', re.M)


def test_left_and_slower_than_usual(ansible: Ansible) -> None:
    """The third run is the first to say what is left; with more of them it is told within 15 %, a slow task by name.

    The first half are many short tasks, the second half is one long one, so that no count of tasks would tell it. It is
    told in the console and by the metrics; what is slow, by these too, by ``check``, and where that fails, in its mail.
    What is usual is made of the first runs, so that it is not this machine that decides how far from it chance goes.
    """
    inventory = ansible.local_inventory("h1")
    textfile = ansible.directory / "ansible.prom"
    env_vars: dict[str, str | None] = {
        "DEPLOYTRACE_METRICS_TEXTFILE": str(textfile),
        "DEPLOYTRACE_METRICS_BIRTH_HOLD": "0",  # which the sidecar would wait for
    }

    def run(*args: str, status: int = 0) -> str:
        result = ansible.run(PLAYBOOK, inventory=inventory, callbacks=CALLBACKS, args=args, env_vars=env_vars)
        assert result.returncode == status, result.output
        ansible.wait_for_sidecar()
        return result.stdout

    outputs = [run("-e", "slow=0.3") for _ in range(3)]
    assert [bool(_LEFT.search(output)) for output in outputs] == [False, False, True]
    assert not any("slower than usual" in output for output in outputs)
    usual = _make_usual(ansible)

    slow = run("-e", "slow=6")
    report = slow[slow.index("slower than usual") :].splitlines()
    assert any(line.startswith("Restart: ") and "usually" in line for line in report)
    verdict = _check(ansible)
    assert verdict["tasks"][0]["task"] == "Restart"
    assert (verdict["compared_with"], verdict["regressed"]) == (_USUAL_RUNS, True)
    metrics = dict(
        re.findall(r"^ansible_playbook_last_(slower_tasks|excess_seconds)\{.*\} (.*)$", textfile.read_text(), re.M)
    )
    assert float(metrics["slower_tasks"]) == len(verdict["tasks"])
    assert (
        2
        < float(metrics["excess_seconds"])
        == pytest.approx(verdict["run"]["seconds"] - verdict["run"]["usual"], abs=0.01)
    )

    with running_mail_server() as server:
        env_vars |= {"DEPLOYTRACE_SMTP_URL": server.url(), "DEPLOYTRACE_MAIL_TO": "ops@example.org"}
        run("-e", "slow=6 status=3", status=2)
        (mail,) = server.wait_for(1)
    told_by_mail = mail.body("plain").partition("Slower than usual")[2]
    assert re.match(r"\s+Restart: \d+\.\d+s, usually \d+\.\d+s \(\+\d+%\)\s+--", told_by_mail), mail.body("plain")
    assert "Restart: " in mail.body("html").partition("Slower than usual")[2]

    with _expected_ends(textfile) as ends:
        output = run()  # the last, since it may take as long as it likes
    seconds = seconds_of(events_of(journals(ansible.state_dir)[-1]))
    unusual = sum(abs(each - usual[name]) for name, each in seconds.items())  # this machine's affair
    _assert_left_is_told(output, ends, ansible.runs()[0], unusual)
    verdict = _check(ansible)
    assert all(seconds[task["task"]] - usual[task["task"]] > _SPIKE_S for task in verdict["tasks"]), (verdict, usual)
    assert ("slower than usual" in output) is verdict["regressed"]


def _make_usual(user: Ansible) -> dict[str, float]:
    """Replace the runs that there are by such as these, in which the long task is long; return their tasks' seconds.

    In each of them one task takes too long, as happens now and then.
    """
    runs = [events_of(journal) for journal in journals(user.state_dir)]
    usual = {name: statistics.median(seconds_of(run)[name] for run in runs) for name in seconds_of(runs[0])}
    usual["Restart"] += 2.5
    shutil.rmtree(user.state_dir)
    chance = random.Random(6)
    for number in range(_USUAL_RUNS):
        seconds = scattered(usual, chance)
        seconds[f"Unpack {number}"] += _SPIKE_S
        changes = {"run_id": new_run_id(), "wall_ns": time.time_ns() - (_USUAL_RUNS - number) * 3600 * 10**9}
        made = retimed(runs[-1], seconds, **changes)
        put_down(user.state_dir, made)
        Run(made).commit(f"sqlite:///{user.state_dir}/store.db", state_dir=user.state_dir)
    return usual


def _check(user: Ansible) -> dict[str, Any]:
    """What ``check`` says of the last run; its exit status is as it should be then."""
    check = user.deploytrace("check", "--fail-on-regression", "--json")
    verdict: dict[str, Any] = json.loads(check.stdout)
    assert check.returncode == (REGRESSION if verdict["regressed"] else 0), check.output
    return verdict


def _assert_left_is_told(output: str, ends: list[tuple[float, float]], run: dict[str, float], unusual: float) -> None:
    """Within 15 % at mid-run: by the gauge as it stood then, and by each of the console's lines in the middle half.

    ``unusual``: and so many seconds, by which the tasks took other times than usual.
    """
    duration = run["duration"]
    near = 0.15 * duration + unusual
    end = run["start"] + duration
    middle = end - duration / 2
    _, told = max(each for each in ends if each[0] <= middle)
    assert abs(told - end) <= near, f"{told} for {end}, at {middle}"
    lines = [[float(number) for number in found] for found in _LEFT.findall(output)]
    told_at = [(60 * minutes + seconds, 60 * told_min + told_s) for _, minutes, seconds, _, told_min, told_s in lines]
    middle_half = [(at, left) for at, left in told_at if duration / 4 < at < duration * 3 / 4]
    assert len(middle_half) > 1, told_at
    assert all(abs(left - (duration - at)) <= near for at, left in middle_half), (duration, told_at)


@contextmanager
def _expected_ends(textfile: Path) -> Iterator[list[tuple[float, float]]]:
    """When (Unix time, s) the gauge was read meanwhile, and when the run in progress should end by it."""
    found: list[tuple[float, float]] = []
    over = Event()

    def read() -> None:
        while not over.wait(0.1):
            end = _END.search(textfile.read_text())
            if end is not None:
                found.append((time.time(), float(end[1])))

    reader = Thread(target=read)
    reader.start()
    try:
        yield found
    finally:
        over.set()
        reader.join()
