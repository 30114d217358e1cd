"""What is expected of the next run of a kind, left in the state directory by the end of the one before.

    usual/<kind>.json    first line: how much is left when a task begins (read in Ansible's process, `capture.expected`)
                         second line: what is usual, by which the next run is judged at its end

So neither Ansible's process nor the report at a run's end has to ask the store. Files are replaced by rename.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..analysis.expectation import Left, left_of
from ..analysis.noise import Noise, Scatter
from ..analysis.usual import Usual, usual_of
from ..events import RunStarted
from ..kinds import run_kind, usual_file
from ..run.summary import Summary, TaskKey

__all__ = ["expect", "usual_for"]

_VERSION = 1


def expect(state_dir: Path, kind: str, history: Sequence[Summary]) -> None:
    """Leave what comparable runs (in order of start) let expect of the next of their kind. Raises `OSError`."""
    left = left_of(history)
    if left is None:
        return
    usual = usual_of(history)
    path = usual_file(state_dir, kind)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        for part in (_left_json(left), None if usual is None else _usual_json(usual)):
            file.write(json.dumps(part, separators=(",", ":")) + "\n")
    new.replace(path)


def usual_for(started: RunStarted, state_dir: Path) -> Usual | None:
    """Return what is usual for a run of this kind, None where nobody knows; never raises."""
    try:
        with usual_file(state_dir, run_kind(started)).open(encoding="utf-8") as file:
            next(file)
            found = json.loads(next(file))
            return None if found is None else _usual(found)
    except (OSError, StopIteration, ValueError, KeyError, TypeError):
        return None


def _left_json(left: Left) -> dict[str, Any]:
    """Return what capture reads: whole milliseconds, to be short."""

    def short(pair: tuple[int, int]) -> list[int]:
        return [round(ns / 1e6) for ns in pair]

    tasks = {name: [short(pair) for pair in pairs] for name, pairs in left.tasks.items()}
    return {"version": _VERSION, "runs": left.runs, "whole": short(left.whole), "left": tasks}


def _usual_json(usual: Usual) -> dict[str, Any]:
    return {
        "runs": usual.runs,
        "hosts": usual.hosts,
        "whole": _scatter_json(usual.whole),
        "noise": [usual.noise.factor, usual.noise.freedom, usual.noise.spike],
        "tasks": [[*key, came_to, *_scatter_json(scatter)] for (key, came_to), scatter in usual.tasks.items()],
    }


def _scatter_json(scatter: Scatter) -> list[float]:
    return [round(scatter.median), round(scatter.sigma), round(scatter.freedom, 2), round(scatter.spike)]


def _usual(found: Mapping[str, Any]) -> Usual:
    return Usual(
        runs=tuple(found["runs"]),
        hosts=found["hosts"],
        whole=Scatter(*found["whole"]),
        tasks={(TaskKey(*row[:5]), row[5]): Scatter(*row[6:]) for row in found["tasks"]},
        noise=Noise(*found["noise"]),
    )
