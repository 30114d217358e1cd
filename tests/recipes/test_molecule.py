"""Molecule: a scenario with the page's settings, tested for real with hosts that are this machine."""

from __future__ import annotations

import yaml

from ground.otlp import tree
from ground.receiver import Receiver

from .conftest import Project
from .page import GATEWAY, placed, the_block

SECTION = "Molecule"
# Molecule's own driver without instances to create, and two of its steps that run a playbook.
SCENARIO = {
    "driver": {
        "name": "default",
        "options": {"managed": False, "ansible_connection_options": {"ansible_connection": "local"}},
    },
    "platforms": [{"name": "instance"}],
    "scenario": {"test_sequence": ["converge", "idempotence"]},
}
CONVERGE = """
- name: Converge
  hosts: all
  gather_facts: false
  tasks:
    - name: Say hello
      ansible.builtin.debug: {msg: hello}
"""


def test_molecule(project: Project, receiver: Receiver) -> None:
    """Its runs are traces of their own, or, with the page's command, roots of the same trace."""
    settings = yaml.safe_load(placed(the_block(SECTION, "yaml"), {GATEWAY: receiver.http}))
    project.write("molecule/default/molecule.yml", yaml.safe_dump(SCENARIO | settings))
    project.write("molecule/default/converge.yml", CONVERGE)
    alone = project.shell("molecule converge")
    assert alone.returncode == 0, alone.output
    (root,) = tree(receiver.spans())[""]
    assert not root.parent_id
    together = project.shell(the_block(SECTION, "sh"))
    assert together.returncode == 0, together.output
    assert "idempotence: Executed: Successful" in together.output
    roots = [found for found in tree(receiver.spans())[""] if found.trace_id != root.trace_id]
    assert [found.name for found in roots] == ["RUN converge.yml"] * 2
    ((trace, parent),) = {(found.trace_id, found.parent_id) for found in roots}
    assert parent
    assert together.stdout.count(f"deploytrace: trace {trace}") + together.stderr.count(trace) >= 2
