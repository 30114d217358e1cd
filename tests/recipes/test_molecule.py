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
    """Each playbook that it runs is a run; with the page's command their traces are one, with a root for each."""
    settings = yaml.safe_load(placed(the_block(SECTION, "yaml"), {GATEWAY: receiver.http}))
    project.write("molecule/default/molecule.yml", yaml.safe_dump(SCENARIO | settings))
    project.write("molecule/default/converge.yml", CONVERGE)
    result = project.shell(the_block(SECTION, "sh"))
    assert result.returncode == 0, result.output
    assert "idempotence: Executed: Successful" in result.output
    roots = tree(receiver.spans())[""]
    assert [root.name for root in roots] == ["RUN converge.yml"] * 2
    ((trace, parent),) = {(root.trace_id, root.parent_id) for root in roots}
    assert parent
    assert result.output.count(f"deploytrace: trace {trace} at ") == 2
