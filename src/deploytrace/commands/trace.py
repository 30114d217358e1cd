"""Show where the time of one run went, as a tree.

Every play, role, block, task, host, loop item and try of a run, with how long it took, how it ended, and when, from
the run's journal; where that is gone, what the history has of it. A task's time is the time in which a host was at work
on it, however many hosts at once. In the bars, heavy lines are work and light lines are waiting. Of more than ten hosts
of a task, those with failures and the slowest are shown.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..settings import Settings
from .one_run import load_run
from .recorded import add_run_argument
from .terminal import Terminal

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run_argument(parser)
    parser.add_argument("--json", action="store_true", help="the tree as JSON, for programs; always whole")
    parser.add_argument("--all", action="store_true", help="show every host and item, however many there are")
    parser.add_argument("--no-hosts", action="store_true", help="stop at the tasks")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the tree."""
    from ..reports import tree as report
    from ..reports.tree_json import as_json

    found = load_run(settings, arguments.run, details=True)
    tree = found.tree
    terminal = Terminal.of_stdout()
    if arguments.json:
        json.dump(as_json(tree, found.run_id), sys.stdout, indent=2)
        print()
        return 0
    text = report.render(
        tree,
        terminal.width,
        color=terminal.color,
        ascii_only=terminal.ascii_only,
        hosts=not arguments.no_hosts,
        everything=arguments.all,
    )
    sys.stdout.write(text)
    return 0
