"""Reads what ``deploy/`` ships for containers as those read it who run it: Docker Compose, docker build, kustomize.

There is no container engine here, and no cluster; the parsers are theirs, and the policies are Kubernetes' own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ground.golang import go_programs

__all__ = ["compose_project", "containerfile", "deploying_programs", "kustomized", "refused_pods"]

_MODULE = Path(__file__).parent / "deploying"


def deploying_programs() -> Path:
    """The directory with ``kustomize`` and our own ``deploying``, built first if need be."""
    return go_programs(_MODULE, "kustomize and the parsers of Docker Compose and docker build", 2)


def compose_project(file: Path, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What Docker Compose makes of a file, all profiles on: paths and variables resolved, its schema obeyed."""
    project: dict[str, Any] = json.loads(_said("deploying", "compose", file, environ=environ))
    return project


def containerfile(file: Path) -> list[str]:
    """The instructions of a Containerfile, as docker build understands them."""
    return _said("deploying", "containerfile", file).splitlines()


def kustomized(directory: Path) -> list[dict[str, Any]]:
    """The manifests that ``kubectl apply -k`` would apply."""
    return list(yaml.safe_load_all(_said("kustomize", "build", directory)))


def refused_pods(manifests: list[dict[str, Any]]) -> list[str]:
    """What keeps pods of theirs out of a namespace of the level "restricted", a sentence each.

    Raises AssertionError where Kubernetes' own types do not know a field of theirs.
    """
    found: list[str] = json.loads(_said("deploying", "pods", given=yaml.safe_dump_all(manifests)))
    return found


def _said(
    program: str, *arguments: str | Path, given: str | None = None, environ: Mapping[str, str] | None = None
) -> str:
    command = [deploying_programs() / program, *arguments]
    done = subprocess.run(
        command, input=given, env=os.environ | dict(environ or {}), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
