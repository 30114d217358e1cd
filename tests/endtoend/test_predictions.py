"""What is predicted against what really happens: real runs of ten hosts, with and without a task, with other forks.

The tasks sleep, so that the runs do not take each other's time and can go side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploytrace.analysis.changes import Changes
from deploytrace.analysis.critical_path import critical_path
from deploytrace.analysis.schedule import Strategy
from deploytrace.analysis.what_if import Predictor
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.model import Tree
from ground.ansible import Ansible
from ground.environments import Release, installed

from .journals import only_journal

_HOSTS = [f"h{number:02}" for number in range(1, 11)]
_AT_ONCE = 4

_TASK = """
    - name: {name}
      ansible.builtin.raw: sleep {seconds}
      {more}"""
_UNEVEN = "{{ '%s' if inventory_hostname in ['h03', 'h08'] else '%s' }}"


def _task(name: str, seconds: object, more: str = "") -> str:
    return _TASK.format(name=name, seconds=seconds, more=more)


def _play(head: str, *tasks: str) -> str:
    return f"- hosts: all\n  gather_facts: false\n  {head}\n  tasks:" + "".join(tasks)


_HEAVY: Mapping[str, str] = {
    "linear": _task("heavy", _UNEVEN % (8, 5)),
    "free": _task("heavy", _UNEVEN % (9, 6)),
    "serial": _task("heavy", 4),
    "handlers": _task("heavy", 6),
    "delegation": _task("heavy", 7, "delegate_to: h01\n      run_once: true"),
}


def _playbook(name: str, heavy: str) -> str:
    first, last = _task("first", 1), _task("last", _UNEVEN % (3, 1))
    if name == "free":
        return _play("strategy: free", first, heavy, last)
    if name == "serial":
        return _play("serial: 5", first, heavy, last)
    if name == "handlers":
        if not heavy:
            return _play("", _task("first", 1, "changed_when: true"), last)
        return _play("", _task("first", 1, "changed_when: true\n      notify: heavy"), last) + "\n  handlers:" + heavy
    return _play("", first, heavy, last)


class _Runs:
    """Real runs, some at once, each with a home of its own."""

    def __init__(self, release: Release, directory: Path) -> None:
        self._release = release
        self._directory = directory

    def trees(self, wanted: Mapping[str, tuple[str, int, str | None]]) -> dict[str, Tree]:
        """Run playbooks (text, forks, strategy) and return what was recorded of each."""
        found = {}
        names = list(wanted)
        for start in range(0, len(names), _AT_ONCE):
            running = []
            for name in names[start : start + _AT_ONCE]:
                text, forks, strategy = wanted[name]
                directory = self._directory / name
                directory.mkdir()
                user = Ansible(installed(self._release), directory, directory)
                inventory = user.local_inventory(*_HOSTS)
                args = ["--forks", str(forks)]
                running.append((name, user, user.start(text, inventory=inventory, strategy=strategy, args=args)))
            for name, user, run in running:
                result = run.finish()
                assert result.returncode == 0, result.output
                user.wait_for_sidecar()
                tree = load(read_events(only_journal(user.state_dir)))
                assert tree is not None
                found[name] = tree
                user.end()
        return found


@pytest.fixture(scope="module")
def trees(release: Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tree]:
    """Each playbook with and without its heavy task, and the linear one with other forks and another strategy."""
    forks = {"handlers": 10, "delegation": 10, "serial": 5}
    wanted: dict[str, tuple[str, int, str | None]] = {}
    for name, heavy in _HEAVY.items():
        wanted[name] = (_playbook(name, heavy), forks.get(name, 5), None)
        wanted[f"{name} without"] = (_playbook(name, ""), forks.get(name, 5), None)
    linear = _playbook("linear", _HEAVY["linear"])
    wanted["more forks"] = (linear, 10, None)
    wanted["free strategy"] = (linear, 5, "free")
    return _Runs(release, tmp_path_factory.mktemp("predictions")).trees(wanted)


def _seconds(tree: Tree) -> float:
    return (tree.node.end - tree.node.start) / 1e9


@pytest.mark.parametrize("name", _HEAVY)
def test_saving_is_what_the_run_without_the_task_saves(trees: dict[str, Tree], name: str) -> None:
    segments = [segment for segment in critical_path(trees[name]).segments if segment.task == "heavy"]
    predicted = segments[0].saving_ns / 1e9
    saved = _seconds(trees[name]) - _seconds(trees[f"{name} without"])
    assert predicted == pytest.approx(saved, rel=0.1)


@pytest.mark.parametrize(
    ("name", "changes"),
    [("more forks", Changes(forks=10)), ("free strategy", Changes(strategy=Strategy.FREE))],
    ids=lambda value: str(value),
)
def test_other_scheduling_is_predicted(trees: dict[str, Tree], name: str, changes: Changes) -> None:
    prediction = Predictor(trees["linear"]).predict(changes)
    took = _seconds(trees[name])
    assert prediction.predicted_ns / 1e9 == pytest.approx(took, rel=0.1)
    assert prediction.low_ns / 1e9 <= took <= prediction.high_ns / 1e9


@pytest.mark.parametrize("name", _HEAVY)
def test_real_run_is_covered_by_its_path_and_explained_by_its_schedule(trees: dict[str, Tree], name: str) -> None:
    path = critical_path(trees[name])
    assert sum(segment.ns for segment in path.segments) == trees[name].node.end - trees[name].node.start
    prediction = Predictor(trees[name]).predict(Changes())
    assert prediction.predicted_ns == prediction.recorded_ns
    assert prediction.high_ns - prediction.low_ns < 0.1 * prediction.recorded_ns
