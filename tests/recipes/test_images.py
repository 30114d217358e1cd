"""Execution environments: ansible-builder makes the image's build files of the page's definition."""

from __future__ import annotations

from .conftest import Project
from .page import the_block

SECTION = "AWX and execution environments"


def test_an_execution_environment(project: Project) -> None:
    """The wheel is where the image's own steps take it from, and they come last."""
    project.write("execution-environment.yml", the_block(SECTION, "yaml"))
    result = project.shell("ansible-builder create")
    assert result.returncode == 0, result.output
    context = project.directory / "context"
    (steps,) = [path.read_text() for path in context.glob("*file")]
    copied, installed, *variables = steps[steps.index("COPY _build/wheels") :].splitlines()[:4]
    source, target = copied.split()[1:]
    assert (context / source).read_bytes() == next((project.directory / "wheels").iterdir()).read_bytes()
    assert installed == f"RUN $PYCMD -m pip install {target}{source.rpartition('/')[2]}"
    assert "ENV ANSIBLE_CALLBACKS_ENABLED=deploytrace.callbacks.telemetry DEPLOYTRACE_EXIT_WAIT=30" in variables
