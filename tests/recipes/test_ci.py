"""GitLab CI, GitHub Actions, Jenkins: valid by the products' own schemas, and what their jobs run is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from ground.environments import wheel
from ground.otlp import Span, tree
from ground.receiver import Receiver

from .conftest import Project
from .page import GATEWAY, PAGE, blocks, placed, the_block

TRACE, PARENT = "5" * 32, "7" * 16


def root_of(spans: list[Span]) -> Span:
    """The root of the one run that the spans are of; all of them, since what the recipes say waits for them."""
    (root,) = tree(spans)[""]
    assert {span.name for span in spans} == {"RUN site.yml", "play Greet", "task Say hello", "Say hello"}
    assert root.name == "RUN site.yml"
    return root


def test_one_wheel_and_it_is_this_one() -> None:
    named = {word.strip('`,."').partition("[")[0] for word in PAGE.split() if ".whl" in word}
    assert {Path(name).name for name in named} == {wheel().name}


def test_shell_is_shell() -> None:
    scripts = [text for _, language, text in blocks() if language == "sh"]
    assert len(scripts) == 3
    for script in scripts:
        assert subprocess.run(["sh", "-n"], input=script, text=True, timeout=10).returncode == 0


@pytest.mark.parametrize(("section", "schema"), [("GitLab CI", "gitlab-ci"), ("GitHub Actions", "github-workflows")])
def test_it_is_valid(project: Project, section: str, schema: str) -> None:
    project.write("pipeline.yml", the_block(section, "yaml"))
    check = f"check-jsonschema --builtin-schema vendor.{schema}"
    valid = project.shell(f"{check} pipeline.yml")
    assert valid.returncode == 0, valid.output
    project.write("wrong.yml", the_block(section, "yaml").replace("script:", "scripts:").replace("run:", "runs:"))
    assert project.shell(f"{check} wrong.yml").returncode == 1


def test_gitlab(project: Project, receiver: Receiver) -> None:
    job = yaml.safe_load(placed(the_block("GitLab CI", "yaml"), {GATEWAY: receiver.http}))["deploy"]
    result = project.shell("\n".join(job["script"]), GITLAB_CI="true", CI_PIPELINE_ID="4711", **job["variables"])
    assert result.returncode == 0, result.output
    assert root_of(receiver.spans()).resource["cicd.pipeline.run.id"] == "4711"


def test_github(project: Project, receiver: Receiver) -> None:
    job = yaml.safe_load(placed(the_block("GitHub Actions", "yaml"), {GATEWAY: receiver.http}))["jobs"]["deploy"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    result = project.shell("\n".join(commands), GITHUB_ACTIONS="true", GITHUB_WORKFLOW="deploy it", **job["env"])
    assert result.returncode == 0, result.output
    assert root_of(receiver.spans()).resource["cicd.pipeline.name"] == "deploy it"


def test_jenkins(project: Project, receiver: Receiver) -> None:
    """The run is a child of the span that the step's TRACEPARENT names, in its trace."""
    step = placed(the_block("Jenkins", "sh"), {GATEWAY: receiver.http})
    result = project.shell(step, TRACEPARENT=f"00-{TRACE}-{PARENT}-01", JENKINS_URL="http://ci", BUILD_TAG="jenkins-1")
    assert result.returncode == 0, result.output
    root = root_of(receiver.spans())
    assert (root.trace_id, root.parent_id) == (TRACE, PARENT)
    assert f"deploytrace: trace {TRACE}" in result.stderr
