"""What is predicted against what really happens: real runs of ten hosts, with and without a task, scheduled otherwise.

The tasks sleep, so that the runs do not take each other's time and can go side by side: some commands at once, each
with several playbooks, which are a run each. One of them is of the oldest ansible-core, with four hosts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from deploytrace.analysis.changes import Changes
from deploytrace.analysis.critical_path import critical_path
from deploytrace.analysis.schedule import Strategy, schedule
from deploytrace.analysis.what_if import Predictor
from deploytrace.journal.reader import read_events
from deploytrace.run.load import load
from deploytrace.run.model import Tree
from ground.ansible import Ansible, Running
from ground.environments import Release, installed

from .journals import journals

pytestmark = pytest.mark.alone

_LANES = {5: 4, 10: 2}  # commands at once, by their forks; there is one more of the oldest ansible-core


@dataclass(frozen=True)
class _Playbook:
    """First, heavy, last; some hosts take longer than others.

    The heavy task is so long that a tenth of what it takes is more than a busy machine adds to a run.
    """

    first: str = "0.5"
    heavy: str = "{{ 6 if inventory_hostname in ['h03', 'h08'] else 4.5 }}"
    last: str = "{{ 1.5 if inventory_hostname in ['h03', 'h08'] else 0.5 }}"
    keywords: str = ""  # of the play
    more: str = ""  # of the heavy task
    handler: bool = False  # it is one, notified by the first
    forks: int = 5

    def text(self, heavy: bool = True, keywords: str | None = None) -> str:
        """As Ansible reads it; ``keywords``: others of the play than its own."""
        notify = "changed_when: true\n      notify: heavy" if self.handler and heavy else ""
        tasks = [_task("first", self.first, notify), _task("last", self.last)]
        weight = _task("heavy", self.heavy, self.more)
        if heavy and not self.handler:
            tasks.insert(1, weight)
        words = self.keywords if keywords is None else keywords
        play = f"- hosts: all\n  gather_facts: false\n  {words}\n  tasks:{''.join(tasks)}\n"
        return play + (f"  handlers:{weight}\n" if heavy and self.handler else "")


def _task(name: str, seconds: str, more: str = "") -> str:
    return f"\n    - name: {name}\n      ansible.builtin.raw: sleep {seconds}\n      {more}"


_DELEGATED = "delegate_to: \"{{ groups['all'][0] }}\"\n      "
_PLAYBOOKS: Mapping[str, _Playbook] = {
    "linear": _Playbook(),
    "free": _Playbook(keywords="strategy: free"),
    "serial": _Playbook(keywords="serial: 5", heavy="3"),
    "throttle": _Playbook(more="throttle: 3", heavy="2"),
    "handlers": _Playbook(handler=True, heavy="8", forks=10),
    "delegation": _Playbook(more=_DELEGATED + "run_once: true", heavy="8", forks=10),
}


@dataclass(frozen=True)
class _Otherwise:
    """A playbook that is run as ``changes`` say: with these keywords of the play, with so many forks."""

    playbook: str
    changes: Changes
    keywords: str | None = None
    forks: int = 5


_OTHERWISE: Mapping[str, _Otherwise] = {
    "forks": _Otherwise("linear", Changes(forks=10), forks=10),
    "free": _Otherwise("linear", Changes(strategy=Strategy.FREE), "strategy: free"),
    "host_pinned": _Otherwise("linear", Changes(strategy=Strategy.HOST_PINNED), "strategy: host_pinned"),
    "serial": _Otherwise("linear", Changes(serial=("30%", "7")), "serial: ['30%', 7]"),
    "no serial": _Otherwise("serial", Changes(serial=("100%",)), ""),
    "throttled free": _Otherwise("throttle", Changes(strategy=Strategy.FREE), "strategy: free"),
    "run once free": _Otherwise("delegation", Changes(strategy=Strategy.FREE), "strategy: free", forks=10),
}

_OLD = _Playbook(first="0.5", last="0.5", heavy="2", more=_DELEGATED + "throttle: 2", forks=4)
_OLD_OTHERWISE: Mapping[str, tuple[str, Changes]] = {
    "": ("", Changes()),
    "free": ("strategy: free", Changes(strategy=Strategy.FREE)),
    "host_pinned": ("strategy: host_pinned", Changes(strategy=Strategy.HOST_PINNED)),
    "serial": ("serial: [1, 3]", Changes(serial=("1", "3"))),
}


def _commands(release: Release, oldest: Release) -> Iterator[tuple[Release, int, int, dict[str, str]]]:
    """Yield what each command runs: its ansible-core, hosts, forks, and the playbooks' texts by their runs' names."""
    texts: dict[int, dict[str, str]] = {forks: {} for forks in _LANES}
    for name, playbook in _PLAYBOOKS.items():
        texts[playbook.forks] |= {name: playbook.text(), f"{name}, light": playbook.text(heavy=False)}
    for name, other in _OTHERWISE.items():
        texts[other.forks][f"{name}, really"] = _PLAYBOOKS[other.playbook].text(keywords=other.keywords)
    for forks, lanes in _LANES.items():
        for lane in range(lanes):
            yield release, 10, forks, dict(list(texts[forks].items())[lane::lanes])
    old = {f"old {name}": _OLD.text(keywords=keywords) for name, (keywords, _) in _OLD_OTHERWISE.items()}
    yield oldest, 4, _OLD.forks, {**old, "old, light": _OLD.text(heavy=False)}


@pytest.fixture(scope="module")
def trees(release: Release, oldest_release: Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tree]:
    """All runs, by name. They are to be alike but for what differs between them, so nothing else runs meanwhile."""
    found: dict[str, Tree] = {}
    running: list[tuple[Ansible, Running, list[str]]] = []
    for each, hosts, forks, texts in _commands(release, oldest_release):
        directory = tmp_path_factory.mktemp("predictions")
        user = Ansible(installed(each), directory, directory)
        paths = [user.write(f"{number:02}.yml", text) for number, text in enumerate(texts.values())]
        names = [f"h{number:02}" for number in range(1, hosts + 1)]
        started = user.start(paths, inventory=user.local_inventory(*names), args=["--forks", str(forks)])
        started.wait_for_output("TASK")  # until then it takes a whole processor
        running.append((user, started, list(texts)))
    for user, started, runs in running:
        result = started.finish()
        assert result.returncode == 0, result.output
        user.end()  # their sidecars are of no interest here
        for name, journal in zip(runs, journals(user.state_dir), strict=True):
            tree = load(read_events(journal))
            assert tree is not None
            found[name] = tree
    return found


def _seconds(tree: Tree, like: Tree | None = None) -> float:
    """How long a run took; ``like``: had the works that both have taken as long as there, on a machine as busy."""
    took = (tree.node.end - tree.node.start) / 1e9
    if like is None:
        return took
    here, there = _works(tree), _works(like)
    common = here.keys() & there.keys()
    return took * sum(there[work] for work in common) / sum(here[work] for work in common)


def _works(tree: Tree) -> dict[tuple[str, str], int]:
    steps = [step for batch in schedule(tree).batches for step in batch.steps]
    return {(step.node.name, work.host): work.end - work.start for step in steps for work in step.works}


def _saving(tree: Tree) -> float:
    return next(segment.saving_ns for segment in critical_path(tree).segments if segment.task == "heavy") / 1e9


@pytest.mark.parametrize("name", _PLAYBOOKS)
def test_saving_is_what_the_run_without_the_task_saves(trees: dict[str, Tree], name: str) -> None:
    saved = _seconds(trees[name]) - _seconds(trees[f"{name}, light"], like=trees[name])
    assert _saving(trees[name]) == pytest.approx(saved, rel=0.1)


@pytest.mark.parametrize("name", _OTHERWISE)
def test_other_scheduling_is_predicted(trees: dict[str, Tree], name: str) -> None:
    other = _OTHERWISE[name]
    prediction = Predictor(trees[other.playbook]).predict(other.changes)
    took = _seconds(trees[f"{name}, really"], like=trees[other.playbook])
    assert prediction.predicted_ns / 1e9 == pytest.approx(took, rel=0.1)
    assert 0.95 * prediction.low_ns / 1e9 <= took <= 1.05 * prediction.high_ns / 1e9


@pytest.mark.parametrize("name", _PLAYBOOKS)
def test_real_run_is_covered_by_its_path_and_explained_by_its_schedule(trees: dict[str, Tree], name: str) -> None:
    path = critical_path(trees[name])
    heavy = next(segment for segment in path.segments if segment.task == "heavy")
    assert heavy.delegated_to == ("h01" if name == "delegation" else None), "evaluated, and no result was read for it"
    assert sum(segment.ns for segment in path.segments) == trees[name].node.end - trees[name].node.start
    prediction = Predictor(trees[name]).predict(Changes())
    assert prediction.predicted_ns == prediction.recorded_ns
    assert prediction.high_ns - prediction.low_ns < 0.25 * prediction.recorded_ns, "so busy may the machine be"


def test_the_same_holds_of_the_oldest_ansible(trees: dict[str, Tree]) -> None:
    saved = _seconds(trees["old "]) - _seconds(trees["old, light"], like=trees["old "])
    assert _saving(trees["old "]) == pytest.approx(saved, rel=0.1)
    heavy = next(segment for segment in critical_path(trees["old "]).segments if segment.task == "heavy")
    assert heavy.delegated_to == "h01"
    predictor = Predictor(trees["old "])
    for name, (_, changes) in _OLD_OTHERWISE.items():
        took = _seconds(trees[f"old {name}"], like=trees["old "])
        assert predictor.predict(changes).predicted_ns / 1e9 == pytest.approx(took, rel=0.1), name
