"""ansible-runner: the program of the page, run for real."""

from __future__ import annotations

import json

from ground.otlp import tree
from ground.receiver import Receiver

from .conftest import PLAYBOOK, Project
from .page import GATEWAY, placed, the_block

SECTION = "ansible-runner"
TRACE = "6" * 32


def test_ansible_runner(project: Project, receiver: Receiver) -> None:
    """The page's program as it stands; then once more with a span to continue, as the page says."""
    program = the_block(SECTION, "python")
    call = 'playbook="site.yml"'
    assert program.count(call) == 1
    joined = program.replace(call, f'{call}, envvars={{"TRACEPARENT": "00-{TRACE}-{"7" * 16}-01"}}')
    project.write("deploy/env/envvars", placed(the_block(SECTION, "yaml"), {GATEWAY: receiver.http}))
    project.write("deploy/project/site.yml", PLAYBOOK)
    project.write("run.py", f"{program}\n{joined}")
    result = project.shell("python run.py")
    assert result.returncode == 0, result.output

    roots = tree(receiver.spans())[""]
    assert [root.name for root in roots] == ["RUN site.yml"] * 2, "all was delivered when run() returned"
    assert len(receiver.spans()) == 8
    assert roots[1].trace_id == TRACE
    said = [line for line in result.stdout.splitlines() if line.startswith("successful ")]
    host = receiver.http.removeprefix("http://")
    assert said == [f"successful deploytrace: trace {root.trace_id} at {host}" for root in roots]
    command = next((project.directory / "deploy" / "artifacts").glob("*/command"))
    assert json.loads(command.read_text())["env"]["DEPLOYTRACE_EXIT_WAIT"] == "30", "in clear, as the page warns"
