"""Name the three changes that would have shortened a run most, in seconds, with the reason.

More forks, another strategy, bigger batches, faster tasks and even hosts are tried on the run's own schedule; each can
be looked at again with `deploytrace what-if`. Each is predicted by itself: together they save less than their sum.
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
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the advice."""
    from ..analysis.advice import advise
    from ..reports import advise as report

    tree = load_run(settings, arguments.run).tree
    found = advise(tree)
    if arguments.json:
        json.dump(report.as_json(found), sys.stdout, indent=2)
        print()
        return 0
    terminal = Terminal.of_stdout()
    text = report.render(tree, found, terminal.width, color=terminal.color, ascii_only=terminal.ascii_only)
    sys.stdout.write(text)
    return 0
