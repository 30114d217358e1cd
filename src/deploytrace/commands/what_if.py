"""Predict how long a run would have taken, had something been different.

The run's own schedule is played again as Ansible's strategies play it, with the changes made and the recorded times of
everything else. `--faster "task=50%"` lets a task take half its time on each host, `--faster "task=10s"` at most ten
seconds. A task is named as it is written in the playbook, with `role | ` before it where there are several. Strategy
and batches are those of all plays, unless --play names some.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterable
from typing import NoReturn

from ..analysis.changes import Changes, Faster
from ..analysis.names import left_behind, plays_by_name, tasks_by_name
from ..analysis.schedule import Strategy
from ..errors import TaskNotFound
from ..run.model import Tree
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
    parser.add_argument(
        "--play", action="append", default=[], metavar="PLAY", help="strategy and batches of this one only (repeatable)"
    )
    parser.add_argument(
        "--throttle",
        action="append",
        type=_throttle,
        default=[],
        metavar="TASK=N",
        help="so many hosts at it at once",
    )
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


def _throttle(text: str) -> tuple[str, int]:
    task, _, number = text.rpartition("=")
    if not task or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not TASK=4")
    return task, int(number)


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
        plays=tuple(play for name in arguments.play for play in _plays(tree, name)),
        throttle=tuple((_stable_id(tree, name), number) for name, number in arguments.throttle),
        without=tuple(_stable_id(tree, name) for name in arguments.without),
        faster=tuple(_made_faster(_stable_id(tree, name), time) for name, time in arguments.faster),
    )
    prediction = Predictor(tree).predict(changes)
    if arguments.json:
        json.dump(report.as_json(prediction), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    text = report.render(
        tree,
        prediction,
        terminal.width,
        stays=left_behind(tree, changes.without),
        color=terminal.color,
        ascii_only=terminal.ascii_only,
    )
    sys.stdout.write(text)
    return 0


def _made_faster(task: str, time: str) -> Faster:
    if time.endswith("%"):
        return Faster(task, share=float(time[:-1]) / 100)
    return Faster(task, most_ns=round(float(time[:-1]) * 1e9))


def _plays(tree: Tree, name: str) -> set[str]:
    """Return the plays of a name. Raises `TaskNotFound`."""
    names = plays_by_name(tree)
    return names[name] if name in names else _unknown("play", name, names, "`deploytrace show` lists its plays.")


def _stable_id(tree: Tree, name: str) -> str:
    """Return the task that a name stands for. Raises `TaskNotFound`."""
    names = tasks_by_name(tree)
    found = sorted(names.get(name, ()))
    if len(found) > 1:
        raise TaskNotFound(
            f"{len(found)} tasks of the run are called {name!r}: say `role | task`, or one's id of {', '.join(found)} "
            "(`deploytrace critical-path --json` has it as stable_id)."
        )
    return found[0] if found else _unknown("task", name, names, "`deploytrace top` lists its tasks.")


def _unknown(what: str, name: str, names: Iterable[str], otherwise: str) -> NoReturn:
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else otherwise
    raise TaskNotFound(f"No {what} of the run is called {name!r}: {hint}")
