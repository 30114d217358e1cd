"""Real runs of one kind, one after the other: what is left of the next, and that it was slower than usual."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from deploytrace.commands.check import REGRESSION
from ground.ansible import TELEMETRY, Ansible
from ground.smtp import running_mail_server

CALLBACKS = (TELEMETRY, "deploytrace.callbacks.timestamp", "deploytrace.callbacks.profile_tasks")
_SHORT = 7
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
    """The third run is the first to say what is left; after five it is told within 15 %, and a slow task is named.

    The first half are many short tasks, the second half is one long one, so that no count of tasks would tell it. It is
    told in the console and by the metrics; what is slow, by these too, by ``check``, and where that fails, in its mail.
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

    outputs = [run() for _ in range(5)]
    assert [bool(_LEFT.search(output)) for output in outputs] == [False, False, True, True, True]
    with _expected_ends(textfile) as ends:
        outputs.append(run())
    assert not any("slower than usual" in output for output in outputs)
    _assert_left_is_told(outputs[-1], ends, ansible.runs()[0])

    slow = run("-e", "slow=6")
    report = slow[slow.index("slower than usual") :].splitlines()
    assert any(line.startswith("Restart: ") and "usually" in line for line in report)
    check = ansible.deploytrace("check", "--fail-on-regression", "--json")
    assert check.returncode == REGRESSION, check.output
    verdict = json.loads(check.stdout)
    assert [task["task"] for task in verdict["tasks"]] == ["Restart"]
    assert (verdict["compared_with"], verdict["regressed"]) == (6, True)
    assert ansible.deploytrace("check", "last~1", "--fail-on-regression").returncode == 0
    metrics = dict(
        re.findall(r"^ansible_playbook_last_(slower_tasks|excess_seconds)\{.*\} (.*)$", textfile.read_text(), re.M)
    )
    assert float(metrics["slower_tasks"]) == 1
    assert (
        2
        < float(metrics["excess_seconds"])
        == pytest.approx(verdict["run"]["seconds"] - verdict["run"]["usual"], abs=0.01)
    )

    with running_mail_server() as server:
        env_vars |= {"DEPLOYTRACE_SMTP_URL": server.url(), "DEPLOYTRACE_MAIL_TO": "ops@example.org"}
        run("-e", "slow=5 status=3", status=2)
        (mail,) = server.wait_for(1)
    told = mail.body("plain").partition("Slower than usual")[2]
    assert re.match(r"\s+Restart: \d\.\d+s, usually \d\.\d+s \(\+\d+%\)\s+--", told), mail.body("plain")
    assert "Restart: " in mail.body("html").partition("Slower than usual")[2]


def _assert_left_is_told(output: str, ends: list[tuple[float, float]], run: dict[str, float]) -> None:
    """Within 15 % at mid-run: by the gauge as it stood then, and by each of the console's lines in the middle half.

    Where the machine is so busy that the sidecar has not begun by then, it is the gauge as it stood at first.
    """
    duration = run["duration"]
    end = run["start"] + duration
    middle = end - duration / 2
    assert ends, "the gauge was never there"
    _, told = max((each for each in ends if each[0] <= middle), default=ends[0])
    assert abs(told - end) <= 0.15 * duration, f"{told} for {end}, at {middle}"
    lines = [[float(number) for number in found] for found in _LEFT.findall(output)]
    told_at = [(60 * minutes + seconds, 60 * told_min + told_s) for _, minutes, seconds, _, told_min, told_s in lines]
    middle_half = [(at, left) for at, left in told_at if duration / 4 < at < duration * 3 / 4]
    assert len(middle_half) > 1, told_at
    assert all(abs(left - (duration - at)) <= 0.15 * duration for at, left in middle_half), (duration, told_at)


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
