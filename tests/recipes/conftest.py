"""A user with a project: a playbook, the wheel beside it, and the programs that the recipes name."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ground.ansible import Ansible, Result, Running
from ground.environments import RECIPES, installed, python_for, wheel

PLAYBOOK = """
- name: Greet
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Say hello
      ansible.builtin.debug: {msg: hello}
"""


class Project:
    """The directory that a recipe is carried out in, and the user who does it."""

    def __init__(self, user: Ansible) -> None:
        self.user = user
        self.directory = user.directory / "project"
        self._numbers = itertools.count()
        self.write("site.yml", PLAYBOOK)
        (self.directory / "wheels").mkdir()
        shutil.copy(wheel(), self.directory / "wheels")
        self._programs = user.directory / "programs"
        self._programs.mkdir()
        # What is installed already satisfies pip, which looks at the wheel for real and asks no index for the rest.
        (self._programs / "pip").write_text('#!/bin/sh\nexec python -m pip --disable-pip-version-check "$@"\n')
        (self._programs / "pip").chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def shell(self, script: str, cwd: str = ".", **environ: str | None) -> Result:
        """Run ``script`` with ``sh -e`` in the project, with the user's environment and ``environ`` (None: without)."""
        found = self.user.environ(PIP_NO_INDEX="1", PIP_DRY_RUN="1", **environ)
        found["PATH"] = f"{self._programs}{os.pathsep}{found['PATH']}"
        output = self.user.directory / f"sh-{next(self._numbers)}"
        return Running(["sh", "-ec", script], self.directory / cwd, found, output).finish()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A new user's project."""
    if python_for(RECIPES) is None and not os.environ.get("CI"):
        pytest.skip(f"no Python of {', '.join(RECIPES.pythons)} here")
    with tempfile.TemporaryDirectory(prefix="recipe-", ignore_cleanup_errors=True) as temporary:
        user = Ansible(installed(RECIPES), tmp_path, Path(temporary))
        yield Project(user)
        user.end()
