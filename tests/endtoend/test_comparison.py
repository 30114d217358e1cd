"""Ten pairs of runs, the second of each with one more task of three seconds: it is the only line above the noise."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from pathlib import Path

from deploytrace.analysis.comparison import compare
from deploytrace.analysis.summing import summary_of
from deploytrace.identity import new_run_id
from deploytrace.journal.directory import Directory
from deploytrace.journal.reader import read_events
from deploytrace.run.load import children_first, load
from deploytrace.run.summary import Summary
from ground.ansible import Ansible

from .journals import journals
from .retimed import put_down, retimed, scattered

PAIRS = 10
PLAYBOOK = """
- name: Roll out
  hosts: h1
  gather_facts: false
  tasks:
    - name: Unpack
      ansible.builtin.raw: sleep 0.2
{more}
    - name: Restart
      ansible.builtin.raw: sleep 0.5
    - name: Say
      ansible.builtin.debug: {{msg: hello}}
    - name: Check
      ansible.builtin.raw: sleep 0.3
"""
MORE = """
    - name: Warm up
      ansible.builtin.raw: sleep 3
"""
SECONDS = {"Unpack": 0.24, "Warm up": 3.04, "Restart": 0.54, "Say": 0.02, "Check": 0.34}  # of an idle machine


def test_one_inserted_sleep_is_the_only_line_above_the_noise(ansible: Ansible) -> None:
    """Runs are told apart by the directory of their playbook alone; the lines below the new task have moved."""
    pair = [ansible.write(f"{name}/site.yml", PLAYBOOK.format(more=more)) for name, more in _VARIANTS.items()]
    result = ansible.run(pair, inventory=ansible.local_inventory("h1"))
    assert result.returncode == 0, result.output
    ansible.wait_for_sidecar()
    real = _runs(ansible.state_dir)
    (added,) = (task for task in compare(*real["before"], *real["after"]).tasks if task.verdict.value == "added")
    assert (added.key.name, (added.b_ns or 0) >= 3e9) == ("Warm up", True)

    made = ansible.directory / "made"
    _make(journals(ansible.state_dir), made)
    runs = _runs(made)
    assert [len(found) for found in runs.values()] == [PAIRS, PAIRS]
    everything = sorted(runs["before"] + runs["after"], key=lambda run: run.start)
    for a, b in zip(runs["before"], runs["after"], strict=True):
        for history in ([], everything):
            comparison = compare(a, b, history)
            assert [(task.key.name, task.verdict.value) for task in comparison.significant] == [("Warm up", "added")]
            assert {task.key.name for task in comparison.tasks} == SECONDS.keys()
    words = ("diff", runs["before"][-1].run_id, runs["after"][-1].run_id, "--json")
    told = ansible.deploytrace(*words, env_vars={"DEPLOYTRACE_STATE_DIR": str(made)})
    assert [task["task"] for task in json.loads(told.stdout)["tasks"] if task["significant"]] == ["Warm up"]


_VARIANTS = {"before": "", "after": MORE}


def _make(recorded: list[Path], state_dir: Path) -> None:
    """Make as many pairs of the two real runs as there are to be."""
    chance = random.Random(10)
    for number in range(PAIRS):
        for journal in recorded:
            changes = {"run_id": new_run_id(), "wall_ns": time.time_ns() - (PAIRS - number) * 3600 * 10**9}
            put_down(state_dir, retimed(read_events(journal), scattered(SECONDS, chance), **changes))


def _runs(state_dir: Path) -> dict[str, list[Summary]]:
    """The runs of each variant, oldest first."""
    found: dict[str, list[Summary]] = defaultdict(list)
    for recorded in reversed(Directory(state_dir).runs()):
        tree = load(read_events(recorded.path))
        assert tree is not None
        found[Path(recorded.started.playbook_path).parent.name].append(summary_of(children_first(tree)))
    return found
