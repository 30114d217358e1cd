"""Ten pairs of real runs, the second of each with one more `sleep 3`: it is the only line above the noise."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from deploytrace.analysis.comparison import compare
from deploytrace.analysis.summing import summary_of
from deploytrace.journal.directory import Directory
from deploytrace.journal.reader import read_events
from deploytrace.run.load import children_first, load
from deploytrace.run.summary import Summary
from ground.ansible import Ansible

PAIRS, AT_ONCE = 10, 5

# raw starts no Python on the host: twenty runs of modules would keep two cores busy for minutes.
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


def test_one_inserted_sleep_is_the_only_line_above_the_noise(ansible: Ansible) -> None:
    """Runs are told apart by the directory of their playbook alone; the lines below the new task have moved."""
    inventory = ansible.local_inventory("h1")
    pair = [ansible.write(f"{name}/site.yml", PLAYBOOK.format(more=more)) for name, more in _VARIANTS.items()]
    for running in [ansible.start(pair * (PAIRS // AT_ONCE), inventory=inventory) for _ in range(AT_ONCE)]:
        result = running.finish()
        assert result.returncode == 0, result.output
    ansible.wait_for_sidecar()
    runs = _runs(ansible.state_dir)
    assert [len(found) for found in runs.values()] == [PAIRS, PAIRS]
    everything = sorted(runs["before"] + runs["after"], key=lambda run: run.start)
    for a, b in zip(runs["before"], runs["after"], strict=True):
        for history in ([], everything):
            comparison = compare(a, b, history)
            assert [(task.key.name, task.verdict.value) for task in comparison.significant] == [("Warm up", "added")]
            assert {task.key.name for task in comparison.tasks} == {"Unpack", "Warm up", "Restart", "Say", "Check"}
    told = ansible.deploytrace("diff", runs["before"][-1].run_id, runs["after"][-1].run_id, "--json")
    assert [task["task"] for task in json.loads(told.stdout)["tasks"] if task["significant"]] == ["Warm up"]


_VARIANTS = {"before": "", "after": MORE}


def _runs(state_dir: Path) -> dict[str, list[Summary]]:
    """The runs of each variant, oldest first."""
    found: dict[str, list[Summary]] = defaultdict(list)
    for recorded in reversed(Directory(state_dir).runs()):
        tree = load(read_events(recorded.path))
        assert tree is not None
        found[Path(recorded.started.playbook_path).parent.name].append(summary_of(children_first(tree)))
    return found
