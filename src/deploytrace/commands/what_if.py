"""Predict how long a run would have taken, had something been different.

The run's own schedule is played again as Ansible's strategies play it, with the changes made and the recorded times of
everything else. `--faster "task=50%"` lets a task take half its time on each host, `--faster "task=10s"` at most ten
seconds. A task is named as it is written in the playbook, with `role | ` before it where there are several.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys

from ..analysis.changes import Changes, Faster
from ..analysis.schedule import Strategy
from ..errors import TaskNotFound
from ..run.load import children_first
from ..run.model import TaskDetail, Tree
from ..settings import Settings
from .one_run import load_run
from .recorded import add_run_argument
from .terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("--forks", type=_forks, metavar="N", help="with so many forks")
    parser.add_argument("--strategy", choices=[each.value for each in Strategy], help="under this strategy")
    parser.add_argument("--serial", type=_serial, default=(), metavar="BATCH", help="in batches: 2, 50%%, or 1,5,50%%")
    parser.add_argument("--without", action="append", default=[], metavar="TASK", help="without this task (repeatable)")
    parser.add_argument(
        "--faster", action="append", type=_faster, default=[], metavar="TASK=TIME", help="see above (repeatable)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def _forks(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of forks")
    return int(text)


def _serial(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(re.fullmatch(r"[1-9]\d*|\d+(\.\d+)?%", part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of hosts nor a percentage, nor a list of them")
    return parts


def _faster(text: str) -> tuple[str, str]:
    task, sign, time = text.rpartition("=")
    if not sign or not task or not re.fullmatch(r"\d+(\.\d+)?(%|s)", time):
        raise argparse.ArgumentTypeError(f"{text!r} is not TASK=50% or TASK=10s")
    return task, time


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the prediction."""
    from ..analysis.what_if import Predictor
    from ..reports import what_if as report

    tree = load_run(settings, arguments.run).tree
    changes = Changes(
        forks=arguments.forks,
        strategy=Strategy(arguments.strategy) if arguments.strategy else None,
        serial=arguments.serial,
        without=tuple(_stable_id(tree, name) for name in arguments.without),
        faster=tuple(_made_faster(_stable_id(tree, name), time) for name, time in arguments.faster),
    )
    prediction = Predictor(tree).predict(changes)
    if arguments.json:
        json.dump(report.as_json(prediction), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    text = report.render(tree, prediction, terminal.width, color=terminal.color, ascii_only=terminal.ascii_only)
    sys.stdout.write(text)
    return 0


def _made_faster(task: str, time: str) -> Faster:
    if time.endswith("%"):
        return Faster(task, share=float(time[:-1]) / 100)
    return Faster(task, most_ns=round(float(time[:-1]) * 1e9))


def _stable_id(tree: Tree, name: str) -> str:
    """Return the task that a name stands for. Raises `TaskNotFound`."""
    names: dict[str, set[str]] = {}
    for node in children_first(tree):
        if isinstance(node.detail, TaskDetail):
            role = node.detail.definition.role
            for known in (node.name, f"{role} | {node.name}" if role else node.name):
                names.setdefault(known, set()).add(node.detail.stable_id)
    found = names.get(name, set())
    if len(found) == 1:
        return found.pop()
    if found:
        raise TaskNotFound(
            f"{len(found)} tasks of the run are called {name!r}: say `role | task`, if that tells them apart."
        )
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else "`deploytrace top` lists its tasks."
    raise TaskNotFound(f"No task of the run is called {name!r}: {hint}")
