"""Show what determined when a run ended, and which task is worth optimising.

The chain of tasks and hosts that the end really waited for, and between them the time of Ansible itself; together
they make the whole run. `saves` is what the run would be shorter by without the task, on whatever path the run would
then be; `evened` if no host took longer for it than the median host. Short stretches are summed up.
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
    parser.add_argument("--json", action="store_true", help="the path as JSON, for programs; always whole")
    parser.add_argument("--all", action="store_true", help="show every task of the path, however short")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the path."""
    from ..analysis.critical_path import critical_path
    from ..reports import critical_path as report

    tree = load_run(settings, arguments.run).tree
    path = critical_path(tree)
    terminal = Terminal.of_stdout()
    if arguments.json:
        json.dump(report.as_json(path), sys.stdout, indent=2)
        print()
        return 0
    text = report.render(
        tree,
        path,
        terminal.width,
        color=terminal.color,
        ascii_only=terminal.ascii_only,
        everything=arguments.all,
    )
    sys.stdout.write(text)
    return 0
